/**
 * Pacing: a token bucket of bytes.
 *
 * @module
 */

import { checkInteger } from "../../serialize/errors.ts";
import { requireObject } from "../../serialize/require.ts";

/** Rate limit of a sender. */
export interface Pacing {
  /** Bytes of datagrams a second. */
  readonly bytesPerSecond: number;
  /** Bytes that may be sent at once after a pause. Default 65,536. */
  readonly burstBytes?: number | undefined;
}

/** Counts bytes against a rate. */
export interface Pacer {
  /**
   * Takes bytes that are about to be sent.
   *
   * @param bytes Bytes of datagrams.
   * @param now Time in milliseconds.
   * @returns Milliseconds to wait before they are sent.
   */
  take(bytes: number, now: number): number;
}

/**
 * Makes a token bucket. It is full at the start.
 *
 * @param pacing Rate and burst; undefined for no limit.
 * @throws {OnpathError} `size` if a number is out of range.
 *
 * @example
 * ```ts
 * import { createPacer } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const pacer = createPacer({ bytesPerSecond: 1_000_000, burstBytes: 1000 });
 * assert.equal(pacer.take(1000, 0), 0);
 * assert.equal(pacer.take(500, 0), 0.5);
 * ```
 */
export function createPacer(pacing: Pacing | undefined): Pacer {
  if (pacing === undefined) return { take: () => 0 };
  requireObject("make a pacer", "the pacing is", pacing);
  const rate = checkInteger("pacing in bytes a second", pacing.bytesPerSecond, 1000, 1e12) / 1000;
  const burst = checkInteger("pacing burst in bytes", pacing.burstBytes ?? 65_536, 1, 2 ** 30);
  let tokens = burst;
  let last: number | undefined;
  return {
    take: (bytes, now) => {
      tokens = Math.min(burst, tokens + Math.max(0, now - (last ?? now)) * rate);
      last = now;
      tokens -= bytes;
      return tokens >= 0 ? 0 : -tokens / rate;
    },
  };
}
