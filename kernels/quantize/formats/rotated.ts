/**
 * Rotated form: a Walsh-Hadamard transform over a head spreads outlier channels, so that coordinates divided by
 * the vector's norm are about standard normal; each takes the nearest level of a Lloyd-Max codebook.
 *
 * With H the transform without factor, `y = H x` and n the stored norm of x, coordinate i of the orthonormal
 * rotation is `y / sqrt(d)`, and `y / n` is about standard normal. The code is the number of thresholds t with
 * `y >= t x n`, t being halfway between neighbouring levels: a tie takes the greater level. Decoding is
 * `n x H(levels) / d`: the two factors 1/sqrt(d) are the codebook's scale, a power of two.
 *
 * Levels are integers, so H(levels) is exact, and the result is rounded once, to binary32.
 *
 * @module
 */

import { type CodebookBits, CODEBOOKS, LEVEL_FRACTION_BITS } from "./codebooks.ts";
import { checkLength, FLOAT_LIMITS, type FloatDType, roundStored } from "./elements.ts";
import { floorLog2, powerOfTwo, squareRoot32 } from "./exact.ts";
import { checkFinite } from "./group_scales.ts";
import { checkHadamard, hadamard } from "./hadamard.ts";
import { checkDivision, checkStored } from "./scale_map.ts";

/**
 * Encodes vectors.
 *
 * @param bits Bits of a code.
 * @param values Finite values, vectors x channels.
 * @param channels Length of a vector, a power of two.
 * @param stored Type in which norms are stored.
 * @param codes Receives one code a byte, in the rotated frame.
 * @param norms Receives one norm per vector; 0 for a vector of zeros, whose codes are 0.
 * @returns Number of values in vectors whose norm saturated.
 * @throws {OnpathError} `size` for NaN or infinity, `shape` for lengths that do not fit; nothing is written then.
 */
export function encodeRotated(
  bits: CodebookBits,
  values: Float32Array,
  channels: number,
  stored: FloatDType,
  codes: Uint8Array,
  norms: Float32Array,
): number {
  checkRotated(values, channels, codes, norms);
  checkFinite(values);
  const levels = CODEBOOKS[bits];
  const thresholds = levels.slice(1).map((level, i) => level + levels[i]!);
  // y >= t x n, with t in halves of a level's unit; both sides are exact.
  const unit = powerOfTwo(LEVEL_FRACTION_BITS + 1);
  const vector = new Float64Array(channels);
  let saturated = 0;
  for (let at = 0; at < norms.length; at++) {
    const start = at * channels;
    let squares = 0;
    for (let c = 0; c < channels; c++) {
      const value = values[start + c]!;
      vector[c] = value;
      squares += value * value;
    }
    const exact = squareRoot32(squares), norm = roundStored(stored, exact);
    norms[at] = norm;
    if (exact > FLOAT_LIMITS[stored].greatest) saturated += channels;
    if (norm === 0) {
      codes.fill(0, start, start + channels);
      continue;
    }
    hadamard(vector);
    for (let c = 0; c < channels; c++) {
      const scaled = vector[c]! * unit;
      let code = 0;
      for (const threshold of thresholds) if (scaled >= threshold * norm) code++;
      codes[start + c] = code;
    }
  }
  return saturated;
}

/**
 * Decodes vectors, back in the frame of the input.
 *
 * @param bits Bits of a code.
 * @param codes One code a byte.
 * @param norms One norm per vector.
 * @param channels Length of a vector, a power of two.
 * @param values Receives the values.
 * @throws {OnpathError} `shape` for lengths that do not fit, `size` for a norm that is negative or not finite;
 * nothing is written then.
 */
export function decodeRotated(
  bits: CodebookBits,
  codes: Uint8Array,
  norms: Float32Array,
  channels: number,
  values: Float32Array,
): void {
  checkRotated(values, channels, codes, norms);
  checkStored("norm", norms);
  const levels = CODEBOOKS[bits];
  const factor = powerOfTwo(-LEVEL_FRACTION_BITS - floorLog2(channels));
  const vector = new Float64Array(channels);
  for (let at = 0; at < norms.length; at++) {
    const start = at * channels, scale = norms[at]! * factor;
    for (let c = 0; c < channels; c++) vector[c] = levels[codes[start + c]!]!;
    hadamard(vector);
    for (let c = 0; c < channels; c++) values[start + c] = vector[c]! * scale;
  }
}

function checkRotated(values: Float32Array, channels: number, codes: Uint8Array, norms: Float32Array): void {
  checkHadamard(channels);
  checkDivision(values.length, channels, norms.length);
  checkLength("norms", norms.length, values.length / channels);
  checkLength("codes", codes.length, values.length);
}
