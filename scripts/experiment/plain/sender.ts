/**
 * Sender without a NIC: raw bytes of inputs in datagrams, within a window, repeated after a timeout.
 *
 * @module
 */

import { yieldToEventLoop } from "../../../runtime/device/serial.ts";
import type { Address } from "../../../runtime/network/address.ts";
import type { DatagramSocket } from "../../../runtime/network/datagram.ts";
import { RoundTrip } from "../../../runtime/network/round_trip.ts";
import { batchOf, DatagramList } from "../../../runtime/network/socket/batch.ts";
import { cutInput, datagramCount, decodePlainReport } from "./datagrams.ts";

/** Datagrams in one call of the socket, at most. */
const TURN = 64;
/** Consecutive timeouts after which an input fails. */
const MAX_TIMEOUTS = 12;
/** Milliseconds after which the result of an input is asked for again. */
const PROBE_MS = 1000;

interface Sending {
  readonly input: number;
  readonly count: number;
  readonly lastBytes: number;
  readonly arrived: Uint8Array;
  readonly sentAt: Float64Array;
  next: number;
  first: number;
  inFlight: number;
  timeouts: number;
  lastEvent: number;
  hasResent: boolean;
}

/** Inputs of a sender without a NIC. One is sent at a time; several may be computed at once. */
export class PlainSender {
  /** Datagrams sent again. */
  resent = 0;
  readonly #socket: DatagramSocket;
  readonly #to: Address;
  readonly #window: number;
  readonly #datagramBytes: number;
  readonly #path = new RoundTrip();
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
      arrived: new Uint8Array(count),
      sentAt: new Float64Array(count),
      next: 0,
      first: 0,
      inFlight: 0,
      timeouts: 0,
      lastEvent: performance.now(),
      hasResent: false,
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

  /** Lists the datagrams to send now. */
  #fill(state: Sending, most: number): void {
    const list = this.#list, now = performance.now(), { count, lastBytes } = state;
    list.clear();
    if (state.inFlight === 0) state.lastEvent = now;
    for (; list.count < most && state.next < count; state.next++) {
      if (state.arrived[state.next] === 1) continue;
      list.add(
        state.next * this.#datagramBytes,
        state.next === count - 1 ? lastBytes : this.#datagramBytes,
      );
      if (state.sentAt[state.next]! > 0) this.resent++;
      state.sentAt[state.next] = now;
      state.inFlight++;
    }
  }

  /** Waits for a report. After a timeout, all datagrams that have not arrived are sent again. */
  #wait(state: Sending): Promise<void> {
    const ms = Math.max(1, state.lastEvent + this.#path.timeoutMs - performance.now());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wake = undefined;
        this.#path.backOff();
        if (++state.timeouts > MAX_TIMEOUTS) {
          reject(new Error(`Cannot send input ${state.input}: its datagrams stay unacknowledged`));
          return;
        }
        state.next = state.first;
        state.inFlight = 0;
        state.hasResent = true;
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
    const count = acknowledge(state, report.first, report.bitmap);
    if (count === 0) return;
    const now = performance.now();
    // The round trip of a repeated datagram is ambiguous.
    if (!state.hasResent) this.#path.measure(now - state.sentAt[Math.max(0, report.first - 1)]!);
    this.#path.progress();
    state.timeouts = 0;
    state.lastEvent = now;
    this.#wake?.();
  }
}

/** Marks what a report acknowledges. Returns the number of datagrams that it acknowledges for the first time. */
function acknowledge(state: Sending, first: number, bitmap: Uint8Array): number {
  let count = 0;
  const mark = (sequence: number) => {
    if (state.arrived[sequence] !== 0) return;
    state.arrived[sequence] = 1;
    count++;
    if (sequence < state.next) state.inFlight = Math.max(0, state.inFlight - 1);
  };
  for (let n = state.first; n < Math.min(first, state.arrived.length); n++) mark(n);
  for (let n = 0; n < 8 * bitmap.length; n++) {
    if (((bitmap[n >> 3]! >> (n & 7)) & 1) === 1) mark(first + n);
  }
  while (state.arrived[state.first] === 1) state.first++;
  return count;
}
