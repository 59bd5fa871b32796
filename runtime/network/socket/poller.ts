/**
 * Poller: one thread that waits for all Linux sockets of this process, so that idle sockets take no processor time and
 * no thread each.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pointer } from "../../device/xrt/binding/native.ts";
import { callError, type Libc } from "./libc.ts";

/** Events of a socket: data has arrived, or there is room to send. */
export const READABLE = 1, WRITABLE = 4;

const EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
/** One event disarms a socket. */
const EPOLLONESHOT = 2 ** 30;
/** Close in child processes, and do not block: for epoll and eventfd alike. */
const CLOEXEC = 0o2000000, NONBLOCK = 0o4000;
/** Events of one wait. */
const MAX_EVENTS = 32;
/** Milliseconds of one wait. A thread whose worker was ended leaves after it. */
const WAIT_MS = 30_000;
/** `struct epoll_event` is packed on x86-64 alone. */
const EVENT = process.arch === "x64" ? { bytes: 12, data: 4 } : { bytes: 16, data: 8 };

/** Takes the events of a socket. */
export type OnEvents = (events: number) => void;

/** Waits for sockets until the last one is removed. */
export class Poller {
  static #shared: Poller | undefined;
  readonly #libc: Libc;
  readonly #watched = new Map<number, OnEvents>();
  readonly #epoll: number;
  readonly #wake: number;
  // The thread writes there, so it must outlive this realm.
  readonly #memory: Pointer;
  readonly #events: DataView<ArrayBuffer>;
  readonly #request = new Uint8Array(new ArrayBuffer(16));
  readonly #requestView = new DataView(this.#request.buffer);
  readonly #running: Promise<void>;
  #isStopping = false;

  private constructor(libc: Libc) {
    this.#libc = libc;
    const { calls, provider } = libc;
    this.#epoll = calls.epoll_create1(CLOEXEC);
    if (this.#epoll < 0) throw callError(libc, "wait for sockets");
    this.#wake = calls.eventfd(0, CLOEXEC | NONBLOCK);
    if (this.#wake < 0) {
      const error = callError(libc, "wait for sockets");
      calls.close(this.#epoll);
      throw error;
    }
    this.#memory = calls.malloc(BigInt(MAX_EVENTS * EVENT.bytes))!;
    this.#events = new DataView(provider.view(this.#memory, MAX_EVENTS * EVENT.bytes));
    this.#control(EPOLL_CTL_ADD, this.#wake, READABLE);
    // The thread uses the library until it ends.
    libc.share();
    this.#running = this.#run();
  }

  /**
   * Adds a socket to the poller of this realm. It is not armed.
   *
   * @param libc C library.
   * @param socket File descriptor.
   * @param onEvents Called with the events of each arming.
   * @throws {OnpathError} `device` if the system refuses.
   */
  static add(libc: Libc, socket: number, onEvents: OnEvents): Poller {
    const poller = Poller.#shared ??= new Poller(libc);
    poller.#watched.set(socket, onEvents);
    if (poller.#control(EPOLL_CTL_ADD, socket, EPOLLONESHOT) < 0) {
      const error = callError(libc, "wait for a socket");
      void poller.remove(socket);
      throw error;
    }
    return poller;
  }

  /** Waits for events of a socket, once. */
  arm(socket: number, events: number): void {
    this.#control(EPOLL_CTL_MOD, socket, events | EPOLLONESHOT);
  }

  /** Removes a socket. After the last one, the promise resolves once the thread has ended. */
  async remove(socket: number): Promise<void> {
    this.#watched.delete(socket);
    this.#control(EPOLL_CTL_DEL, socket, 0);
    if (this.#watched.size > 0) return;
    this.#isStopping = true;
    if (Poller.#shared === this) Poller.#shared = undefined;
    this.#libc.calls.write(this.#wake, new Uint8Array(BigUint64Array.of(1n).buffer), 8n);
    await this.#running;
  }

  #control(operation: number, socket: number, events: number): number {
    this.#requestView.setUint32(0, events, true);
    this.#requestView.setUint32(EVENT.data, socket, true);
    return this.#libc.calls.epoll_ctl(this.#epoll, operation, socket, this.#request);
  }

  async #run(): Promise<void> {
    const { calls, tasks } = this.#libc;
    while (!this.#isStopping) {
      const count = await tasks.epoll_wait(this.#epoll, this.#memory, MAX_EVENTS, WAIT_MS);
      // A signal may end a wait early.
      if (count < 0) await sleep(1);
      for (let n = 0; n < count; n++) {
        const at = n * EVENT.bytes;
        const socket = this.#events.getUint32(at + EVENT.data, true);
        // A socket may have been removed since.
        this.#watched.get(socket)?.(this.#events.getUint32(at, true));
      }
    }
    calls.close(this.#wake);
    calls.close(this.#epoll);
    calls.free(this.#memory);
    this.#libc.close();
  }
}
