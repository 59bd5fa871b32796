/**
 * Selective repeat: the requests of one flow that are in flight, and those that are due again.
 *
 * A request is lost if one that was sent sufficiently later has arrived, or if the timeout passes without any
 * acknowledgement. Copies of the requests are kept until they are acknowledged.
 *
 * @module
 */

import type { RoundTrip } from "./round_trip.ts";
import { DatagramList } from "./socket/batch.ts";

/** State of a request. */
const WAITING = 0, IN_FLIGHT = 1, LOST = 2, ARRIVED = 3;

/** Requests of one flow, within a window. */
export class SelectiveRepeat {
  /** Requests sent, including repeated ones. */
  sent = 0;
  /** Requests sent again. */
  resent = 0;
  /** Consecutive timeouts without an acknowledgement. */
  timeouts = 0;
  readonly #total: number;
  readonly #capacity: number;
  readonly #packetBytes: number;
  readonly #path: RoundTrip;
  // Rings, indexed by sequence number modulo the capacity.
  readonly #copies: Uint8Array;
  readonly #states: Uint8Array;
  readonly #sentAt: Float64Array;
  readonly #tries: Uint32Array;
  // First request that has not arrived, first one never sent, and first one without a copy.
  #first = 0;
  #unsent = 0;
  #staged = 0;
  #inFlight = 0;
  #lost = 0;
  #newestArrival = -Infinity;
  #lastEvent = 0;

  /**
   * Creates a window.
   *
   * @param total Requests of the flow.
   * @param capacity Requests of which copies are kept.
   * @param packetBytes Maximum bytes of a request.
   * @param path Round trip of the path.
   */
  constructor(total: number, capacity: number, packetBytes: number, path: RoundTrip) {
    this.#total = total;
    this.#capacity = Math.min(capacity, total);
    this.#path = path;
    this.#packetBytes = packetBytes;
    this.#copies = new Uint8Array(this.#capacity * packetBytes);
    this.#states = new Uint8Array(this.#capacity);
    this.#sentAt = new Float64Array(this.#capacity);
    this.#tries = new Uint32Array(this.#capacity);
    this.#lengths = new Uint32Array(this.#capacity);
  }
  readonly #lengths: Uint32Array;

  /** Makes an empty list for {@linkcode take}. */
  list(): DatagramList {
    return new DatagramList(this.#copies);
  }

  /** Requests of which a copy fits now. */
  get room(): number {
    return Math.min(this.#total - this.#staged, this.#capacity - (this.#staged - this.#first));
  }

  /** Requests in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** First request that has not arrived. */
  get first(): number {
    return this.#first;
  }

  /** Whether all requests have arrived. */
  get isDone(): boolean {
    return this.#first === this.#total;
  }

  /** Whether every request has a copy or has arrived. */
  get isStaged(): boolean {
    return this.#staged === this.#total;
  }

  /** Requests that may be sent now. */
  get due(): number {
    return this.#lost + this.#staged - this.#unsent;
  }

  /** Time at which the timeout passes; Infinity if nothing is in flight. */
  get deadline(): number {
    return this.#inFlight === 0 ? Infinity : this.#lastEvent + this.#path.timeoutMs;
  }

  /** Keeps a copy of the next request. Requires `room`. */
  stage(packet: Uint8Array): void {
    const n = this.#staged++ % this.#capacity;
    this.#copies.set(packet, n * this.#packetBytes);
    this.#lengths[n] = packet.length;
    this.#states[n] = WAITING;
    this.#tries[n] = 0;
  }

  /**
   * Takes requests to send, lost ones first.
   *
   * @param packets List of this window that receives the requests. Their memory is stable until they are acknowledged.
   * @param most Maximum number of requests.
   * @param now Time in milliseconds.
   */
  take(packets: DatagramList, most: number, now: number): void {
    if (this.#inFlight === 0) this.#lastEvent = now;
    for (let n = this.#first; this.#lost > 0 && most > 0 && n < this.#unsent; n++) {
      if (this.#states[n % this.#capacity] !== LOST) continue;
      this.#lost--;
      this.resent++;
      this.#send(n, packets, now);
      most--;
    }
    for (; most > 0 && this.#unsent < this.#staged; most--) this.#send(this.#unsent++, packets, now);
  }

  #send(sequence: number, packets: DatagramList, now: number): void {
    const n = sequence % this.#capacity;
    this.#states[n] = IN_FLIGHT;
    this.#sentAt[n] = now;
    this.#tries[n]!++;
    this.#inFlight++;
    this.sent++;
    packets.add(n * this.#packetBytes, this.#lengths[n]!);
  }

  /**
   * Takes an acknowledgement.
   *
   * @param first First request that the receiver lacks.
   * @param bitmap Bit n is set if request `first` + n has arrived.
   * @param now Time in milliseconds.
   * @returns Requests that are acknowledged for the first time.
   */
  acknowledge(first: number, bitmap: Uint8Array, now: number): number {
    const end = Math.min(this.#unsent, first + 8 * bitmap.length);
    // A report from before, or of another flow's length, acknowledges nothing beyond what was sent.
    const until = Math.min(first, this.#unsent);
    let count = 0, measured = -Infinity;
    for (let n = this.#first; n < end; n++) {
      const bit = n - first;
      if (n >= until && (bit < 0 || ((bitmap[bit >> 3]! >> (bit & 7)) & 1) === 0)) continue;
      const slot = n % this.#capacity, state = this.#states[slot];
      if (state === ARRIVED) continue;
      if (state === IN_FLIGHT) this.#inFlight--;
      else this.#lost--;
      this.#states[slot] = ARRIVED;
      count++;
      const sentAt = this.#sentAt[slot]!;
      this.#newestArrival = Math.max(this.#newestArrival, sentAt);
      // The round trip of a repeated request is ambiguous.
      if (this.#tries[slot] === 1) measured = Math.max(measured, sentAt);
    }
    if (count === 0) return 0;
    if (measured > -Infinity) this.#path.measure(now - measured);
    this.#path.progress();
    this.timeouts = 0;
    this.#lastEvent = now;
    while (this.#first < this.#unsent && this.#states[this.#first % this.#capacity] === ARRIVED) {
      this.#first++;
    }
    this.#findLost();
    return count;
  }

  /** Marks requests as lost that were sent sufficiently earlier than one that has arrived. */
  #findLost(): void {
    const before = this.#newestArrival - this.#path.reorderMs;
    for (let n = this.#first; n < this.#unsent; n++) {
      const slot = n % this.#capacity;
      if (this.#states[slot] === IN_FLIGHT && this.#sentAt[slot]! < before) this.#lose(slot);
    }
  }

  #lose(slot: number): void {
    this.#states[slot] = LOST;
    this.#inFlight--;
    this.#lost++;
  }

  /**
   * Marks all requests in flight as lost if the timeout has passed.
   *
   * @returns Whether it has.
   */
  expire(now: number): boolean {
    if (now < this.deadline) return false;
    this.loseAll();
    this.timeouts++;
    this.#path.backOff();
    return true;
  }

  /** Marks all requests in flight as lost, because the device that held them is gone. */
  loseAll(): void {
    for (let n = this.#first; n < this.#unsent; n++) {
      const slot = n % this.#capacity;
      if (this.#states[slot] === IN_FLIGHT) this.#lose(slot);
    }
  }
}
