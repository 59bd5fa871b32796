/**
 * Filters of one axis, and Pillow's: a filter that widens with the reduction, with weights in 22-bit fixed point.
 * Source: Pillow 9.4, `src/libImaging/Resample.c`, functions `precompute_coeffs` and `normalize_coeffs_8bpc`;
 * `nearest` from `Geometry.c`, function `ImagingScaleAffine`.
 *
 * @module
 */

import type { PillowFilter } from "../geometry/names.ts";
import type { AxisScale } from "../resize/spec.ts";
import { FILTERS } from "./filters.ts";

/** Fraction bits of a weight: 32 − 8 − 2, equal to Pillow's `PRECISION_BITS`. */
export const FILTER_BITS = 22;

/** Filter of one axis, of any library. Plain data. */
export interface AxisFilter {
  /** Whether the pass is skipped, as Pillow does if the axis keeps its length. */
  readonly skipped: boolean;
  /** First source index of each output index. Never decreases. */
  readonly first: Int32Array;
  /** Number of taps of each output index. It reads `first … first + taps − 1`. */
  readonly taps: Int32Array;
  /** Index of each output index's first weight in `weights`. */
  readonly start: Int32Array;
  /** Weights of all output indexes in sequence. Bicubic and Lanczos have negative ones. `program.ts` has the unit. */
  readonly weights: Int32Array;
}

/**
 * Returns the filter of one axis, in binary64 and in Pillow's order of operations.
 * Output `o` is centred at (o + 1/2)·s with s = input / output. Its filter is widened by max(s, 1).
 * Its weights are divided by their sum and rounded to 22 fraction bits, ties away from 0.
 *
 * @param scale Lengths before and after, in samples.
 * @param filter Name of the filter.
 * @returns Filter, shared by all calls for the same object: do not write to it. If the axis keeps its length, every
 * output has one tap of weight 1.
 *
 * @example
 * ```ts
 * import { FILTER_BITS, filterAxis } from "./coefficients.ts";
 * import assert from "node:assert/strict";
 *
 * const half = filterAxis({ input: 8, output: 4 }, "bilinear");
 * assert.deepEqual([...half.taps], [3, 4, 4, 3]);
 * assert.equal(half.weights[3 + 1], 0.375 * 2 ** FILTER_BITS);
 * ```
 */
export function filterAxis(scale: AxisScale, filter: PillowFilter): AxisFilter {
  let filters = filtersOf.get(scale);
  if (filters === undefined) filtersOf.set(scale, filters = new Map());
  let found = filters.get(filter);
  if (found === undefined) filters.set(filter, found = computeAxis(scale, filter));
  return found;
}

/** Filters by axis: forms, ring, cycles and model of one plan ask for the same ones. */
const filtersOf = new WeakMap<AxisScale, Map<PillowFilter, AxisFilter>>();

function computeAxis({ input, output }: AxisScale, filter: PillowFilter): AxisFilter {
  const skipped = input === output;
  if (skipped) return { ...pickAxis(Int32Array.from({ length: output }, (_, o) => o), FILTER_BITS), skipped };
  if (filter === "nearest") return pickAxis(nearestOf(input, output), FILTER_BITS);
  const { support, weight } = FILTERS[filter];
  const scale = input / output;
  const widening = Math.max(scale, 1), reach = support * widening;
  const first = new Int32Array(output);
  const taps = new Int32Array(output);
  const start = new Int32Array(output);
  const weights: number[] = [];
  for (let o = 0; o < output; o++) {
    start[o] = weights.length;
    const center = (o + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - reach + 0.5));
    const high = Math.min(input, Math.trunc(center + reach + 0.5));
    const raw: number[] = [];
    let sum = 0;
    for (let x = 0; x < high - low; x++) {
      // Pillow multiplies by the reciprocal. A division would round differently.
      const value = weight((x + low - center + 0.5) * (1 / widening));
      raw.push(value);
      sum += value;
    }
    for (const value of raw) {
      const fixed = (sum === 0 ? value : value / sum) * 2 ** FILTER_BITS;
      weights.push(Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5));
    }
    [first[o], taps[o]] = [low, high - low];
  }
  return { skipped, first, taps, start, weights: Int32Array.from(weights) };
}

/**
 * Filter that copies one sample to each output.
 *
 * @param first Source of each output.
 * @param bits Fraction bits of the weight.
 */
export function pickAxis(first: Int32Array, bits: number): AxisFilter {
  return {
    skipped: false,
    first,
    taps: first.map(() => 1),
    start: first.map((_, o) => o),
    weights: first.map(() => 2 ** bits),
  };
}

/** Source of each output. Pillow adds the step up, so its rounding accumulates. */
function nearestOf(input: number, output: number): Int32Array {
  const step = input / output;
  let at = step * 0.5;
  const first = new Int32Array(output);
  for (let o = 0; o < output; o++) {
    first[o] = Math.min(input - 1, Math.trunc(at));
    at += step;
  }
  return first;
}
