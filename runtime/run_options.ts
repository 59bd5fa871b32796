/**
 * Options of a run, and the one check of them. Every session and stream checks before it calls a device, so
 * that no work begins under options that cannot end it.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../serialize/errors.ts";
import type { Progress } from "../serialize/flow.ts";
import { MAX_TIMEOUT_MS } from "../serialize/wait.ts";

export type { Progress };

/** Abort signal, timeout, retries and progress callback of one run. Every call of a session takes them. */
export interface RunOptions {
  /** Ends the run with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for one answer of the device, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Maximum number of times that packets which did not come back are sent again. Default 2. */
  readonly retries?: number | undefined;
  /** Called after every window of packets. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Greatest number of retries. */
const MAX_RETRIES = 1000;

/**
 * Refuses options that no run can keep.
 *
 * @param options The options.
 * @returns The retries, with the default filled in.
 * @throws {OnpathError} `size` when a timeout or a number of retries is not a whole number within its limits,
 * the signal is no AbortSignal, or the progress callback is no function.
 *
 * @example
 * ```ts
 * import { checkRunOptions } from "./run_options.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(checkRunOptions({ timeoutMs: 500 }), { retries: 2 });
 * assert.throws(() => checkRunOptions({ retries: NaN }), { code: "size" });
 * ```
 */
export function checkRunOptions(options: RunOptions): { readonly retries: number } {
  if (typeof options !== "object" || options === null) {
    throw new OnpathError("size", `Cannot use options of a run: expected an object, found ${typeof options}`);
  }
  const { signal, timeoutMs, retries = 2, onProgress } = options;
  if (timeoutMs !== undefined) checkInteger("a timeout in milliseconds of", timeoutMs, 0, MAX_TIMEOUT_MS);
  checkInteger("a number of retries of", retries, 0, MAX_RETRIES);
  if (signal !== undefined && !isSignal(signal)) {
    throw new OnpathError("size", `Cannot use a signal: expected an AbortSignal, found ${typeof signal}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new OnpathError("size", `Cannot use onProgress: expected a function, found ${typeof onProgress}`);
  }
  return { retries };
}

/** Signals of another realm are signals too, so their methods decide. */
function isSignal(signal: unknown): boolean {
  const { throwIfAborted, addEventListener, removeEventListener } = Object(signal);
  return [throwIfAborted, addEventListener, removeEventListener].every((each) => typeof each === "function");
}
