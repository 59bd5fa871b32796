/**
 * Sending half of a placed flow whose payloads are slices of the input.
 *
 * @module
 */

import type { Missing, Outgoing, Range } from "./flow.ts";
import { FLAG, type Header, KIND, newHeader } from "./header.ts";
import { type PacketSlots, writePacket } from "./packets.ts";
import { locate } from "./partition.ts";
import type { Placement } from "./reassembler.ts";

/** Sends one input. */
export class PlacedOutgoing implements Outgoing {
  readonly #placement: Placement;
  readonly #bytes: Uint8Array;
  readonly #header: Header;
  readonly #span = { first: 0, count: 0 };
  #due: Range[];

  /**
   * Starts an input.
   *
   * @param flow Number of the flow.
   * @param placement Partition of the input, with one plane.
   * @param bytes Input, of exactly the placement's length.
   */
  constructor(flow: number, placement: Placement, bytes: Uint8Array) {
    const { plan, cut: { packets } } = placement;
    this.#placement = placement;
    this.#bytes = bytes;
    this.#header = { ...newHeader(), kind: KIND.samples, flow, plan, packets };
    this.#due = [[0, packets - 1]];
  }

  /** Whether packets are due. */
  get isDue(): boolean {
    return this.#due.length > 0;
  }

  /** Writes the packets that are due next. */
  write(slots: PacketSlots, slot: number, capacity: number): number {
    let count = 0;
    for (let range = this.#due[0]; range !== undefined && count < capacity; range = this.#due[0]) {
      const [first, last] = range;
      this.#writeOne(first, slots, slot + count++);
      if (first === last) this.#due.shift();
      else this.#due[0] = [first + 1, last];
    }
    return count;
  }

  /** Makes missing packets due again. */
  resend({ flow, ranges }: Missing): void {
    this.#header.flow = flow;
    this.#due = [...ranges];
  }

  #writeOne(sequence: number, slots: PacketSlots, slot: number): void {
    const { cut, itemBytes, checksum } = this.#placement;
    const header = this.#header;
    locate(cut, sequence, this.#span);
    const { first, count } = this.#span;
    header.sequence = sequence;
    header.position = first;
    header.length = count * itemBytes;
    header.flags = (sequence === 0 ? FLAG.first : 0) | (sequence === cut.packets - 1 ? FLAG.last : 0) |
      (checksum === "crc32c" ? FLAG.checked : 0);
    writePacket(slots, slot, header, this.#bytes.subarray(first * itemBytes, (first + count) * itemBytes));
  }
}
