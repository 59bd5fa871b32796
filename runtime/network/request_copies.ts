/**
 * Copies of the requests of one flow, in a ring: they are sent again from here.
 *
 * @module
 */

import { DatagramList } from "./socket/batch.ts";

/** Copies by slot. */
export class RequestCopies {
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;
  readonly #packetBytes: number;

  /**
   * Reserves memory.
   *
   * @param capacity Number of copies.
   * @param packetBytes Maximum bytes of a copy.
   */
  constructor(capacity: number, packetBytes: number) {
    this.#bytes = new Uint8Array(capacity * packetBytes);
    this.#lengths = new Uint32Array(capacity);
    this.#packetBytes = packetBytes;
  }

  /** Makes an empty list for {@linkcode add}. */
  list(): DatagramList {
    return new DatagramList(this.#bytes);
  }

  /** Keeps a copy. */
  set(slot: number, packet: Uint8Array): void {
    this.#bytes.set(packet, slot * this.#packetBytes);
    this.#lengths[slot] = packet.length;
  }

  /** Appends a copy to a list. Its memory is stable until the slot is set again. */
  add(slot: number, packets: DatagramList): void {
    packets.add(slot * this.#packetBytes, this.#lengths[slot]!);
  }
}
