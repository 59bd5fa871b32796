/**
 * Universal tables: 8-bit weights and one table for every size, with an error of at most one level.
 *
 * The four weights of a sample are rounded to multiples of 1/256 by the method of largest remainders. All are
 * rounded down. The units missing from 256 then go to the largest remainders.
 * Let r of the four weights be rounded up, and let f₁ ≥ … ≥ f₄ be the remainders, whose sum is r. The errors
 * δᵢ sum to zero, so the error of the sample is at most 255 · Σδ⁺.
 * For r = 1 the sum Σδ⁺ is 1 − f₁ ≤ 3/4 units. For r = 3 the weight rounded down loses f₄ ≤ 3/4. For r = 2 it
 * is 2 − f₁ − f₂ ≤ 1. The error is therefore at most 255/256 of a level before rounding, and at most one
 * level after it.
 */

import type { AxisWeights } from "./positions.ts";

/** Fraction bits of a universal weight. */
export const UNIVERSAL_BITS = 8;

/**
 * Rounds weights to multiples of 1/256 that sum to 1.
 *
 * @param weights Numerators; they sum to the denominator.
 * @param denominator Denominator of the weights.
 * @returns Numerators over 256.
 */
export function universalWeights(weights: readonly number[], denominator: number): number[] {
  const one = 1 << UNIVERSAL_BITS;
  const floors = weights.map((weight) => Math.floor((weight * one) / denominator));
  const rest = weights.map((weight, n) => weight * one - floors[n]! * denominator);
  const byRest = weights.map((_, n) => n).sort((a, b) => rest[b]! - rest[a]! || a - b);
  let missing = one - floors.reduce((sum, floor) => sum + floor, 0);
  for (const n of byRest) {
    if (missing-- <= 0) break;
    floors[n]!++;
  }
  return floors;
}

/** Returns the four weights of each weight index, in units of 1/256. */
export function universalIds(y: AxisWeights, x: AxisWeights): Uint16Array {
  const denominator = y.denominator * x.denominator;
  const ids = new Uint16Array(4 * y.pairs.length * x.pairs.length);
  let at = 0;
  for (const [upper, lower] of y.pairs) {
    for (const [left, right] of x.pairs) {
      ids.set(universalWeights([upper * left, upper * right, lower * left, lower * right], denominator), at);
      at += 4;
    }
  }
  return ids;
}

/** Generates the table: entry `16·weight + nibble` is their product, for weights 0 to 256. */
export function universalTable(): Uint16Array {
  return Uint16Array.from({ length: 257 * 16 }, (_, at) => (at >> 4) * (at & 15));
}
