/**
 * Arrays in a format under given scales: FP8, FP6 and FP4 by one division and a rounding, integers as
 * `integer_format.ts` states. Codes take one byte each; `pack.ts` packs them.
 *
 * @module
 */

import { checkLength } from "./elements.ts";
import { decodeInteger, encodeInteger, type IntegerFormat, roundScaled } from "./integer_format.ts";
import { checkScaleMap, type ScaleMap } from "./scale_map.ts";
import { decodeTable, encodeSmallFloat, roundMagnitude, type SmallFloat } from "./small_float.ts";

/**
 * Encodes values as small floats: `code = encode(value / scale)`, the quotient rounded to binary32.
 *
 * @param format Target format.
 * @param values Any binary32 values; NaN and infinities follow `encodeSmallFloat`.
 * @param map Scales of the values.
 * @param codes Receives one code a byte.
 * @returns Number of values that saturated, infinities included.
 * @throws {OnpathError} As `checkScaleMap`, before anything is written.
 */
export function encodeScaledFloats(
  format: SmallFloat,
  values: Float32Array,
  map: ScaleMap,
  codes: Uint8Array,
): number {
  checkLength("codes", codes.length, values.length);
  checkScaleMap(values.length, map);
  let saturated = 0;
  eachRun(values.length, map, (start, end, at) => {
    const scale = map.scales[at]!;
    for (let i = start; i < end; i++) {
      const quotient = Math.fround(values[i]! / scale);
      codes[i] = encodeSmallFloat(format, quotient);
      if (roundMagnitude(format, Math.abs(quotient)) > format.maxCode) saturated++;
    }
  });
  return saturated;
}

/**
 * Decodes small floats: `value = decode(code) x scale`, rounded to binary32.
 *
 * @param format Format of the codes.
 * @param codes One code a byte.
 * @param map Scales of the encoder.
 * @param values Receives the values.
 * @throws {OnpathError} As `checkScaleMap`, before anything is written.
 */
export function decodeScaledFloats(
  format: SmallFloat,
  codes: Uint8Array,
  map: ScaleMap,
  values: Float32Array,
): void {
  checkLength("codes", codes.length, values.length);
  checkScaleMap(values.length, map);
  const table = decodeTable(format);
  eachRun(values.length, map, (start, end, at) => {
    const scale = map.scales[at]!;
    for (let i = start; i < end; i++) values[i] = table[codes[i]!]! * scale;
  });
}

/**
 * Encodes values as integers.
 *
 * @param format Target format.
 * @param values Any binary32 values; NaN becomes the zero point, infinities saturate.
 * @param map Scales and zero points of the values.
 * @param codes Receives one code a byte.
 * @returns Number of values that saturated, infinities included.
 * @throws {OnpathError} As `checkScaleMap`, before anything is written.
 */
export function encodeScaledIntegers(
  format: IntegerFormat,
  values: Float32Array,
  map: ScaleMap,
  codes: Uint8Array,
): number {
  checkLength("codes", codes.length, values.length);
  checkScaleMap(values.length, map, format);
  let saturated = 0;
  eachRun(values.length, map, (start, end, at) => {
    const scale = map.scales[at]!, zero = map.zeros?.[at] ?? 0;
    for (let i = start; i < end; i++) {
      codes[i] = encodeInteger(format, values[i]!, scale, zero);
      const rounded = roundScaled(values[i]!, scale, zero);
      if (rounded < format.min || rounded > format.max) saturated++;
    }
  });
  return saturated;
}

/**
 * Decodes integers.
 *
 * @param format Format of the codes.
 * @param codes One code a byte.
 * @param map Scales and zero points of the encoder.
 * @param values Receives the values.
 * @throws {OnpathError} As `checkScaleMap`, before anything is written.
 */
export function decodeScaledIntegers(
  format: IntegerFormat,
  codes: Uint8Array,
  map: ScaleMap,
  values: Float32Array,
): void {
  checkLength("codes", codes.length, values.length);
  checkScaleMap(values.length, map, format);
  eachRun(values.length, map, (start, end, at) => {
    const scale = map.scales[at]!, zero = map.zeros?.[at] ?? 0;
    for (let i = start; i < end; i++) values[i] = decodeInteger(format, codes[i]!, scale, zero);
  });
}

/** Calls `visit` with the start, the end and the index of the scale of each run. */
function eachRun(
  length: number,
  map: ScaleMap,
  visit: (start: number, end: number, at: number) => void,
): void {
  for (let start = 0, at = 0; start < length; start += map.run, at = (at + 1) % map.scales.length) {
    visit(start, start + map.run, at);
  }
}
