/**
 * Filter of an axis from the taps of each output, where taps outside the samples read the nearest one.
 *
 * @module
 */

import type { AxisFilter } from "./coefficients.ts";

/** Taps of one output index. */
export interface Taps {
  /** Source index of the first tap. It may lie outside the samples. */
  readonly first: number;
  /** Integer weight of each tap. */
  readonly weights: readonly number[];
}

/**
 * Collects taps. Those that read the same sample become one, with the sum of their weights.
 *
 * @param outputs Taps of each output index.
 * @param input Samples of the axis.
 *
 * @example
 * ```ts
 * import { clampedAxis } from "./taps.ts";
 * import assert from "node:assert/strict";
 *
 * const axis = clampedAxis([{ first: -1, weights: [1, 2, 4] }], 5);
 * assert.deepEqual([axis.first[0], ...axis.weights], [0, 3, 4]);
 * ```
 */
export function clampedAxis(outputs: readonly Taps[], input: number): AxisFilter {
  const clamp = (index: number) => Math.min(input - 1, Math.max(0, index));
  const first = new Int32Array(outputs.length);
  const taps = new Int32Array(outputs.length);
  const start = new Int32Array(outputs.length);
  const all: number[] = [];
  outputs.forEach(({ first: low, weights }, o) => {
    first[o] = clamp(low);
    taps[o] = clamp(low + weights.length - 1) - first[o]! + 1;
    start[o] = all.length;
    const own = new Array<number>(taps[o]!).fill(0);
    weights.forEach((weight, tap) => own[clamp(low + tap) - first[o]!]! += weight);
    all.push(...own);
  });
  return { skipped: false, first, taps, start, weights: Int32Array.from(all) };
}
