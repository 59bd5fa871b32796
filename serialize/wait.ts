/**
 * Bounded waits with a timeout and an AbortSignal. Every timer and listener is removed at the end.
 *
 * @module
 */

import { OnpathError } from "./errors.ts";

/** Timeout and abort signal of a wait. */
export interface WaitOptions {
  /** Timeout in milliseconds, 0 to {@linkcode MAX_TIMEOUT_MS}. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Signal that ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Default timeout in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** Maximum timeout in milliseconds that a timer supports (24.8 days). */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

/**
 * Returns the error of a wait that was too long.
 *
 * @param what Name of the awaited event for the message.
 * @param timeoutMs Timeout in milliseconds. What is left of another timeout may have many digits: the message has two
 * after the point.
 */
export function timedOut(what: string, timeoutMs: number): OnpathError {
  const ms = Math.round(timeoutMs * 100) / 100;
  return new OnpathError("timeout", `Cannot wait longer for ${what}: ${ms} ms have passed`, { timeoutMs });
}

/** Pending wait. */
export interface Waiter {
  /** Ends the wait with success. */
  readonly resolve: () => void;
  /** Ends the wait with an error. */
  readonly reject: (error: unknown) => void;
}

/**
 * Waits as a member of a set of waiters.
 *
 * @param what Name of the awaited event for the message.
 * @param waiters Set that contains the waiter while the wait is pending.
 * @param options Timeout and abort signal.
 * @throws {OnpathError} `timeout` when the timeout expires; the signal's reason; or the error passed to
 * `reject`.
 */
export function waitFor(what: string, waiters: Set<Waiter>, options: WaitOptions): Promise<void> {
  return within(what, options, (resolve, reject) => {
    const waiter: Waiter = { resolve, reject };
    waiters.add(waiter);
    return () => waiters.delete(waiter);
  });
}

/**
 * Bounds a promise by a timeout and a signal. A later result of the promise is ignored.
 *
 * @param what Name of the awaited event for the message.
 * @param promise Promise to wait for.
 * @param options Timeout and abort signal.
 * @returns Value of the promise.
 * @throws {OnpathError} `timeout` when the timeout expires; the signal's reason; or the rejection of the
 * promise.
 */
export function bounded<T>(what: string, promise: Promise<T>, options: WaitOptions): Promise<T> {
  // `within` may throw below and attach no handler. This handler prevents an unhandled rejection.
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
      fail(timedOut(what, timeoutMs));
    }, timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    const stop = start((value) => {
      end();
      resolve(value);
    }, fail);
  });
}

/** A promise, and the functions that settle it. */
export interface Deferred<T> {
  /** Promise that is settled from outside. */
  readonly promise: Promise<T>;
  /** Fulfils the promise. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects the promise. */
  readonly reject: (reason?: unknown) => void;
}

/** Makes a promise that is settled from outside. Node 20 lacks `Promise.withResolvers`. */
export function deferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>["resolve"], reject!: Deferred<T>["reject"];
  const promise = new Promise<T>((...settle) => [resolve, reject] = settle);
  return { promise, resolve, reject };
}
