/**
 * Reassembles packets into outputs: in any order, without duplicates, with interleaved flows and bounded
 * memory.
 * Missing packets are listed by number.
 *
 * @module
 */

import { checkInteger, OnpathError } from "./errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, newHeader, type Refusal } from "./header.ts";
import { type Checksum, type PacketSlots, readPacket, readPacketBytes, slotAddress } from "./packets.ts";
import { locate, type Partition, type Span } from "./partition.ts";
import { type Waiter, waitFor, type WaitOptions } from "./wait.ts";

/** Layout of a flow's payloads in its output. Plain data. */
export interface Placement {
  /** Plan id that packets must carry. */
  readonly plan: number;
  /** Partition of the items into packets. */
  readonly cut: Partition;
  /**
   * Planes of an image: 1 if the channels of a pixel lie together, otherwise one a channel. A payload holds
   * its items of the first plane, then those of the second, and so on.
   */
  readonly planes: number;
  /** Bytes of one item in one plane. */
  readonly itemBytes: number;
  /** `crc32c` if packets must carry a CRC-32C. */
  readonly checksum: Checksum;
}

/** Takes payloads of a flow whose output has another order than its items. */
export interface PayloadSink {
  /**
   * Takes a payload of `count` items, once for each packet.
   *
   * @param bytes Memory that holds the payload.
   * @param at Offset of the payload's first byte.
   * @param first Position of the first item in the flow.
   * @param count Number of items.
   */
  readonly place: (bytes: Uint8Array, at: number, first: number, count: number) => void;
}

/** Outcome of a packet. A refusal names the check that failed; see {@linkcode Refusal}. */
export type Outcome =
  | "accepted"
  | "duplicate"
  /** The flow is not open. */
  | "flow"
  /** The plan id or the packet count differs from the flow's. */
  | "plan"
  /** Kind, position or length does not match the sequence number. */
  | "place"
  | Refusal;

/** Limits of a {@linkcode Reassembler}. */
export interface ReassemblerLimits {
  /** Maximum flows open at once. Default 64. */
  readonly flows?: number;
  /** Maximum bytes of the outputs open at once. Default 1 GiB. */
  readonly bytes?: number;
}

interface Flow {
  readonly placement: Placement;
  readonly output: Uint8Array<ArrayBuffer>;
  readonly sink: PayloadSink | undefined;
  /** One bit for each packet that arrived. */
  readonly arrived: Uint8Array;
  missing: number;
  readonly waiters: Set<Waiter>;
}

/** Bytes of the output that a placement describes. */
export function outputBytes(placement: Placement): number {
  const { cut, planes, itemBytes } = placement;
  return cut.images * cut.height * cut.width * planes * itemBytes;
}

/**
 * Copies packets into the outputs of their flows.
 *
 * @example
 * ```ts
 * import { cutRows, Reassembler } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * const reassembler = new Reassembler();
 * const cut = cutRows(224, 224, 1, 84, 2);
 * reassembler.open(1, { plan: 9, cut, planes: 1, itemBytes: 3, checksum: "crc32c" });
 * assert.deepEqual(reassembler.gaps(1), [[0, 671]]);
 * assert.equal(reassembler.acceptBytes(new Uint8Array(10)), "truncated");
 * ```
 */
export class Reassembler {
  readonly #flows = new Map<number, Flow>();
  readonly #limits: Required<ReassemblerLimits>;
  readonly #header: Header = newHeader();
  readonly #span: Span = { first: 0, count: 0 };
  readonly #refused = new Map<Outcome, number>();
  #accepted = 0;
  #duplicates = 0;
  #bytes = 0;
  /** Flow of the packet checked last by {@linkcode Reassembler.#check}. */
  #state: Flow | undefined;
  #viewsOf: PacketSlots | undefined;
  #views: (Uint8Array | undefined)[] = [];

  /**
   * Creates a reassembler without open flows.
   *
   * @param limits Maximum open flows and bytes.
   */
  constructor(limits: ReassemblerLimits = {}) {
    this.#limits = {
      flows: checkInteger("flow limit", limits.flows ?? 64, 1, 2 ** 20),
      bytes: checkInteger("byte limit", limits.bytes ?? 2 ** 30, 1, 2 ** 40),
    };
  }

  /** Packets counted by outcome since creation. */
  get counts(): Readonly<Partial<Record<Outcome, number>>> {
    const taken = [["accepted", this.#accepted], ["duplicate", this.#duplicates]] as const;
    return Object.fromEntries([...taken.filter(([, count]) => count > 0), ...this.#refused]);
  }

  /**
   * Opens a flow and reserves its output.
   *
   * @param flow Flow number, 32 bits.
   * @param placement Layout of its payloads in the output.
   * @param output Memory for the output, of exactly its length, or a sink. By default new memory is allocated.
   * @throws {OnpathError} `size` when the flow is already open, a limit would be exceeded, or the memory has
   * the wrong length.
   */
  open(flow: number, placement: Placement, output?: Uint8Array<ArrayBuffer> | PayloadSink): void {
    const isSink = output !== undefined && !(output instanceof Uint8Array);
    const bytes = isSink ? 0 : outputBytes(placement);
    if (output instanceof Uint8Array && output.length !== bytes) {
      throw new OnpathError(
        "size",
        `Cannot open flow ${flow}: the output needs ${bytes} bytes, the memory has ${output.length}`,
        { flow, expected: bytes, found: output.length },
      );
    }
    if (this.#flows.has(flow)) {
      throw new OnpathError("size", `Cannot open flow ${flow}: it is already open`, { flow });
    }
    if (this.#flows.size >= this.#limits.flows || this.#bytes + bytes > this.#limits.bytes) {
      throw new OnpathError(
        "size",
        `Cannot open flow ${flow} of ${bytes} bytes: ${this.#flows.size} flows of ${this.#bytes} bytes are open, ` +
          `the limits are ${this.#limits.flows} and ${this.#limits.bytes}`,
        { flow, bytes, open: this.#flows.size, openBytes: this.#bytes, limits: this.#limits },
      );
    }
    this.#bytes += bytes;
    this.#flows.set(flow, {
      placement,
      output: output instanceof Uint8Array ? output : new Uint8Array(bytes),
      sink: isSink ? output : undefined,
      arrived: new Uint8Array(Math.ceil(placement.cut.packets / 8)),
      missing: placement.cut.packets,
      waiters: new Set(),
    });
  }

  /**
   * Processes the packet in a slot. It allocates only when a slot's payload length differs from before.
   *
   * @param packets Slots to read from; they may be reused afterwards.
   * @param slot Slot number, from 0.
   * @returns Outcome of the packet.
   */
  accept(packets: PacketSlots, slot: number): Outcome {
    const outcome = readPacket(packets, slot, this.#header) ?? this.#check();
    if (outcome === "accepted") {
      if (this.#viewsOf !== packets) {
        this.#viewsOf = packets;
        this.#views = [];
      }
      this.#place(packets.engine.bytes, slotAddress(packets, slot) + HEADER_BYTES, slot);
    }
    return this.#count(outcome);
  }

  /**
   * Processes a packet in any memory.
   *
   * @param bytes Packet from its first byte.
   * @returns Outcome of the packet.
   */
  acceptBytes(bytes: Uint8Array): Outcome {
    const outcome = readPacketBytes(bytes, this.#header) ?? this.#check();
    if (outcome === "accepted") this.#place(bytes, HEADER_BYTES, -1);
    return this.#count(outcome);
  }

  /** Flow of the packet processed last. Valid after `accepted` and `duplicate`. */
  get lastFlow(): number {
    return this.#header.flow;
  }

  /** Number of packets of a flow that have not arrived. */
  missing(flow: number): number {
    return this.#flow(flow).missing;
  }

  /**
   * Lists the missing packets of a flow as ranges.
   *
   * @param flow Number of an open flow.
   * @param maxRanges Maximum ranges to return. Default 1024.
   * @returns Pairs of first and last packet number, ascending.
   */
  gaps(flow: number, maxRanges = 1024): [first: number, last: number][] {
    const { arrived, placement } = this.#flow(flow);
    const gaps: [number, number][] = [];
    for (let i = 0; i < placement.cut.packets; i++) {
      if (arrived[i >> 3]! >> (i & 7) & 1) continue;
      const previous = gaps.at(-1);
      if (previous !== undefined && previous[1] === i - 1) previous[1] = i;
      else if (gaps.length === maxRanges) break;
      else gaps.push([i, i]);
    }
    return gaps;
  }

  /**
   * Waits until a flow is complete.
   *
   * @param flow Number of an open flow.
   * @param options Timeout and abort signal.
   * @throws {OnpathError} `timeout` when the timeout expires; `gap` when the flow is dropped meanwhile; the
   * signal's reason when it aborts. The flow stays open.
   */
  async whenComplete(flow: number, options: WaitOptions = {}): Promise<void> {
    const state = this.#flow(flow);
    if (state.missing === 0) return;
    await waitFor(`flow ${flow}`, state.waiters, options);
  }

  /**
   * Returns the output of a complete flow and closes the flow.
   *
   * @param flow Number of a complete flow.
   * @returns Output bytes; the caller owns them. Empty if a sink took the payloads.
   * @throws {OnpathError} `gap` when packets are missing, with their numbers. The flow then stays open.
   */
  take(flow: number): Uint8Array<ArrayBuffer> {
    const state = this.#flow(flow);
    if (state.missing > 0) {
      const gaps = this.gaps(flow, 8);
      throw new OnpathError(
        "gap",
        `Cannot take flow ${flow}: ${state.missing} of ${state.placement.cut.packets} packets are missing, ` +
          `first ${gaps.map(([a, b]) => a === b ? `${a}` : `${a}-${b}`).join(", ")}`,
        { flow, missing: state.missing, packets: state.placement.cut.packets, gaps },
      );
    }
    this.#close(flow, state);
    return state.output;
  }

  /** Closes a flow and frees its output. Pending waits fail with `gap`. Unknown flows are ignored. */
  drop(flow: number): void {
    const state = this.#flows.get(flow);
    if (state === undefined) return;
    this.#close(flow, state);
    const error = new OnpathError("gap", `Cannot complete flow ${flow}: it was dropped`, { flow });
    for (const waiter of [...state.waiters]) waiter.reject(error);
  }

  #close(flow: number, state: Flow): void {
    this.#flows.delete(flow);
    this.#bytes -= state.output.length;
  }

  #flow(flow: number): Flow {
    const state = this.#flows.get(flow);
    if (state === undefined) {
      throw new OnpathError("size", `Cannot use flow ${flow}: it is not open`, { flow });
    }
    return state;
  }

  #count(outcome: Outcome): Outcome {
    if (outcome === "accepted") this.#accepted++;
    else if (outcome === "duplicate") this.#duplicates++;
    else this.#refused.set(outcome, (this.#refused.get(outcome) ?? 0) + 1);
    return outcome;
  }

  /** Checks the current header against its flow. */
  #check(): Outcome {
    const header = this.#header;
    const state = this.#flows.get(header.flow);
    if (state === undefined) return "flow";
    this.#state = state;
    const { plan, cut, planes, itemBytes, checksum } = state.placement;
    if (header.plan !== plan || header.packets !== cut.packets) return "plan";
    if (checksum === "crc32c" && (header.flags & FLAG.checked) === 0) return "crc";
    const span = this.#span;
    locate(cut, header.sequence, span);
    if (
      header.kind !== KIND.samples || header.position !== span.first ||
      header.length !== span.count * planes * itemBytes
    ) return "place";
    const bit = 1 << (header.sequence & 7);
    return state.arrived[header.sequence >> 3]! & bit ? "duplicate" : "accepted";
  }

  /** Copies the payload into the output. `slot` selects the cached views; −1 uses no cache. */
  #place(bytes: Uint8Array, at: number, slot: number): void {
    const { sequence, position, length } = this.#header;
    const state = this.#state!;
    const { cut, planes, itemBytes } = state.placement;
    if (state.sink !== undefined) state.sink.place(bytes, at, position, this.#span.count);
    else if (planes === 1) {
      // Items of consecutive rows and images are contiguous, so one copy is enough.
      state.output.set(this.#payload(bytes, at, length, slot), position * itemBytes);
    } else {
      const planeItems = cut.height * cut.width;
      const planeBytes = planeItems * itemBytes;
      const image = Math.floor(position / planeItems);
      let to = (position + image * (planes - 1) * planeItems) * itemBytes;
      const segment = length / planes;
      for (let plane = 0; plane < planes; plane++, to += planeBytes) {
        state.output.set(this.#payload(bytes, at + plane * segment, segment, slot * planes + plane), to);
      }
    }
    state.arrived[sequence >> 3]! |= 1 << (sequence & 7);
    if (--state.missing === 0) {
      for (const waiter of [...state.waiters]) waiter.resolve();
    }
  }

  #payload(bytes: Uint8Array, at: number, length: number, key: number): Uint8Array {
    if (key < 0) return bytes.subarray(at, at + length);
    const cached = this.#views[key];
    if (cached !== undefined && cached.byteOffset === at && cached.length === length) return cached;
    return this.#views[key] = bytes.subarray(at, at + length);
  }
}
