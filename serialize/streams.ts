/**
 * Web streams over the batch functions, for servers that pipe data.
 *
 * @module
 */

import { checkInteger, OnpathError } from "./errors.ts";
import { newHeader, readHeader } from "./header.ts";
import type { ImageWriter } from "./image_writer.ts";
import { packetBytes, type PacketSlots } from "./packets.ts";
import { type Placement, Reassembler, type ReassemblerLimits } from "./reassembler.ts";
import type { Tensor } from "./tensor.ts";

/** Options of {@linkcode PacketizeStream}. */
export interface PacketizeOptions {
  /** Image writer that serializes each input. */
  readonly writer: ImageWriter;
  /** Slots for the writer. Their number is the batch size in packets. */
  readonly slots: PacketSlots;
  /** Packets of one flow. */
  readonly packets: number;
  /** Number of the first flow; each input uses the next one. Default 0. */
  readonly firstFlow?: number;
}

/**
 * Transforms images into packets. Every chunk is a copy of one packet, so slot reuse cannot change it.
 *
 * @example
 * ```ts
 * import { createEngine, createImageWriter, cutRows, KIND, PacketizeStream, reserveSlots, tensor } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const engine = createEngine(2 ** 16);
 * const slots = reserveSlots(engine, 2, 64);
 * const axis = { low: Int32Array.of(0, 1), high: Int32Array.of(0, 1), phase: new Uint16Array(2), phases: 1 };
 * const writer = createImageWriter(engine, {
 *   kind: KIND.samples,
 *   images: 1,
 *   height: 2,
 *   width: 2,
 *   channels: 1,
 *   map: { form: "separable", y: axis, x: axis, stride: 1 },
 *   fill: [0],
 *   cut: cutRows(2, 2, 1, 2, 1),
 *   plan: 7,
 *   checksum: "link",
 * });
 * const stream = new PacketizeStream({ writer, slots, packets: 2 });
 * const image = tensor(Uint8Array.of(1, 2, 3, 4), { dtype: "u8", shape: [2, 2, 1], layout: "HWC" });
 * const sent = stream.writable.getWriter().write(image);
 * const packets = stream.readable.getReader();
 * assert.deepEqual([...(await packets.read()).value!.subarray(64)], [1, 2]);
 * assert.deepEqual([...(await packets.read()).value!.subarray(64)], [3, 4]);
 * await sent;
 * ```
 */
export class PacketizeStream extends TransformStream<Tensor, Uint8Array<ArrayBuffer>> {
  /**
   * Creates the stream.
   *
   * @param options Writer, slots and flow numbers.
   */
  constructor(options: PacketizeOptions) {
    const { writer, slots, packets } = options;
    checkInteger("packet count", packets, 1, 2 ** 24);
    let flow = checkInteger("first flow", options.firstFlow ?? 0, 0, 2 ** 32 - 1);
    super({
      transform(input, controller) {
        for (let first = 0; first < packets; first += slots.slots) {
          const count = Math.min(slots.slots, packets - first);
          writer.write(input, flow, first, count, slots);
          for (let i = 0; i < count; i++) controller.enqueue(packetBytes(slots, i).slice());
        }
        flow = (flow + 1) % 2 ** 32;
      },
    });
  }
}

/** An output of {@linkcode ReassembleStream}. */
export interface FlowOutput {
  /** Flow number of the completed output. */
  readonly flow: number;
  /** Bytes of the output; the reader owns them. */
  readonly output: Uint8Array<ArrayBuffer>;
}

/** Options of {@linkcode ReassembleStream}. */
export interface ReassembleOptions {
  /** Layout of every flow's payloads in its output. */
  readonly placement: Placement;
  /** Number of the first flow; `flows` consecutive numbers are used. Default 0. */
  readonly firstFlow?: number;
  /** Number of flows to expect. The stream ends with an error if one of them is incomplete. */
  readonly flows: number;
  /** Limits of the reassembler. `flows` bounds how many are open at once. */
  readonly limits?: ReassemblerLimits;
}

/**
 * Transforms packets into outputs and emits each output once it is complete.
 * Flows may interleave up to the limit of open flows. The first packet of a flow reserves its output.
 * Refused packets are counted in {@linkcode ReassembleStream.reassembler} and otherwise ignored.
 *
 * @example
 * ```ts
 * import { cutRows, ReassembleStream } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const placement = { plan: 9, cut: cutRows(8, 8, 1, 8, 1), planes: 1, itemBytes: 3, checksum: "link" } as const;
 * const stream = new ReassembleStream({ placement, flows: 1 });
 * await assert.rejects(
 *   Promise.all([stream.writable.close(), stream.readable.getReader().read()]),
 *   /Cannot complete flow 0: the packets ended with 8 missing/,
 * );
 * ```
 */
export class ReassembleStream extends TransformStream<Uint8Array, FlowOutput> {
  /** Reassembler of the stream, for its counts. */
  readonly reassembler: Reassembler;

  /**
   * Creates the stream.
   *
   * @param options Layout of the payloads and number of flows.
   */
  constructor(options: ReassembleOptions) {
    const reassembler = new Reassembler(options.limits);
    const first = checkInteger("first flow", options.firstFlow ?? 0, 0, 2 ** 32 - 1);
    const end = first + checkInteger("flow count", options.flows, 1, 2 ** 32 - first);
    const { placement } = options;
    const window = options.limits?.flows ?? 64;
    const header = newHeader();
    // `due`: the first `window` incomplete flows, whose packets are accepted. `open`: those with a reserved output.
    const due = new Set<number>();
    const open = new Set<number>();
    let next = first;
    const admitMore = () => {
      while (next < end && due.size < window) due.add(next++);
    };
    const openFlow = (packet: Uint8Array) => {
      const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
      if (readHeader(view, 0, packet.length, header) !== null) return;
      const { flow, plan } = header;
      if (plan !== placement.plan || !due.has(flow) || open.has(flow)) return;
      reassembler.open(flow, placement);
      open.add(flow);
    };
    super({
      start: admitMore,
      transform(packet, controller) {
        openFlow(packet);
        if (reassembler.acceptBytes(packet) !== "accepted") return;
        const flow = reassembler.lastFlow;
        if (reassembler.missing(flow) > 0) return;
        controller.enqueue({ flow, output: reassembler.take(flow) });
        open.delete(flow);
        due.delete(flow);
        admitMore();
      },
      flush() {
        const [flow] = due;
        if (flow === undefined) return;
        const { packets } = placement.cut;
        const missing = open.has(flow) ? reassembler.missing(flow) : packets;
        const gaps = open.has(flow) ? reassembler.gaps(flow, 8) : [[0, packets - 1]];
        const incomplete = end - next + due.size;
        throw new OnpathError(
          "gap",
          `Cannot complete flow ${flow}: the packets ended with ${missing} missing (${incomplete} flows are ` +
            `incomplete)`,
          { flow, missing, gaps, incomplete },
        );
      },
    });
    this.reassembler = reassembler;
  }
}
