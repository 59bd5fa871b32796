/**
 * The batch functions as Web streams, for serving code that pipes.
 *
 * @module
 */

import { checkWhole, OnpathError } from "./errors.ts";
import type { ImageWriter } from "./image_writer.ts";
import { packetBytes, type PacketSlots } from "./packets.ts";
import { type Placement, Reassembler, type ReassemblerLimits } from "./reassembler.ts";
import type { Tensor } from "./tensor.ts";

/** What {@linkcode PacketizeStream} needs. */
export interface PacketizeOptions {
  /** The writer. */
  readonly writer: ImageWriter;
  /** Slots that it writes into; as many packets are made at a time. */
  readonly slots: PacketSlots;
  /** Packets of one flow. */
  readonly packets: number;
  /** Number of the first flow; each input takes the next one. Default 0. */
  readonly firstFlow?: number;
}

/**
 * Images in, packets out. Every chunk is a copy of one packet, so a slow reader cannot see it change.
 */
export class PacketizeStream extends TransformStream<Tensor, Uint8Array<ArrayBuffer>> {
  /**
   * Makes the stream.
   *
   * @param options The writer and its slots.
   */
  constructor(options: PacketizeOptions) {
    const { writer, slots, packets } = options;
    checkWhole("a number of packets of", packets, 1, 2 ** 24);
    let flow = checkWhole("a first flow of", options.firstFlow ?? 0, 0, 2 ** 32 - 1);
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
  /** The flow. */
  readonly flow: number;
  /** Its bytes. */
  readonly output: Uint8Array<ArrayBuffer>;
}

/** What {@linkcode ReassembleStream} needs. */
export interface ReassembleOptions {
  /** Where the payloads of every flow belong. */
  readonly placement: Placement;
  /** Number of the first flow; as many follow as `flows` says. Default 0. */
  readonly firstFlow?: number;
  /** How many flows will come. The stream ends with an error when one of them is incomplete. */
  readonly flows: number;
  /** Limits of the reassembler; its `flows` bounds how many are open at once. */
  readonly limits?: ReassemblerLimits;
}

/**
 * Packets in, outputs out, each as soon as it is complete. Flows may interleave within the limit of
 * flows that are open at once. Packets that are refused are counted in
 * {@linkcode ReassembleStream.reassembler} and otherwise ignored.
 */
export class ReassembleStream extends TransformStream<Uint8Array, FlowOutput> {
  /** The reassembler behind the stream, for its counts. */
  readonly reassembler: Reassembler;

  /**
   * Makes the stream.
   *
   * @param options Where payloads belong and how many flows come.
   */
  constructor(options: ReassembleOptions) {
    const reassembler = new Reassembler(options.limits);
    const first = checkWhole("a first flow of", options.firstFlow ?? 0, 0, 2 ** 32 - 1);
    const end = first + checkWhole("a number of flows of", options.flows, 1, 2 ** 32 - first);
    const window = options.limits?.flows ?? 64;
    const open = new Set<number>();
    let next = first;
    const openMore = () => {
      for (; next < end && open.size < window; next++) {
        reassembler.open(next, options.placement);
        open.add(next);
      }
    };
    super({
      start: openMore,
      transform(packet, controller) {
        if (reassembler.acceptBytes(packet) !== "accepted") return;
        const flow = reassembler.lastFlow;
        if (reassembler.missing(flow) > 0) return;
        controller.enqueue({ flow, output: reassembler.take(flow) });
        open.delete(flow);
        openMore();
      },
      flush() {
        const left = [...open];
        if (left.length === 0) return;
        const missing = reassembler.missing(left[0]!);
        throw new OnpathError(
          "gap",
          `Cannot complete flow ${left[0]}: the packets ended with ${missing} missing (${
            end - next + left.length
          } ` +
            `flows are incomplete)`,
          {
            flow: left[0],
            missing,
            gaps: reassembler.gaps(left[0]!, 8),
            incomplete: end - next + left.length,
          },
        );
      },
    });
    this.reassembler = reassembler;
  }
}
