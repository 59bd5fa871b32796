/**
 * Selective repeat: the requests of one flow that are in flight, and those that are due again.
 *
 * A request is lost if one that was sent sufficiently later has arrived, if it does not arrive soon after a later one, or
 * if the timeout passes without any acknowledgement. On a path that keeps the order, three later ones suffice. Copies of the requests are kept until they are acknowledged.
 *
 * @module
 */

import type { PacketSlots } from "../../serialize/packets.ts";
import { ArrivalOrder } from "./arrival_order.ts";
import { ARRIVED, HELD, IN_FLIGHT, LOST, type RequestRing } from "./request_ring.ts";
import type { RoundTrip } from "./round_trip.ts";
import type { DatagramList } from "./socket/batch.ts";
import { Suspects } from "./suspects.ts";
import { TripGauge } from "./trip_gauge.ts";

/** Requests that a sequential flow's first timeout repeats: at 10% loss a quarter of single ones bring no report. */
const PROBES = 3;
/** Requests that a flow's second timeout repeats. */
const MORE_PROBES = 16;

/** Requests of one flow, within a window. */
export class SelectiveRepeat {
  /** Requests sent, including repeated ones. */
  sent = 0;
  /** Requests sent again. */
  resent = 0;
  /** Requests that have arrived. */
  arrived = 0;
  /** Times that requests which have arrived were lost before others that arrived. */
  losses = 0;
  /** Consecutive timeouts without progress: an acknowledgement, or a report of the NIC that names more requests. */
  timeouts = 0;
  /** Time of the last progress in milliseconds; before any, that of the first request. */
  progressAt = -Infinity;
  readonly #total: number;
  readonly #capacity: number;
  readonly #path: RoundTrip;
  readonly #gauge: TripGauge;
  readonly #ring: RequestRing;
  readonly #states: Uint8Array;
  // First request that has not arrived, first one never sent, and first one without a copy.
  #first = 0;
  #unsent = 0;
  #staged = 0;
  #inFlight = 0;
  #lost = 0;
  readonly #order = new ArrivalOrder();
  #lastEvent = 0;
  // Sequential flows: earliest time at which a device could take each request, and first request that the NIC lacks.
  readonly #dueAt: Float64Array;
  readonly #suspects: Suspects;
  readonly #answersOf: Uint32Array | undefined;
  readonly #isSequential: boolean;
  #taken = 0;
  #heldCount = 0;

  /**
   * Creates a window.
   *
   * @param total Requests of the flow.
   * @param ring Memory of the window.
   * @param path Round trip of the path.
   * @param sequential Answers to each request of a sequential flow; undefined for a placed one.
   */
  constructor(
    total: number,
    ring: RequestRing,
    path: RoundTrip,
    sequential?: { readonly answersOf?: Uint32Array | undefined },
  ) {
    this.#total = total;
    this.#capacity = ring.capacity;
    this.#path = path;
    this.#gauge = new TripGauge(path);
    this.#ring = ring;
    this.#states = ring.states;
    this.#isSequential = sequential !== undefined;
    this.#answersOf = sequential?.answersOf;
    this.#dueAt = this.#isSequential ? new Float64Array(this.#capacity) : this.#ring.sentAt;
    this.#suspects = new Suspects(this.#capacity);
  }

  /** Makes an empty list for {@linkcode take}. */
  list(): DatagramList {
    return this.#ring.list();
  }

  /** Requests of which a copy fits now. */
  get room(): number {
    return Math.min(this.#total - this.#staged, this.#capacity - (this.#staged - this.#first));
  }

  /** Requests on the path. One that the NIC holds is not. */
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

  /** Requests that may be sent now. */
  get due(): number {
    return this.#lost + this.#staged - this.#unsent;
  }

  /** Time at which the timeout passes or a request is lost; Infinity if nothing is in flight. */
  get deadline(): number {
    return Math.min(this.#timeoutAt, this.#suspects.nextAt);
  }

  get #timeoutAt(): number {
    // Where all that is left is held, the NIC has forgotten it or did not report, and the timeout passes too.
    const isIdle = this.#inFlight === 0 && (this.#lost > 0 || this.#first === this.#unsent);
    return isIdle ? Infinity : this.#lastEvent + this.#path.timeoutMs(this.timeouts);
  }

  /** Keeps a copy of the next request. Requires `room`. */
  stage(packet: Uint8Array): void {
    this.#ring.set(this.#staged++ % this.#capacity, packet);
  }

  /** Keeps copies of the next `count` requests, which are in slots from 0. Requires `room`. */
  stageAll(packets: PacketSlots, count: number): void {
    this.#ring.setAll(this.#staged, packets, count);
    this.#staged += count;
  }

  /**
   * Takes requests to send, lost ones first.
   *
   * @param packets List of this window that receives the requests. Their memory is stable until they are acknowledged.
   * @param most Maximum number of requests.
   * @param now Time in milliseconds.
   * @param isGrouped Whether requests of one length are put beside each other. Not for sequential flows. Default false.
   */
  take(packets: DatagramList, most: number, now: number, isGrouped = false): void {
    if (this.#inFlight === 0) this.#lastEvent = now;
    if (this.sent === 0) this.progressAt = now;
    for (let n = this.#first; this.#lost > 0 && most > 0 && n < this.#unsent; n++) {
      if (this.#states[n % this.#capacity] !== LOST) continue;
      this.#lost--;
      this.resent++;
      this.#send(n, packets, now);
      most--;
    }
    for (; most > 0 && this.#unsent < this.#staged; most--) this.#send(this.#unsent++, packets, now);
    if (isGrouped) packets.group();
    if (!this.#isSequential) this.#ring.stamp(packets);
  }

  #send(sequence: number, packets: DatagramList, now: number): void {
    const n = sequence % this.#capacity;
    this.#states[n] = IN_FLIGHT;
    this.#ring.sentAt[n] = now;
    this.#gauge.noteSent(this.#ring.tries[n]! > 0, now);
    if (this.#ring.tries[n] === 0) this.#ring.copiedAt[n] = now;
    this.#ring.tries[n]!++;
    this.#suspects.clear(n);
    if (this.#isSequential) this.#noteOrder(sequence, now);
    this.#inFlight++;
    this.sent++;
    this.#ring.add(n, packets);
  }

  /** The device takes no later request before one that the NIC lacks, whenever they were sent. */
  #noteOrder(sequence: number, now: number): void {
    const end = sequence < this.#taken ? sequence + 1 : this.#unsent;
    for (let n = sequence; n < end; n++) this.#dueAt[n % this.#capacity] = now;
  }

  /**
   * Takes a report of the NIC on a sequential flow. A request that it lacks while it holds a later one is lost, unless it
   * arrives within the variation of the path. A request without answers has arrived once the NIC has taken it.
   *
   * @param first First request that the NIC lacks.
   * @param bitmap Bit n is set if it holds request `first` + n.
   * @param now Time in milliseconds.
   * @returns Whether the report is newer than the last one.
   */
  hold(first: number, bitmap: Uint8Array, now: number): boolean {
    if (!this.#isSequential || first > this.#unsent) return false;
    // That the NIC has taken more may be known from an answer, which does not show these.
    const { arrived, timeouts } = this;
    this.#arriveWithoutAnswers(first);
    if (this.arrived > arrived) this.#noteProgress(now);
    if (first < this.#taken) return this.arrived > arrived;
    const end = Math.min(this.#unsent, first + 8 * bitmap.length);
    const holds = (n: number) => n > first && ((bitmap[(n - first) >> 3]! >> ((n - first) & 7)) & 1) === 1;
    let count = 0, newest = -Infinity, last = first;
    for (let n = first; n < end; n++) if (holds(n)) [count, last] = [count + 1, n];
    if (first === this.#taken && count <= this.#heldCount) return this.arrived > arrived;
    this.#noteTaken(first);
    this.#heldCount = count;
    this.#noteProgress(now);
    const from = Math.max(this.#taken, this.#first);
    for (let n = from; n <= last && n < end; n++) {
      const slot = n % this.#capacity;
      if (!holds(n)) continue;
      newest = Math.max(newest, this.#ring.sentAt[slot]!);
      this.#hold(slot);
    }
    this.#gauge.measureHeld(now, newest, timeouts);
    for (let n = from; n < last; n++) {
      const slot = n % this.#capacity, sentAt = this.#ring.sentAt[slot]!;
      if (!holds(n) && sentAt <= newest) this.#suspect(slot, sentAt, newest, now);
    }
    return true;
  }

  /** Takes a request off the path, because the NIC holds it until an earlier one arrives. */
  #hold(slot: number): void {
    const state = this.#states[slot];
    if (state === IN_FLIGHT) this.#inFlight--;
    else if (state === LOST) this.#lost--;
    else return;
    this.#states[slot] = HELD;
  }

  /**
   * Takes note that the NIC has given all requests before `end` to the device, and with them those that it held behind.
   * They are back on the path: their answers travel.
   */
  #noteTaken(end: number): void {
    if (end <= this.#taken) return;
    let n = Math.max(end, this.#first);
    while (n < this.#unsent && this.#states[n % this.#capacity] === HELD) n++;
    this.#release(n);
    [this.#taken, this.#heldCount] = [n, 0];
  }

  /** Puts held requests before `end` back on the path. */
  #release(end: number): void {
    for (let n = this.#first; n < end; n++) {
      const slot = n % this.#capacity;
      if (this.#states[slot] !== HELD) continue;
      this.#states[slot] = IN_FLIGHT;
      this.#inFlight++;
    }
  }

  #arriveWithoutAnswers(end: number): void {
    if (this.#answersOf === undefined) return;
    for (let n = this.#first; n < end; n++) {
      if (this.#answersOf[n] === 0) this.#arrive(n % this.#capacity);
    }
    this.#advance();
  }

  /** Marks requests as lost that did not arrive in the time that the path's variation leaves them. */
  #loseSuspects(now: number): void {
    if (now < this.#suspects.nextAt) return;
    this.#suspects.nextAt = Infinity;
    for (let n = this.#first; n < this.#unsent; n++) {
      const slot = n % this.#capacity;
      if (this.#states[slot] !== IN_FLIGHT || !this.#suspects.isLost(slot, now)) continue;
      this.#lose(slot);
      this.#ring.losses[slot]!++;
    }
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
    let count = 0, last = -1, measured = -Infinity, copied = -Infinity;
    const ring = this.#ring;
    for (let n = this.#first, slot = ring.slotOf(n); n < end; n++, slot = ring.behind(slot)) {
      const bit = n - first;
      if (n >= until && (bit < 0 || ((bitmap[bit >> 3]! >> (bit & 7)) & 1) === 0)) continue;
      const isInFlight = this.#states[slot] === IN_FLIGHT;
      if (!this.#arrive(slot)) continue;
      count++;
      last = n;
      const dueAt = this.#dueAt[slot]!;
      copied = Math.max(copied, this.#ring.copiedAt[slot]!);
      const isRepeat = this.#ring.tries[slot]! > 1;
      const isAmbiguous = isRepeat || dueAt !== this.#ring.sentAt[slot];
      // An acknowledgement that comes at once is one of the copy that was sent first.
      const isOfFirst = isAmbiguous && now - dueAt < this.#path.smoothedMs / 2;
      if (this.#ring.losses[slot]! > 0 && (isOfFirst || !isRepeat)) this.#path.noteReordering();
      if (isOfFirst) continue;
      this.#order.note(n, dueAt);
      // The round trip of a request that was repeated or held is ambiguous. That of a lost one has the timeout in it.
      if (!isAmbiguous && isInFlight) measured = Math.max(measured, dueAt);
    }
    if (count === 0) return 0;
    this.#gauge.measure(now, measured, copied, this.timeouts);
    this.#noteProgress(now);
    this.#advance();
    // The device takes requests in order, so it has taken those before one that is answered.
    if (this.#isSequential) this.#noteTaken(Math.max(last + 1, this.#first));
    this.#findLost(now);
    return count;
  }

  #noteProgress(now: number): void {
    this.progressAt = this.#lastEvent = now;
    this.timeouts = 0;
    this.#gauge.noteProgress();
  }

  /** Marks a request as arrived. Returns whether that is new. */
  #arrive(slot: number): boolean {
    const state = this.#states[slot];
    if (state === ARRIVED) return false;
    if (state === IN_FLIGHT) this.#inFlight--;
    else if (state === LOST) this.#lost--;
    this.#states[slot] = ARRIVED;
    this.arrived++;
    this.losses += this.#ring.losses[slot]!;
    return true;
  }

  #advance(): void {
    const ring = this.#ring;
    let slot = ring.slotOf(this.#first);
    for (; this.#first < this.#unsent && this.#states[slot] === ARRIVED; this.#first++) {
      slot = ring.behind(slot);
    }
  }

  /** Finds requests that were sent before one that has arrived. They are lost at once, or if they do not arrive soon. */
  #findLost(now: number): void {
    const ring = this.#ring;
    for (let n = this.#first, slot = ring.slotOf(n); n < this.#unsent; n++, slot = ring.behind(slot)) {
      if (this.#states[slot] !== IN_FLIGHT) continue;
      const dueAt = this.#dueAt[slot]!;
      if (this.#order.isPassed(n, dueAt)) this.#suspect(slot, dueAt, this.#order.newest, now);
    }
    this.#loseSuspects(now);
  }

  #suspect(slot: number, dueAt: number, newest: number, now: number): void {
    if (this.#states[slot] !== IN_FLIGHT) return;
    const { reorderMs, isReordering } = this.#path;
    const isBehind = !this.#isSequential && !isReordering && dueAt < this.#order.third;
    const at = isBehind || dueAt < newest - reorderMs ? now : now + reorderMs;
    this.#suspects.add(slot, at);
  }

  #lose(slot: number): void {
    this.#states[slot] = LOST;
    this.#inFlight--;
    this.#lost++;
  }

  /**
   * Marks requests as lost if the timeout has passed. The first times it is the oldest ones in flight only: their repeats
   * bring a report, which names the others, where merely a report was lost, or a host was busy. After further timeouts it
   * is all of them.
   *
   * @returns Whether all requests were marked.
   */
  expire(now: number): boolean {
    this.#loseSuspects(now);
    if (now < this.#timeoutAt) return false;
    this.timeouts++;
    this.#lastEvent = now;
    if (this.#inFlight === 0) this.#release(this.#unsent);
    const isLong = this.timeouts > 2;
    if (isLong) this.loseAll();
    else this.#loseOldest(this.timeouts > 1 ? MORE_PROBES : this.#isSequential ? PROBES : 1);
    return isLong;
  }

  #loseOldest(count: number): void {
    for (let n = this.#first; n < this.#unsent && count > 0; n++) {
      const slot = n % this.#capacity;
      if (this.#states[slot] !== IN_FLIGHT) continue;
      this.#lose(slot);
      count--;
    }
  }

  /** Marks all requests in flight as lost, because the device that held them is gone. */
  loseAll(): void {
    for (let n = this.#first; n < this.#unsent; n++) {
      const slot = n % this.#capacity;
      if (this.#states[slot] === IN_FLIGHT) this.#lose(slot);
    }
  }
}
