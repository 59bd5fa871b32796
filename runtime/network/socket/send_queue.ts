/**
 * Send queue of a Linux socket: batches leave in order, at once if there is room, else after a bounded wait.
 *
 * @module
 */

import type { Address } from "../address.ts";
import { checkBatch, type DatagramBatch } from "./batch.ts";
import type { DatagramCounts } from "./contract.ts";
import type { SendRing } from "./send_ring.ts";
import type { SocketAddresses } from "./socket_address.ts";

/** Milliseconds that a send waits for room before what is left counts as failed. */
const WAIT_MS = 100;
/** Milliseconds between tries while the system lacks memory. */
const BUSY_MS = 1;
const DONE: Promise<void> = Promise.resolve();

/** Batches that are being sent. */
export class SendQueue {
  readonly #ring: SendRing;
  readonly #addresses: SocketAddresses;
  readonly #counts: DatagramCounts;
  readonly #waitForRoom: () => void;
  #tail: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #isBusy = false;
  #isClosed = false;

  /**
   * Makes an empty queue.
   *
   * @param ring Sends.
   * @param addresses Converter of addresses.
   * @param counts Counts of the socket.
   * @param waitForRoom Arms the socket, so that {@linkcode wake} is called once there is room.
   */
  constructor(ring: SendRing, addresses: SocketAddresses, counts: DatagramCounts, waitForRoom: () => void) {
    this.#ring = ring;
    this.#addresses = addresses;
    this.#counts = counts;
    this.#waitForRoom = waitForRoom;
  }

  /** Sends a batch; see {@linkcode DatagramSocket.send}. */
  send(batch: DatagramBatch, to: Address): Promise<void> {
    if (this.#isClosed) return DONE;
    // Later datagrams do not overtake those that wait.
    if (this.#tail !== undefined) return this.#append(this.#tail.then(() => this.#sendRest(batch, 0, to)));
    let at: number;
    try {
      at = this.#sendNow(batch, 0, to);
    } catch (error) {
      return Promise.reject(error);
    }
    return at === batch.count ? DONE : this.#append(this.#sendRest(batch, at, to));
  }

  #append(sending: Promise<void>): Promise<void> {
    const tail = sending.catch(() => {}).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return sending;
  }

  /** Sends until the socket is full, and returns the first datagram that is left. */
  #sendNow(batch: DatagramBatch, from: number, to: Address): number {
    // The caller may have changed the batch while it waited.
    checkBatch(batch);
    const name = this.#addresses.tryEncode(to);
    const counts = this.#counts;
    this.#isBusy = false;
    if (name === undefined) {
      counts.failed += batch.count - from;
      return batch.count;
    }
    let at = from;
    while (at < batch.count) {
      const result = this.#ring.send(batch, at, name);
      const end = at + this.#ring.count;
      if (result === "sent") {
        counts.sent += end - at;
        for (let n = at; n < end; n++) counts.sentBytes += batch.lengths[n]!;
      } else if (result === "refused") counts.failed += end - at;
      else {
        this.#isBusy = result === "busy";
        break;
      }
      at = end;
    }
    return at;
  }

  async #sendRest(batch: DatagramBatch, from: number, to: Address): Promise<void> {
    let at = from;
    let deadline = performance.now() + WAIT_MS;
    while (!this.#isClosed) {
      const next = this.#sendNow(batch, at, to);
      if (next === batch.count) return;
      const now = performance.now();
      if (next > at) deadline = now + WAIT_MS;
      at = next;
      if (now >= deadline) break;
      await this.#room(this.#isBusy ? BUSY_MS : deadline - now);
    }
    this.#counts.failed += batch.count - at;
  }

  #room(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      if (!this.#isBusy) this.#waitForRoom();
    });
  }

  /** Continues, because there is room. */
  wake(): void {
    this.#wake?.();
  }

  /** Ends the waits; what is left counts as failed. Resolves once no batch is used any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.wake();
    await this.#tail;
  }
}
