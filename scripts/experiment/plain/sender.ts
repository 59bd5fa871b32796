/**
 * Sender without a NIC: raw bytes of inputs in datagrams, within a window, repeated if they are lost.
 *
 * @module
 */

import { yieldToEventLoop } from "../../../runtime/device/serial.ts";
import type { Address } from "../../../runtime/network/address.ts";
import type { DatagramSocket } from "../../../runtime/network/datagram.ts";
import { batchOf, DatagramList } from "../../../runtime/network/socket/batch.ts";
import { cutInput, datagramCount, decodePlainReport } from "./datagrams.ts";

/** Datagrams in one call of the socket, at most. */
const TURN = 64;
/** Milliseconds without an acknowledgement after which a datagram is sent again, as in Linux's TCP; then doubled. */
const TIMEOUT_MS = 200;
/** Consecutive timeouts after which an input fails. */
const MAX_TIMEOUTS = 6;
/** States of a datagram. */
const IN_FLIGHT = 1, LOST = 2, ARRIVED = 3;
/** Milliseconds after which the result of an input is asked for again. */
const PROBE_MS = 1000;

interface Sending {
  readonly input: number;
  readonly count: number;
  readonly lastBytes: number;
  readonly states: Uint8Array;
  // Times that each datagram was sent.
  readonly tries: Uint8Array;
  // First datagram that has not arrived, and first one never sent.
  first: number;
  next: number;
  inFlight: number;
  lost: number;
  newest: number;
  timeouts: number;
  lastEvent: number;
}

/** Inputs of a sender without a NIC. One is sent at a time; several may be computed at once. */
export class PlainSender {
  /** Datagrams sent again. */
  resent = 0;
  readonly #socket: DatagramSocket;
  readonly #to: Address;
  readonly #window: number;
  readonly #datagramBytes: number;
  readonly #served = new Map<number, () => void>();
  #turn: Promise<void> = Promise.resolve();
  readonly #list = new DatagramList(new Uint8Array(0));
  #sending: Sending | undefined;
  #wake: (() => void) | undefined;
  #nextInput = 0;

  /**
   * Makes a sender.
   *
   * @param socket Open socket, whose datagrams go to `take`.
   * @param to Address of the receiver.
   * @param window Datagrams in flight.
   * @param datagramBytes Maximum bytes of a datagram.
   */
  constructor(socket: DatagramSocket, to: Address, window: number, datagramBytes: number) {
    this.#socket = socket;
    this.#to = to;
    this.#window = window;
    this.#datagramBytes = datagramBytes;
  }

  /**
   * Sends an input.
   *
   * @returns Resolves once the receiver has computed the result.
   * @throws {Error} If it stays unacknowledged.
   */
  async send(bytes: Uint8Array): Promise<void> {
    const input = this.#nextInput++;
    const served = new Promise<void>((resolve) => this.#served.set(input, resolve));
    const mine = this.#turn.then(() => this.#sendOne(input, bytes));
    this.#turn = mine.then(() => {}, () => {});
    const last = batchOf([await mine]);
    const probe = setInterval(() => void this.#socket.send(last, this.#to), PROBE_MS);
    try {
      await served;
    } finally {
      clearInterval(probe);
    }
  }

  /** Sends all datagrams of an input and returns a copy of the last one. */
  async #sendOne(input: number, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const list = this.#list, most = this.#datagramBytes;
    const needed = datagramCount(bytes.length, most) * most;
    if (list.bytes.length < needed) list.bytes = new Uint8Array(needed);
    const { count, lastBytes } = cutInput(input, bytes, most, list.bytes);
    const state: Sending = this.#sending = {
      input,
      count,
      lastBytes,
      states: new Uint8Array(count),
      tries: new Uint8Array(count),
      first: 0,
      next: 0,
      inFlight: 0,
      lost: 0,
      newest: -1,
      timeouts: 0,
      lastEvent: performance.now(),
    };
    while (state.first < count) {
      this.#fill(state, Math.min(TURN, this.#window - state.inFlight));
      if (list.count > 0) {
        await this.#socket.send(list, this.#to);
        await yieldToEventLoop();
      } else await this.#wait(state);
    }
    this.#sending = undefined;
    return list.bytes.slice((count - 1) * most, (count - 1) * most + lastBytes);
  }

  /** Lists the datagrams to send now, lost ones first. */
  #fill(state: Sending, most: number): void {
    const list = this.#list, now = performance.now();
    list.clear();
    if (state.inFlight === 0) state.lastEvent = now;
    for (let n = state.first; state.lost > 0 && list.count < most; n++) {
      if (state.states[n] !== LOST) continue;
      state.lost--;
      this.resent++;
      this.#add(state, n);
    }
    while (list.count < most && state.next < state.count) this.#add(state, state.next++);
  }

  #add(state: Sending, sequence: number): void {
    const { count, lastBytes, states } = state;
    states[sequence] = IN_FLIGHT;
    state.inFlight++;
    state.tries[sequence]!++;
    this.#list.add(
      sequence * this.#datagramBytes,
      sequence === count - 1 ? lastBytes : this.#datagramBytes,
    );
  }

  /** Waits for a report. After a timeout the first missing datagram is lost, and its report names the others. */
  #wait(state: Sending): Promise<void> {
    const ms = Math.max(1, state.lastEvent + TIMEOUT_MS * 2 ** state.timeouts - performance.now());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        if (++state.timeouts > MAX_TIMEOUTS) {
          reject(new Error(`Cannot send input ${state.input}: its datagrams stay unacknowledged`));
          return;
        }
        if (state.states[state.first] === IN_FLIGHT) lose(state, state.first);
        resolve();
      }, ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Takes a datagram of the receiver. */
  take(bytes: Uint8Array): void {
    const report = decodePlainReport(bytes);
    if (report === undefined) return;
    if (report.isServed) {
      this.#served.get(report.input)?.();
      this.#served.delete(report.input);
    }
    const state = this.#sending;
    if (state?.input !== report.input) return;
    if (!acknowledge(state, report.first, report.bitmap)) return;
    state.timeouts = 0;
    state.lastEvent = performance.now();
    this.#wake?.();
  }
}

function lose(state: Sending, sequence: number): void {
  state.states[sequence] = LOST;
  state.inFlight--;
  state.lost++;
}

/**
 * Marks what a report acknowledges. A datagram that was sent once, before one that has arrived, is lost, because
 * loopback keeps their order. One that was sent twice is lost after a timeout only.
 *
 * @returns Whether anything is acknowledged for the first time.
 */
function acknowledge(state: Sending, first: number, bitmap: Uint8Array): boolean {
  const { states, tries } = state;
  let isNew = false;
  const mark = (sequence: number) => {
    if (states[sequence] !== IN_FLIGHT && states[sequence] !== LOST) return;
    if (states[sequence] === LOST) state.lost--;
    else state.inFlight--;
    states[sequence] = ARRIVED;
    isNew = true;
    if (tries[sequence] === 1) state.newest = Math.max(state.newest, sequence);
  };
  for (let n = state.first; n < Math.min(first, state.next); n++) mark(n);
  for (let n = 0; n < 8 * bitmap.length; n++) {
    if (((bitmap[n >> 3]! >> (n & 7)) & 1) === 1) mark(first + n);
  }
  while (states[state.first] === ARRIVED) state.first++;
  for (let n = state.first; n < state.newest; n++) {
    if (states[n] === IN_FLIGHT && tries[n] === 1) lose(state, n);
  }
  return isNew;
}
