/**
 * Receiver without a NIC: it puts the raw bytes of inputs together and computes the results itself.
 *
 * @module
 */

import type { Address } from "../../../runtime/network/address.ts";
import type { DatagramSocket } from "../../../runtime/network/datagram.ts";
import { batchOf, type ReceivedBatch } from "../../../runtime/network/socket/batch.ts";
import { DATA_HEAD, datagramCount, encodePlainReport, MAX_INPUT_BYTES } from "./datagrams.ts";

/** Milliseconds after which a report is sent at the latest, as in the receiver behind a NIC. */
const REPORT_MS = 1;
/** Inputs that are remembered as served, so that a lost report can be repeated. */
const REMEMBERED = 256;
/** Inputs that may be open at once. */
const MAX_OPEN = 64;
/** Bitmap of a report that needs none. */
const NOTHING = new Uint8Array(0);

interface Open {
  readonly input: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly arrived: Uint8Array;
  readonly count: number;
  readonly from: Address;
  missing: number;
  first: number;
  end: number;
  unreported: number;
}

/** Inputs of a receiver without a NIC. */
export class PlainReceiver {
  socket: DatagramSocket | undefined;
  readonly #datagramBytes: number;
  readonly #reportEvery: number;
  readonly #serve: (bytes: Uint8Array<ArrayBuffer>, input: number) => void | Promise<void>;
  readonly #open = new Map<number, Open>();
  readonly #served = new Map<number, number>();
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  readonly #dirty = new Set<Open>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes a receiver without open inputs.
   *
   * @param datagramBytes Maximum bytes of a datagram, as the sender has it.
   * @param reportEvery Datagrams after which a report is sent at once.
   * @param serve Computes the result of an input. The memory is used again once it has ended.
   */
  constructor(
    datagramBytes: number,
    reportEvery: number,
    serve: (bytes: Uint8Array<ArrayBuffer>, input: number) => void | Promise<void>,
  ) {
    this.#datagramBytes = datagramBytes;
    this.#reportEvery = reportEvery;
    this.#serve = serve;
  }

  /** Takes datagrams of senders. */
  take({ bytes, count, offsets, lengths, sources }: ReceivedBatch): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let n = 0; n < count; n++) {
      if (lengths[n]! > DATA_HEAD) this.#take(bytes, view, offsets[n]!, lengths[n]!, sources[n]!);
    }
  }

  #take(bytes: Uint8Array, view: DataView, at: number, length: number, from: Address): void {
    const input = view.getUint32(at, true), sequence = view.getUint32(at + 4, true);
    const served = this.#served.get(input);
    if (served !== undefined) return this.#send(encodePlainReport(input, served, 0, NOTHING, true), from);
    const state = this.#open.get(input) ?? this.#begin(input, view.getUint32(at + 8, true), from);
    if (state === undefined || sequence >= state.count) return;
    if (state.arrived[sequence] === 0) {
      this.#place(state, sequence, bytes.subarray(at + DATA_HEAD, at + length));
    }
    if (++state.unreported >= this.#reportEvery || state.missing === 0) this.#report(state);
    else {
      this.#dirty.add(state);
      this.#timer ??= setTimeout(() => this.#reportAll(), REPORT_MS);
    }
  }

  #begin(input: number, total: number, from: Address): Open | undefined {
    if (total === 0 || total > MAX_INPUT_BYTES || this.#open.size >= MAX_OPEN) return undefined;
    const count = datagramCount(total, this.#datagramBytes);
    const known = this.#free.findIndex(({ length }) => length === total);
    const bytes = known < 0 ? new Uint8Array(total) : this.#free.splice(known, 1)[0]!;
    const state: Open = {
      input,
      bytes,
      arrived: new Uint8Array(count),
      count,
      from,
      missing: count,
      first: 0,
      end: 0,
      unreported: 0,
    };
    this.#open.set(input, state);
    return state;
  }

  #place(state: Open, sequence: number, payload: Uint8Array): void {
    const { bytes, arrived } = state, most = this.#datagramBytes - DATA_HEAD, at = sequence * most;
    if (payload.length !== Math.min(most, bytes.length - at)) return;
    bytes.set(payload, at);
    arrived[sequence] = 1;
    state.end = Math.max(state.end, sequence + 1);
    while (arrived[state.first] === 1) state.first++;
    if (--state.missing === 0) void this.#finish(state);
  }

  async #finish({ input, bytes, count, from }: Open): Promise<void> {
    // The report of the last datagram leaves first.
    await Promise.resolve();
    await this.#serve(bytes, input);
    this.#open.delete(input);
    this.#served.set(input, count);
    if (this.#served.size > REMEMBERED) this.#served.delete(this.#served.keys().next().value!);
    if (this.#free.length < MAX_OPEN) this.#free.push(bytes);
    this.#send(encodePlainReport(input, count, 0, NOTHING, true), from);
  }

  #reportAll(): void {
    this.#timer = undefined;
    for (const state of [...this.#dirty]) this.#report(state);
  }

  #report(state: Open): void {
    const { input, first, end, arrived, from } = state;
    state.unreported = 0;
    this.#dirty.delete(state);
    this.#send(encodePlainReport(input, first, end, arrived, false), from);
  }

  #send(report: Uint8Array, to: Address): void {
    void this.socket!.send(batchOf([report]), to);
  }

  /** Ends the timer. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
