/**
 * Waiting that always ends: a timeout, an AbortSignal, and nothing left behind.
 *
 * @module
 */

import { OnpathError } from "./errors.ts";

/** How long to wait, and what ends the wait. */
export interface WaitOptions {
  /** Longest wait in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Longest wait where none is given, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** Longest wait that a timer can keep, in milliseconds (24.8 days). */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/** Somebody who waits. */
export interface Waiter {
  /** What is waited for has happened. */
  readonly resolve: () => void;
  /** It never will. */
  readonly reject: (error: unknown) => void;
}

/**
 * Waits as a member of a set of waiters.
 *
 * @param what What is waited for, as it stands in the message.
 * @param waiters The set; the waiter is a member exactly while it waits.
 * @param options How long, and a signal.
 * @throws {OnpathError} `timeout`; or the signal's reason; or what the waiter is rejected with.
 */
export function waitFor(what: string, waiters: Set<Waiter>, options: WaitOptions): Promise<void> {
  return within(what, options, (resolve, reject) => {
    const waiter: Waiter = { resolve, reject };
    waiters.add(waiter);
    return () => waiters.delete(waiter);
  });
}

/**
 * Bounds a promise by a timeout and a signal. What the promise does later is ignored.
 *
 * @param what What is waited for, as it stands in the message.
 * @param promise The promise.
 * @param options How long, and a signal.
 * @returns The promise's value.
 * @throws {OnpathError} `timeout`; or the signal's reason; or what the promise rejects with.
 */
export function bounded<T>(what: string, promise: Promise<T>, options: WaitOptions): Promise<T> {
  // A wait that is refused below listens to nothing, and the work has begun: its failure is handled here.
  Promise.resolve(promise).catch(() => {});
  return within<T>(what, options, (resolve, reject) => {
    Promise.resolve(promise).then(resolve, reject);
    return () => {};
  });
}

function within<T>(
  what: string,
  options: WaitOptions,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  if (!(timeoutMs >= 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw new OnpathError(
      "size",
      `Cannot wait ${timeoutMs} ms for ${what}: expected 0 to ${MAX_TIMEOUT_MS}`,
      { timeoutMs },
    );
  }
  signal?.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      stop();
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const abort = () => fail(signal!.reason);
    const timer = setTimeout(() => {
      fail(
        new OnpathError("timeout", `Cannot wait longer for ${what}: ${timeoutMs} ms have passed`, {
          timeoutMs,
        }),
      );
    }, timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    const stop = start((value) => {
      end();
      resolve(value);
    }, fail);
  });
}
