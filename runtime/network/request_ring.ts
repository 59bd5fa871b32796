/**
 * Requests of one flow within a window, in rings: copies, which are sent again from here, and what is known of each.
 *
 * @module
 */

import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../serialize/packets.ts";
import { DatagramList } from "./socket/batch.ts";

/** Rings that no flow uses and that are kept for later ones, and bytes of their copies. */
const MAX_FREE = 64, MAX_FREE_BYTES = 2 ** 23;

/** Milliseconds between requests of one turn: less than a clock shows, so that a turn counts as one moment. */
const STEP_MS = 2 ** -20;

/** State of a request. `HELD`: the NIC has it, and no report says that the device has taken it. */
export const WAITING = 0, IN_FLIGHT = 1, HELD = 2, LOST = 3, ARRIVED = 4;

/** Requests by slot: their sequence number modulo the capacity. */
export class RequestRing {
  /** Number of slots. */
  readonly capacity: number;
  /** State of each request. */
  readonly states: Uint8Array;
  /** Time at which each request was sent last, in milliseconds. */
  readonly sentAt: Float64Array;
  /** Time at which each request was sent first, in milliseconds. */
  readonly copiedAt: Float64Array;
  /** Times that each request was sent. */
  readonly tries: Uint32Array;
  /** Times that each request was lost. */
  readonly losses: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;
  readonly #packetBytes: number;

  /**
   * Reserves memory.
   *
   * @param capacity Number of slots.
   * @param packetBytes Maximum bytes of a request.
   */
  constructor(capacity: number, packetBytes: number) {
    this.capacity = capacity;
    this.states = new Uint8Array(capacity);
    this.sentAt = new Float64Array(capacity);
    this.copiedAt = new Float64Array(capacity);
    this.tries = new Uint32Array(capacity);
    this.losses = new Uint32Array(capacity);
    this.#bytes = new Uint8Array(capacity * packetBytes);
    this.#lengths = new Uint32Array(capacity);
    this.#packetBytes = packetBytes;
  }

  /** Bytes of all copies. */
  get copyBytes(): number {
    return this.#bytes.length;
  }

  /** Slot of a request. A loop goes on with {@linkcode behind}, because a division costs more than its body. */
  slotOf(sequence: number): number {
    return sequence % this.capacity;
  }

  /** Slot of the next request. */
  behind(slot: number): number {
    return slot + 1 === this.capacity ? 0 : slot + 1;
  }

  /** Makes an empty list for {@linkcode add}. */
  list(): DatagramList {
    return new DatagramList(this.#bytes);
  }

  /** Keeps a copy of a request that was not sent. */
  set(slot: number, packet: Uint8Array): void {
    this.#bytes.set(packet, slot * this.#packetBytes);
    this.#begin(slot, packet.length);
  }

  /**
   * Keeps copies of requests that follow each other, in one move if their packets' slots are as long as a copy.
   *
   * @param sequence First request.
   * @param packets Slots of the packets, from slot 0.
   * @param count Number of requests, at most the capacity.
   */
  setAll(sequence: number, packets: PacketSlots, count: number): void {
    const slot = this.slotOf(sequence), before = Math.min(count, this.capacity - slot);
    this.#setRun(slot, packets, 0, before);
    this.#setRun(0, packets, before, count - before);
  }

  #setRun(slot: number, packets: PacketSlots, first: number, count: number): void {
    const { engine: { bytes, view }, slotBytes } = packets, each = this.#packetBytes;
    const from = slotAddress(packets, first);
    if (slotBytes === each) this.#bytes.set(bytes.subarray(from, from + count * each), slot * each);
    for (let n = 0; n < count; n++) {
      const at = from + n * slotBytes;
      const length = HEADER_BYTES + view.getUint16(at + OFFSET.length, true);
      if (slotBytes !== each) this.#bytes.set(bytes.subarray(at, at + length), (slot + n) * each);
      this.#begin(slot + n, length);
    }
  }

  #begin(slot: number, length: number): void {
    this.#lengths[slot] = length;
    this.states[slot] = WAITING;
    this.tries[slot] = this.losses[slot] = 0;
  }

  /** Appends a copy to a list. Its memory is stable until the slot is set again. */
  add(slot: number, packets: DatagramList): void {
    packets.add(slot * this.#packetBytes, this.#lengths[slot]!);
  }

  /**
   * Makes the times of the requests of a turn follow the order in which they leave. If they are grouped by their lengths,
   * those that leave later would seem to be lost otherwise.
   *
   * @param packets Requests of one turn, which have one time.
   */
  stamp(packets: DatagramList): void {
    for (let n = 0; n < packets.count; n++) {
      this.sentAt[packets.offsets[n]! / this.#packetBytes]! += n * STEP_MS;
    }
  }
}

/** Rings that ended flows have left. The copies are large, so that new memory costs more than its use. */
export class FreeRings {
  readonly #packetBytes: number;
  readonly #free: RequestRing[] = [];
  #bytes = 0;

  /**
   * Makes an empty pool.
   *
   * @param packetBytes Maximum bytes of a request.
   */
  constructor(packetBytes: number) {
    this.#packetBytes = packetBytes;
  }

  /** Takes a ring of `capacity` slots, used before or new. */
  take(capacity: number): RequestRing {
    const found = this.#free.findIndex((each) => each.capacity === capacity);
    if (found < 0) return new RequestRing(capacity, this.#packetBytes);
    const ring = this.#free.splice(found, 1)[0]!;
    this.#bytes -= ring.copyBytes;
    return ring;
  }

  /** Returns a ring whose copies no send uses. Beyond 64 rings or 8 MiB of copies the oldest is dropped. */
  give(ring: RequestRing): void {
    this.#free.push(ring);
    this.#bytes += ring.copyBytes;
    while (this.#free.length > MAX_FREE || this.#bytes > MAX_FREE_BYTES) {
      this.#bytes -= this.#free.shift()!.copyBytes;
    }
  }
}
