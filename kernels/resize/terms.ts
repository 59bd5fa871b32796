/**
 * Distinct-weight tables: a bilinear sample as four lookups and additions, with no error at all.
 *
 * Let D be an even common denominator of the weights and S = Σ wᵢ·pᵢ the exact sample, a multiple of
 * 1/D. Each term wᵢ·pᵢ is stored rounded **up** to f fraction bits with 2^f ≥ 4·D. The stored sum S′
 * then satisfies S ≤ S′ < S + 4·2^−f ≤ S + 1/D. As D is even, S + 1/2 is a multiple of 1/D as well, so
 * no whole number lies in (S + 1/2, S′ + 1/2], hence ⌊S′ + 1/2⌋ = ⌊S + 1/2⌋: the exact sample
 * rounded half up. And S is a tie exactly when the fraction of S′ + 1/2 is below 4·2^−f, so rounding
 * ties to even is exact too.
 *
 * @module
 */

import { OnpathError } from "../../serialize/mod.ts";
import type { AxisWeights } from "./positions.ts";

/** Most fraction bits of a term: 8 + 24 bits fill a 32-bit word. */
export const MAX_FRACTION_BITS = 24;

/** The weights of all pairs of phases, each distinct value once. */
export interface DistinctWeights {
  /** The distinct weights, as numerators over `denominator`. */
  readonly weights: readonly number[];
  /** What the weights are counted in. */
  readonly denominator: number;
  /** Fraction bits of the terms. */
  readonly fractionBits: number;
  /** For weight index `4·(yPhase · xPhases + xPhase) + neighbour` the number of its weight. */
  readonly ids: Uint32Array;
}

/**
 * Fraction bits that make the sum of four rounded-up terms exact.
 *
 * @param denominator Common denominator of the weights, even or odd.
 * @returns The least f with 2^f ≥ 4·D, D the denominator or, where that is odd, its double.
 */
export function fractionBitsFor(denominator: number): number {
  const even = denominator % 2 === 0 ? denominator : 2 * denominator;
  return Math.ceil(Math.log2(4 * even));
}

/**
 * Collects the distinct weights of two axes.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @returns The distinct weights and which neighbour uses which.
 * @throws {OnpathError} `table` when the terms would need more than {@linkcode MAX_FRACTION_BITS}.
 */
export function distinctWeights(y: AxisWeights, x: AxisWeights): DistinctWeights {
  const denominator = y.denominator * x.denominator;
  const fractionBits = fractionBitsFor(denominator);
  if (fractionBits > MAX_FRACTION_BITS) {
    throw new OnpathError(
      "table",
      `Cannot make exact resize tables: weights over ${denominator} need ${fractionBits} fraction bits, ` +
        `terms have ${MAX_FRACTION_BITS}; match "opencv" has a fixed width`,
      { denominator, fractionBits, most: MAX_FRACTION_BITS },
    );
  }
  const known = new Map<number, number>();
  const weights: number[] = [];
  const ids = new Uint32Array(4 * y.pairs.length * x.pairs.length);
  let at = 0;
  for (const rows of y.pairs) {
    for (const columns of x.pairs) {
      for (let n = 0; n < 4; n++) {
        const weight = rows[n >> 1]! * columns[n & 1]!;
        let id = known.get(weight);
        if (id === undefined) {
          id = weights.length;
          known.set(weight, id);
          weights.push(weight);
        }
        ids[at++] = id;
      }
    }
  }
  return { weights, denominator, fractionBits, ids };
}

/**
 * The term table: entry `256·weight + pixel` is weight · pixel rounded up to the fraction bits.
 *
 * @param distinct The distinct weights.
 * @returns 256 words a weight.
 */
export function termTable(distinct: DistinctWeights): Uint32Array {
  const { weights, denominator, fractionBits } = distinct;
  const one = 2 ** fractionBits;
  const table = new Uint32Array(256 * weights.length);
  for (const [id, weight] of weights.entries()) {
    for (let pixel = 0; pixel < 256; pixel++) {
      // Whole and fractional part apart: their product with 2^f stays below 2^53.
      const product = weight * pixel;
      const whole = Math.floor(product / denominator);
      table[256 * id + pixel] = whole * one +
        Math.ceil(((product - whole * denominator) * one) / denominator);
    }
  }
  return table;
}
