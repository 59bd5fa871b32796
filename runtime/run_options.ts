/**
 * Options of a run and their check. Sessions and streams check them before any device call, because an invalid timeout
 * or retry count could keep a run from ending.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../serialize/errors.ts";
import type { Progress } from "../serialize/flow.ts";
import { MAX_TIMEOUT_MS } from "../serialize/wait.ts";

export type { Progress };

/** Abort signal, timeout, retries and progress callback of one run. All calls of a session accept them. */
export interface RunOptions {
  /** Signal that ends the run with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum wait for one exchange with the device, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Maximum times that unanswered packets are sent again, 0 to 1000. Default 2. */
  readonly retries?: number | undefined;
  /** Called after every window of packets. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Maximum of {@linkcode RunOptions.retries}. */
const MAX_RETRIES = 1000;

/**
 * Checks the options of a run.
 *
 * @param options Options to check.
 * @returns The retries, or their default.
 * @throws {OnpathError} `size` when `timeoutMs` or `retries` is not a whole number within its limits, `signal` is not
 * an AbortSignal, or `onProgress` is not a function.
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
    throw new OnpathError("size", `Cannot use run options: expected an object, found ${typeof options}`);
  }
  const { signal, timeoutMs, retries = 2, onProgress } = options;
  if (timeoutMs !== undefined) checkInteger("timeout in milliseconds", timeoutMs, 0, MAX_TIMEOUT_MS);
  checkInteger("retries", retries, 0, MAX_RETRIES);
  if (signal !== undefined && !isSignal(signal)) {
    throw new OnpathError("size", `Cannot use signal: expected an AbortSignal, found ${typeof signal}`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new OnpathError("size", `Cannot use onProgress: expected a function, found ${typeof onProgress}`);
  }
  return { retries };
}

/** Checks methods and not the class, because a signal of another realm has another class. */
function isSignal(signal: unknown): boolean {
  const { throwIfAborted, addEventListener, removeEventListener } = Object(signal);
  return [throwIfAborted, addEventListener, removeEventListener].every((each) => typeof each === "function");
}
