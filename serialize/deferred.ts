/**
 * A promise with the functions that settle it. `Promise.withResolvers()` does this, which Node 20 lacks.
 *
 * @module
 */

/** A promise that is settled from outside. */
export interface Deferred<T> {
  /** The promise. */
  readonly promise: Promise<T>;
  /** Fulfils the promise. */
  readonly resolve: (value: T | PromiseLike<T>) => void;
  /** Rejects the promise. */
  readonly reject: (reason: unknown) => void;
}

/** Makes a pending promise. */
export function deferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, "resolve" | "reject">;
  const promise = new Promise<T>((resolve, reject) => settle = { resolve, reject });
  return { promise, ...settle! };
}
