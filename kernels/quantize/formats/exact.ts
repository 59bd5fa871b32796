/**
 * Arithmetic that every engine computes alike: powers and logarithms of two by bits, rounding by additions of
 * binary64, and a square root that is checked against its neighbours.
 *
 * @module
 */

const word = new DataView(new ArrayBuffer(8));

/** 1.5 x 2^52: a sum with it has no fraction bits, so the addition rounds ties to even. */
const ROUNDER = 6_755_399_441_055_744;

/** 2^-23: unit of the last place of a binary32 value from 1 to 2. */
const UNIT = 1 / 8_388_608;

/**
 * Makes a power of two from its bits.
 *
 * @param exponent Integer from -1022 to 1023.
 * @returns 2^exponent, exactly.
 */
export function powerOfTwo(exponent: number): number {
  word.setUint32(0, (exponent + 1023) << 20);
  word.setUint32(4, 0);
  return word.getFloat64(0);
}

/**
 * Reads the exponent of a value. A subnormal binary32 value is a normal binary64 value.
 *
 * @param value Positive, finite, normal binary64 value, or 0.
 * @returns floor(log2(value)), from -1022 to 1023; -1023 for 0.
 */
export function floorLog2(value: number): number {
  word.setFloat64(0, value);
  return ((word.getUint32(0) >>> 20) & 0x7ff) - 1023;
}

/**
 * Rounds to an integer, ties to even.
 *
 * @param value Number with a magnitude below 2^51. A greater magnitude is clamped to 2^51.
 */
export function roundHalfEven(value: number): number {
  const limit = 2_251_799_813_685_248;
  return (value > limit ? limit : value < -limit ? -limit : value) + ROUNDER - ROUNDER;
}

/**
 * Square root, rounded once to 24 bits, ties to even.
 *
 * @param square Non-negative binary64 value from 2^-1000 to 2^1000, or 0.
 * @param guess Square root of values from 1 to 4, within 2^-23; the engine's by default.
 * @returns Nearest binary32 value. A subnormal result is rounded once more, one beyond the range is infinity.
 */
export function squareRoot32(square: number, guess: (scaled: number) => number = Math.sqrt): number {
  if (square === 0) return 0;
  const half = floorLog2(square) >> 1;
  // From 1 to 4, so that the root is from 1 to 2 and its unit is 2^-23.
  const scaled = square * powerOfTwo(-2 * half);
  let root = Math.fround(guess(scaled));
  const below = root - UNIT / 2, above = root + UNIT / 2;
  const isOdd = (root / UNIT) % 2 === 1;
  // A midpoint of two neighbours has 25 bits, so its square is exact in binary64.
  if (below * below > scaled || (isOdd && below * below === scaled)) root -= UNIT;
  else if (above * above < scaled || (isOdd && above * above === scaled)) root += UNIT;
  return Math.fround(root * powerOfTwo(half));
}
