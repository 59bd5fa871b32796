/**
 * Sending half of a placed flow. Payloads are slices of the input, or a source writes them.
 *
 * @module
 */

import type { Engine } from "./engine.ts";
import { DuePackets } from "./due_packets.ts";
import type { Missing, Outgoing } from "./flow.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, newHeader } from "./header.ts";
import { type PacketSlots, sealPacket, slotAddress, writePacket } from "./packets.ts";
import { locate } from "./partition.ts";
import type { Placement } from "./reassembler.ts";

/** Writes payloads of an input straight into slots. */
export interface PayloadSource {
  /**
   * Writes a payload of `count` items.
   *
   * @param engine Engine whose memory holds the slot.
   * @param at Address of the payload's first byte.
   * @param first Position of the first item in the flow.
   * @param count Number of items.
   */
  readonly write: (engine: Engine, at: number, first: number, count: number) => void;
}

/** Sends one input. */
export class PlacedOutgoing implements Outgoing {
  readonly #placement: Placement;
  readonly #input: Uint8Array | PayloadSource;
  readonly #header: Header;
  readonly #span = { first: 0, count: 0 };
  readonly #due: DuePackets;

  /**
   * Starts an input.
   *
   * @param flow Number of the flow.
   * @param placement Partition of the input, with one plane.
   * @param input Input, of exactly the placement's length, or the source of its payloads.
   */
  constructor(flow: number, placement: Placement, input: Uint8Array | PayloadSource) {
    const { plan, cut: { packets } } = placement;
    this.#placement = placement;
    this.#input = input;
    this.#header = { ...newHeader(), kind: KIND.samples, flow, plan, packets };
    this.#due = new DuePackets(packets);
  }

  /** Whether packets are due. */
  get isDue(): boolean {
    return this.#due.isDue;
  }

  /** Writes the packets that are due next. */
  write(slots: PacketSlots, slot: number, capacity: number): number {
    let count = 0;
    while (count < capacity && this.#due.isDue) this.#writeOne(this.#due.take(), slots, slot + count++);
    return count;
  }

  /** Makes missing packets due again. */
  resend({ flow, ranges }: Missing): void {
    this.#header.flow = flow;
    this.#due.reset(ranges);
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
    const input = this.#input;
    if (input instanceof Uint8Array) {
      writePacket(slots, slot, header, input.subarray(first * itemBytes, (first + count) * itemBytes));
      return;
    }
    input.write(slots.engine, slotAddress(slots, slot) + HEADER_BYTES, first, count);
    sealPacket(slots, slot, header);
  }
}
