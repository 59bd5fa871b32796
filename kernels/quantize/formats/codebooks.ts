/**
 * Lloyd-Max codebooks of the standard normal distribution, made by `scripts/quantize/lloyd_max.ts`, which has
 * the method.
 *
 * @module
 */

/** Bits of a code. */
export type CodebookBits = 2 | 3 | 4;

/** Fraction bits of a level: levels are integers in units of 2^-12. */
export const LEVEL_FRACTION_BITS = 12;

/** Levels in ascending order, by the bits of a code. */
export const CODEBOOKS: Readonly<Record<CodebookBits, readonly number[]>> = {
  2: [-6187, -1855, 1855, 6187],
  3: [-8814, -5505, -3097, -1004, 1004, 3097, 5505, 8814],
  4: [
    ...[-11193, -8475, -6628, -5146, -3860, -2690, -1589, -526],
    ...[526, 1589, 2690, 3860, 5146, 6628, 8475, 11193],
  ],
};
