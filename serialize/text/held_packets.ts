/**
 * Store for packets that arrived early, by number.
 *
 * @module
 */

import { HEADER_BYTES, OFFSET } from "../header.ts";
import { type PacketSlots, slotAddress } from "../packets.ts";

/** Copies of packets by number, up to a limit. */
export class HeldPackets {
  // Made with the first packet: most flows have none.
  #packets: Map<number, Uint8Array<ArrayBuffer>> | null = null;
  readonly #maxPackets: number;

  /**
   * Creates an empty store.
   *
   * @param maxPackets Maximum packets held.
   */
  constructor(maxPackets: number) {
    this.#maxPackets = maxPackets;
  }

  /** Number of packets held. */
  get count(): number {
    return this.#packets?.size ?? 0;
  }

  /**
   * Stores a copy of the packet in a slot.
   *
   * @param number Number of the packet, unique in the store.
   * @param slots Slots to read from.
   * @param slot Slot number; the packet must have been read without refusal.
   * @returns False if the store is full or already holds this number.
   */
  keep(number: number, slots: PacketSlots, slot: number): boolean {
    const packets = this.#packets ??= new Map();
    if (packets.has(number) || packets.size >= this.#maxPackets) return false;
    const at = slotAddress(slots, slot);
    const length = slots.engine.view.getUint16(at + OFFSET.length, true);
    packets.set(number, slots.engine.bytes.slice(at, at + HEADER_BYTES + length));
    return true;
  }

  /**
   * Moves a packet back into a slot.
   *
   * @param number Number of the packet.
   * @param slots Slots to write to.
   * @param slot Slot number, from 0.
   * @returns Whether the store held this number.
   */
  putBack(number: number, slots: PacketSlots, slot: number): boolean {
    const packet = this.#packets?.get(number);
    if (packet === undefined) return false;
    this.#packets!.delete(number);
    slots.engine.bytes.set(packet, slotAddress(slots, slot));
    return true;
  }

  /** Drops all packets. */
  clear(): void {
    this.#packets?.clear();
  }
}
