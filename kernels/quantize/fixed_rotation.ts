/**
 * Rotated form in the integers of the device. `formats/rotated.ts` has the format and its reference.
 *
 * **Encoding.** Let E be the exponent of a vector's greatest magnitude. Each value is rounded once, ties to even,
 * to a whole number a of units u = 2^(E-21), so |a| < 2^22. From there all integers are exact: y = H a has 31
 * bits for d = 256, and S, the sum of a x a, has 52. The norm is the root of S, rounded to 24 bits and then to
 * the stored type, as the reference rounds it. A code is the number of thresholds t with y >= t x norm / u,
 * compared as integers: y >= ceil(t x norm / u).
 *
 * **Difference from the reference.** A value that is a whole number of u is not changed. Values of f16 from
 * 2^(E-11) up are, and of bf16 from 2^(E-14) up. A vector of such values and zeros has the reference's codes
 * and norm, bit for bit. Otherwise each value moves by at most u/2, so
 *
 * - a coordinate of H x moves by at most d u/2, and since the norm n is at least 2^E, y/n by at most
 *   d x 2^-22: 2^-14 for d = 256. The thresholds are 0.5 or more apart.
 * - the root of S moves by at most sqrt(d) u/2, so by a share of at most sqrt(d) x 2^-22: 2^-18 for d = 256.
 *   An unit of the last place is a share of 2^-11 or more in f16 and bf16, so the stored norm is the reference's
 *   or its neighbour.
 *
 * **Decoding.** Levels have 15 bits with their sign, and H(levels) 23 for d = 256. Its product with the norm is
 * exact, and is rounded once, to binary32: the reference's value, bit for bit.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { hadamardIntegers } from "./fixed_hadamard.ts";
import { type CodebookBits, CODEBOOKS, LEVEL_FRACTION_BITS } from "./formats/codebooks.ts";
import { checkLength, FLOAT_LIMITS, type FloatDType, roundStored } from "./formats/elements.ts";
import { floorLog2, powerOfTwo, squareRoot32 } from "./formats/exact.ts";
import { checkFinite } from "./formats/group_scales.ts";
import { checkStored } from "./formats/scale_map.ts";

/** Lengths of a vector that devices rotate. */
export const ROTATED_CHANNELS = [64, 128, 256] as const;

/** Bits of an aligned value without its sign: sums of 256 squares stay below 2^53. */
export const ALIGNED_BITS = 22;

/** 1.5 x 2^52: a sum with it has no fraction bits, so the addition rounds ties to even. */
const ROUNDER = 6_755_399_441_055_744;

/** Bound of a rotated coordinate: 256 aligned values. A threshold beyond it is as good as the bound. */
const BOUND = 2 ** (ALIGNED_BITS + 8);

/**
 * Encodes vectors as a device does.
 *
 * @param bits Bits of a code.
 * @param values Finite bf16 or f16 values, vectors x channels.
 * @param channels Length of a vector, one of {@linkcode ROTATED_CHANNELS}.
 * @param stored Type in which norms are stored.
 * @param codes Receives one code a byte, in the rotated frame.
 * @param norms Receives one norm per vector; 0 for a vector of zeros, whose codes are 0.
 * @returns Number of values in vectors whose norm saturated.
 * @throws {OnpathError} `size` for NaN or infinity, `shape` for lengths that do not fit; nothing is written then.
 */
export function encodeRotatedFixed(
  bits: CodebookBits,
  values: Float32Array,
  channels: number,
  stored: FloatDType,
  codes: Uint8Array,
  norms: Float32Array,
): number {
  checkFixed(values, channels, codes, norms);
  checkFinite(values);
  const levels = CODEBOOKS[bits];
  const thresholds = new Int32Array(levels.length - 1), vector = new Int32Array(channels);
  let saturated = 0;
  for (let at = 0, start = 0; at < norms.length; at++, start += channels) {
    const greatest = greatestMagnitude(values, start, channels);
    if (greatest === 0) {
      norms[at] = 0;
      codes.fill(0, start, start + channels);
      continue;
    }
    const exponent = floorLog2(greatest);
    const squares = alignValues(values, start, powerOfTwo(ALIGNED_BITS - 1 - exponent), vector);
    const exact = squareRoot32(squares) * powerOfTwo(exponent - ALIGNED_BITS + 1);
    const norm = roundStored(stored, exact);
    norms[at] = norm;
    if (exact > FLOAT_LIMITS[stored].greatest) saturated += channels;
    hadamardIntegers(vector);
    // Thresholds are halves of a sum of two levels. The products have at most 39 bits.
    const scale = norm * powerOfTwo(ALIGNED_BITS - 2 - LEVEL_FRACTION_BITS - exponent);
    for (let i = 0; i < thresholds.length; i++) {
      const threshold = Math.ceil((levels[i]! + levels[i + 1]!) * scale);
      thresholds[i] = Math.min(Math.max(threshold, -BOUND), BOUND);
    }
    findCodes(vector, thresholds, codes, start);
  }
  return saturated;
}

function greatestMagnitude(values: Float32Array, start: number, count: number): number {
  let greatest = 0;
  for (let i = start; i < start + count; i++) greatest = Math.max(greatest, Math.abs(values[i]!));
  return greatest;
}

/** Rounds values to whole units, and returns the sum of their squares. */
function alignValues(values: Float32Array, start: number, units: number, vector: Int32Array): number {
  let squares = 0;
  for (let c = 0; c < vector.length; c++) {
    const aligned = values[start + c]! * units + ROUNDER - ROUNDER;
    vector[c] = aligned;
    squares += aligned * aligned;
  }
  return squares;
}

/** Counts the thresholds up to each coordinate by bisection. */
function findCodes(vector: Int32Array, thresholds: Int32Array, codes: Uint8Array, start: number): void {
  const middle = (thresholds.length + 1) >> 1;
  for (let c = 0; c < vector.length; c++) {
    const coordinate = vector[c]!;
    let code = 0;
    // A difference has 31 bits and a sign, which is the comparison.
    for (let half = middle; half > 0; half >>= 1) {
      code += half & ~((coordinate - thresholds[code + half - 1]!) >> 31);
    }
    codes[start + c] = code;
  }
}

/**
 * Decodes vectors as a device does, to the values of {@linkcode decodeRotated}.
 *
 * @param bits Bits of a code.
 * @param codes One code a byte.
 * @param norms One norm per vector.
 * @param channels Length of a vector, one of {@linkcode ROTATED_CHANNELS}.
 * @param values Receives the values.
 * @throws {OnpathError} `shape` for lengths that do not fit, `size` for a norm that is negative or not finite;
 * nothing is written then.
 */
export function decodeRotatedFixed(
  bits: CodebookBits,
  codes: Uint8Array,
  norms: Float32Array,
  channels: number,
  values: Float32Array,
): void {
  checkFixed(values, channels, codes, norms);
  checkStored("norm", norms);
  const levels = Int32Array.from(CODEBOOKS[bits]), vector = new Int32Array(channels);
  const factor = powerOfTwo(-LEVEL_FRACTION_BITS - floorLog2(channels));
  for (let at = 0, start = 0; at < norms.length; at++, start += channels) {
    const scale = norms[at]! * factor;
    for (let c = 0; c < channels; c++) vector[c] = levels[codes[start + c]!]!;
    hadamardIntegers(vector);
    for (let c = 0; c < channels; c++) values[start + c] = vector[c]! * scale;
  }
}

function checkFixed(values: Float32Array, channels: number, codes: Uint8Array, norms: Float32Array): void {
  if (!ROTATED_CHANNELS.some((length) => length === channels)) {
    throw new OnpathError(
      "shape",
      `Cannot rotate vectors of ${channels} channels on a device: expected ${ROTATED_CHANNELS.join(", ")}`,
      { channels },
    );
  }
  checkLength("values of whole vectors", values.length, norms.length * channels);
  checkLength("codes", codes.length, values.length);
}
