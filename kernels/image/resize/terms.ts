/**
 * Distinct-weight tables: a bilinear sample as lookups and additions, without any error.
 *
 * Let D be an even common denominator of the weights, and S = Σ wᵢ·pᵢ the exact sample, a multiple of 1/D.
 * Looked-up terms are rounded **up** to f fraction bits. Let u units of 2^−f bound the sum of a sample's
 * rounding errors, and choose 2^f ≥ u·D.
 * The stored sum S′ satisfies S ≤ S′ < S + u·2^−f ≤ S + 1/D. As D is even, S + 1/2 is also a multiple of 1/D.
 * So no integer lies in (S + 1/2, S′ + 1/2], and ⌊S′ + 1/2⌋ = ⌊S + 1/2⌋: the exact sample rounded half up.
 * S is a tie exactly if the fraction of S′ + 1/2 is below u·2^−f. So rounding ties to even is exact too.
 *
 * Four terms of one lookup each have u = 4. Split into nibbles, w·(16h + l) = 16·(w·h) + w·l uses one table
 * of 16 entries a weight. Then u = 4·17 = 68, with a sixteenth of the entries.
 *
 * @module
 */

import type { AxisWeights } from "./positions.ts";

/** Maximum bits of a table entry: one 32-bit word. */
export const MAX_ENTRY_BITS = 32;

/** Maximum rounding units of one sample: four terms, whole or split into nibbles. */
export const UNITS = { distinct: 4, nibble: 68 } as const;

/** Distinct weights of all pairs of phases. */
export interface DistinctWeights {
  /** Distinct weights, as numerators over `denominator`. */
  readonly weights: readonly number[];
  /** Common denominator of the weights. */
  readonly denominator: number;
  /** Weight number for index `4·(yPhase · xPhases + xPhase) + neighbour`. */
  readonly ids: Uint32Array;
}

/**
 * Returns the fraction bits that make a sum of rounded-up lookups exact.
 *
 * @param denominator Common denominator of the weights, even or odd.
 * @param units Maximum rounding units of one sample. Default {@linkcode UNITS.distinct}.
 * @returns Least f with 2^f ≥ units·D. D is the denominator, doubled if it is odd.
 */
export function fractionBitsFor(denominator: number, units: number = UNITS.distinct): number {
  const even = denominator % 2 === 0 ? denominator : 2 * denominator;
  return Math.ceil(Math.log2(units * even));
}

/** Returns the distinct weights of one axis, ascending. */
export function axisValues({ pairs }: AxisWeights): number[] {
  return [...new Set(pairs.flat())].sort((a, b) => a - b);
}

/**
 * Counts the distinct products of two axes' weights. Every row phase meets every column phase, so every
 * product of a row weight and a column weight occurs.
 * Memory: one bit for each possible product, none for each pair or output sample.
 *
 * @param y Distinct weights of the rows.
 * @param x Distinct weights of the columns.
 * @param denominator Product of the denominators: the greatest possible product.
 */
export function countProducts(y: readonly number[], x: readonly number[], denominator: number): number {
  const seen = new Uint8Array((denominator >> 3) + 1);
  let count = 0;
  for (const a of y) {
    for (const b of x) {
      const product = a * b;
      const bit = 1 << (product & 7);
      const byte = seen[product >> 3]!;
      if ((byte & bit) === 0) {
        seen[product >> 3] = byte | bit;
        count++;
      }
    }
  }
  return count;
}

/**
 * Collects the distinct weights of two axes.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @returns Distinct weights, and the weight number of each neighbour.
 */
export function distinctWeights(y: AxisWeights, x: AxisWeights): DistinctWeights {
  const denominator = y.denominator * x.denominator;
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
  return { weights, denominator, ids };
}

/**
 * Generates a term table: entry `levels·weight + level` is weight · level, rounded up to the fraction bits.
 *
 * @param weights Numerators of the weights.
 * @param denominator Denominator of the weights.
 * @param levels 256 for whole terms, 16 for nibbles.
 * @param fractionBits Fraction bits of an entry.
 * @returns Table of 32-bit words, one an entry.
 */
export function termTable(
  weights: readonly number[],
  denominator: number,
  levels: 16 | 256,
  fractionBits: number,
): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(levels * weights.length);
  for (const [id, weight] of weights.entries()) {
    for (let level = 0; level < levels; level++) {
      table[id * levels + level] = scaleUp(weight * level, denominator, fractionBits);
    }
  }
  return table;
}

/**
 * Rounds a fraction up to fraction bits. Whole and fractional part are computed separately, so that both stay
 * below 2^53.
 */
export function scaleUp(numerator: number, denominator: number, fractionBits: number): number {
  const one = 2 ** fractionBits;
  const whole = Math.floor(numerator / denominator);
  return whole * one + Math.ceil(((numerator - whole * denominator) * one) / denominator);
}
