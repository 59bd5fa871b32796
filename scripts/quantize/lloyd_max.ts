/**
 * Lloyd-Max codebooks of the standard normal distribution: the levels with the least mean square error.
 *
 * Method: with density f and thresholds t halfway between neighbouring levels, each level is the mean of its
 * cell, `(f(t) - f(t')) / (F(t') - F(t))`. The two conditions are iterated until no level moves by 10^-15. The
 * distribution F comes from its Taylor series about 0 up to 6, so that no special function is needed. The
 * result is rounded to 12 fraction bits, far coarser than the error of any engine's `Math.exp`.
 *
 *     deno run scripts/quantize/lloyd_max.ts     prints the data of kernels/quantize/formats/codebooks.ts
 *
 * @module
 */

import process from "node:process";

/** Fraction bits of a level. */
export const FRACTION_BITS = 12;

/**
 * Computes the positive half of a codebook.
 *
 * @param bits Bits of a code.
 * @returns Positive levels in ascending order; the negative ones mirror them.
 */
export function lloydMax(bits: number): number[] {
  const count = 2 ** (bits - 1);
  let levels = Array.from({ length: count }, (_, i) => (i + 0.5) * 3 / count);
  for (;;) {
    const ends = [0, ...levels.slice(1).map((level, i) => (level + levels[i]!) / 2), Infinity];
    const next = levels.map((_, i) => cellMean(ends[i]!, ends[i + 1]!));
    const moved = Math.max(...next.map((level, i) => Math.abs(level - levels[i]!)));
    levels = next;
    if (moved < 1e-15) return levels;
  }
}

/** Mean of the normal distribution within a cell. */
function cellMean(from: number, to: number): number {
  return (density(from) - density(to)) / (upperTail(from) - upperTail(to));
}

function density(x: number): number {
  return x === Infinity ? 0 : Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}

/** Probability above x, for x from 0 to 6 or infinity: 1/2 - f(x) (x + x^3/3 + x^5/15 + ...). */
function upperTail(x: number): number {
  if (x === Infinity) return 0;
  let term = x, sum = x;
  for (let odd = 3; term > 1e-18 * sum; odd += 2) {
    term *= x * x / odd;
    sum += term;
  }
  return 0.5 - density(x) * sum;
}

if (import.meta.main) {
  for (const bits of [2, 3, 4]) {
    const units = lloydMax(bits).map((level) => Math.round(level * 2 ** FRACTION_BITS));
    process.stdout.write(`${bits}: [${[...units.map((unit) => -unit).reverse(), ...units].join(", ")}]\n`);
  }
}
