/**
 * A promise with its two ends: `Promise.withResolvers()` in every runtime. Node 20 lacks it.
 *
 * @module
 */

/** A promise, and the functions that settle it. */
export interface Deferred<T> {
  /** Promise that the functions settle. */
  readonly promise: Promise<T>;
  /** Fulfils the promise. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects the promise. */
  readonly reject: (reason?: unknown) => void;
}

/** Creates a pending promise. */
export function deferred<T>(): Deferred<T> {
  let resolve!: Deferred<T>["resolve"];
  let reject!: Deferred<T>["reject"];
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
