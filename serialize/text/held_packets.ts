/**
 * Packets that came before their turn, kept by number until it is.
 *
 * @module
 */

import { HEADER_BYTES, OFFSET } from "../header.ts";
import { type PacketSlots, slotAddress } from "../packets.ts";

/** Copies of packets by number; as many as the limit. */
export class HeldPackets {
  readonly #packets = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #most: number;

  /**
   * Makes an empty store.
   *
   * @param most Packets that are kept at most.
   */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many are kept. */
  get count(): number {
    return this.#packets.size;
  }

  /**
   * Keeps a copy of the packet in a slot.
   *
   * @param number Its number.
   * @param slots Slots with packets.
   * @param slot Which one; it was read without refusal.
   * @returns Whether there was room, and none of this number.
   */
  keep(number: number, slots: PacketSlots, slot: number): boolean {
    if (this.#packets.has(number) || this.#packets.size >= this.#most) return false;
    const at = slotAddress(slots, slot);
    const length = slots.engine.view.getUint16(at + OFFSET.length, true);
    this.#packets.set(number, slots.engine.bytes.slice(at, at + HEADER_BYTES + length));
    return true;
  }

  /**
   * Puts a packet back into a slot and forgets it.
   *
   * @param number Its number.
   * @param slots Slots for packets.
   * @param slot The slot that is written.
   * @returns Whether there was one of this number.
   */
  putBack(number: number, slots: PacketSlots, slot: number): boolean {
    const packet = this.#packets.get(number);
    if (packet === undefined) return false;
    this.#packets.delete(number);
    slots.engine.bytes.set(packet, slotAddress(slots, slot));
    return true;
  }

  /** Forgets all. */
  clear(): void {
    this.#packets.clear();
  }
}
