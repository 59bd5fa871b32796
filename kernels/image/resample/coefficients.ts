/**
 * Pillow's antialiased bilinear filter for one axis: a triangle that widens with the reduction, with weights
 * in 22-bit fixed point.
 * Source: Pillow 9.4, `src/libImaging/Resample.c`, functions `precompute_coeffs`, `bilinear_filter` and
 * `normalize_coeffs_8bpc`.
 *
 * @module
 */

import type { AxisScale } from "../resize/spec.ts";

/** Fraction bits of a weight: 32 − 8 − 2, equal to Pillow's `PRECISION_BITS`. */
export const FILTER_BITS = 22;

/** Filter of one axis. */
export interface AxisFilter {
  /** Whether the axis keeps its length. Pillow then skips the pass. */
  readonly skipped: boolean;
  /** First source index of each output index. Never decreases. */
  readonly first: Int32Array;
  /** Number of taps of each output index. It reads `first … first + taps − 1`. */
  readonly taps: Int32Array;
  /** Index of each output index's first weight in `weights`. */
  readonly start: Int32Array;
  /** Weights of all output indexes in sequence, in units of 2^−22. */
  readonly weights: Int32Array;
}

/**
 * Computes the filter of one axis in binary64, in Pillow's order of operations.
 * Output `o` is centred at (o + 1/2)·s with s = input / output. Its triangle extends max(s, 1) to both sides.
 * Its weights are divided by their sum and rounded half up to 22 fraction bits.
 *
 * @param scale Lengths before and after, in samples.
 * @returns Filter. If the axis keeps its length, every output has one tap of weight 1.
 *
 * @example
 * ```ts
 * import { FILTER_BITS, filterAxis } from "./coefficients.ts";
 * import assert from "node:assert/strict";
 *
 * const half = filterAxis({ input: 8, output: 4 });
 * assert.deepEqual([...half.taps], [3, 4, 4, 3]);
 * assert.equal(half.weights[3 + 1], 0.375 * 2 ** FILTER_BITS);
 * ```
 */
export function filterAxis({ input, output }: AxisScale): AxisFilter {
  const skipped = input === output;
  const scale = input / output;
  const reach = Math.max(scale, 1);
  const first = new Int32Array(output);
  const taps = new Int32Array(output);
  const start = new Int32Array(output);
  const weights: number[] = [];
  for (let o = 0; o < output; o++) {
    start[o] = weights.length;
    if (skipped) {
      [first[o], taps[o]] = [o, 1];
      weights.push(2 ** FILTER_BITS);
      continue;
    }
    const center = (o + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - reach + 0.5));
    const high = Math.min(input, Math.trunc(center + reach + 0.5));
    const raw: number[] = [];
    let sum = 0;
    for (let x = 0; x < high - low; x++) {
      // Pillow multiplies by the reciprocal. A division would round differently.
      const weight = Math.max(0, 1 - Math.abs((x + low - center + 0.5) * (1 / reach)));
      raw.push(weight);
      sum += weight;
    }
    for (const weight of raw) {
      weights.push(Math.trunc(0.5 + (sum === 0 ? weight : weight / sum) * 2 ** FILTER_BITS));
    }
    [first[o], taps[o]] = [low, high - low];
  }
  return { skipped, first, taps, start, weights: Int32Array.from(weights) };
}
