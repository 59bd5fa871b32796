/**
 * A control connection that is opened again after it has ended, such as when a NIC is restarted.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import type { Channel } from "./channel.ts";

/** Milliseconds before the first attempt to connect again; each failure doubles them. */
const FIRST_PAUSE_MS = 25;
/** Maximum milliseconds between attempts. */
const MAX_PAUSE_MS = 1000;

/** A connection that is kept open. */
export class Reconnecting {
  readonly #connect: (signal: AbortSignal) => Promise<Channel>;
  readonly #what: string;
  readonly #controller = new AbortController();
  #current: Channel | undefined;
  #opening: Promise<Channel>;

  private constructor(what: string, first: Channel, connect: (signal: AbortSignal) => Promise<Channel>) {
    this.#what = what;
    this.#connect = connect;
    this.#opening = Promise.resolve(first);
    this.#keep(first);
  }

  /**
   * Opens a connection. The first attempt must succeed.
   *
   * @param what Name of the other end in messages.
   * @param connect Opens a channel and registers there what the other end must know.
   * @param wait Timeout and signal of the first attempt.
   * @throws {OnpathError} As `connect`.
   */
  static async open(
    what: string,
    connect: (wait: WaitOptions) => Promise<Channel>,
    wait: WaitOptions,
  ): Promise<Reconnecting> {
    return new Reconnecting(what, await connect(wait), (signal) => connect({ signal, timeoutMs: 5000 }));
  }

  #keep(channel: Channel): void {
    this.#current = channel;
    void channel.ended.then(() => {
      this.#current = undefined;
      if (this.#controller.signal.aborted) return;
      this.#opening = this.#reopen();
      // `ready` reports the failure; nothing may wait for it now.
      this.#opening.catch(() => {});
    });
  }

  async #reopen(): Promise<Channel> {
    const { signal } = this.#controller;
    for (let pause = FIRST_PAUSE_MS;; pause = Math.min(MAX_PAUSE_MS, 2 * pause)) {
      await sleep(pause, signal);
      signal.throwIfAborted();
      try {
        const channel = await this.#connect(signal);
        if (signal.aborted) channel.close();
        else this.#keep(channel);
        return channel;
      } catch (error) {
        // The other end is not back yet. Whoever waits has a timeout.
        if (!(error instanceof OnpathError)) throw error;
      }
    }
  }

  /** The open connection, if there is one. */
  get current(): Channel | undefined {
    return this.#current;
  }

  /**
   * Waits for an open connection.
   *
   * @throws {OnpathError} `timeout`; `device` after `close`; the signal's reason.
   */
  async ready(wait: WaitOptions): Promise<Channel> {
    return this.#current ?? await bounded(`a connection to ${this.#what}`, this.#opening, wait);
  }

  /** Closes the connection and ends all attempts. */
  close(): void {
    this.#controller.abort(new OnpathError("device", `Cannot use ${this.#what}: the connection was closed`));
    this.#current?.close();
  }
}

/** Waits for some milliseconds, or until the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
  });
}
