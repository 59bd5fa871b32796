/**
 * Distinct-weight tables: a bilinear sample as lookups and additions, with no error at all.
 *
 * Let D be an even common denominator of the weights and S = Σ wᵢ·pᵢ the exact sample, a multiple of
 * 1/D. What is looked up is rounded **up** to f fraction bits; let u units of 2^−f bound what the
 * roundings of one sample add up to, and choose 2^f ≥ u·D. The stored sum S′ then satisfies
 * S ≤ S′ < S + u·2^−f ≤ S + 1/D. As D is even, S + 1/2 is a multiple of 1/D as well, so no whole number
 * lies in (S + 1/2, S′ + 1/2], hence ⌊S′ + 1/2⌋ = ⌊S + 1/2⌋: the exact sample rounded half up. And S is
 * a tie exactly when the fraction of S′ + 1/2 is below u·2^−f, so rounding ties to even is exact too.
 *
 * Four terms of one lookup each: u = 4. Split at the nibble, w·(16h + l) = 16·(w·h) + w·l from one
 * table of 16 entries a weight: u = 4·17 = 68, for a sixteenth of the entries.
 *
 * @module
 */

import type { AxisWeights } from "./positions.ts";

/** An entry fills at most a 32-bit word. */
export const MAX_ENTRY_BITS = 32;

/** Units of rounding that one sample adds up: four terms, whole or split at the nibble. */
export const UNITS = { distinct: 4, nibble: 68 } as const;

/** The weights of all pairs of phases, each distinct value once. */
export interface DistinctWeights {
  /** The distinct weights, as numerators over `denominator`. */
  readonly weights: readonly number[];
  /** What the weights are counted in. */
  readonly denominator: number;
  /** For weight index `4·(yPhase · xPhases + xPhase) + neighbour` the number of its weight. */
  readonly ids: Uint32Array;
}

/**
 * Fraction bits that make a sum of rounded-up lookups exact.
 *
 * @param denominator Common denominator of the weights, even or odd.
 * @param units Units of rounding that one sample adds up at most.
 * @returns The least f with 2^f ≥ units·D, D the denominator or, where that is odd, its double.
 */
export function fractionBitsFor(denominator: number, units: number = UNITS.distinct): number {
  const even = denominator % 2 === 0 ? denominator : 2 * denominator;
  return Math.ceil(Math.log2(units * even));
}

/** The distinct weights of one axis, ascending. */
export function axisValues({ pairs }: AxisWeights): number[] {
  return [...new Set(pairs.flat())].sort((a, b) => a - b);
}

/**
 * How many distinct products the weights of two axes have. Every row phase meets every column phase,
 * so these are all products of a row weight and a column weight. Marks bits of the denominator's
 * range: no number is kept for a pair, let alone for an output sample.
 *
 * @param y Distinct weights of the rows.
 * @param x Distinct weights of the columns.
 * @param denominator Product of the denominators; the greatest product there can be.
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
 * @returns The distinct weights and which neighbour uses which.
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
 * The term table: entry `levels·weight + level` is weight · level rounded up to the fraction bits.
 *
 * @param weights Numerators of the weights.
 * @param denominator Their denominator.
 * @param levels 256 for whole terms, 16 for nibbles.
 * @param fractionBits Fraction bits of an entry.
 * @returns One word an entry.
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

/** A fraction rounded up to fraction bits. Whole and fractional part apart: both stay below 2^53. */
export function scaleUp(numerator: number, denominator: number, fractionBits: number): number {
  const one = 2 ** fractionBits;
  const whole = Math.floor(numerator / denominator);
  return whole * one + Math.ceil(((numerator - whole * denominator) * one) / denominator);
}
