/**
 * Microscaling formats of OCP MX v1.0: blocks of 32 elements with one shared power of two.
 *
 * The scale is a byte of E8M0: code c means 2^(c - 127); 255 means NaN. An encoder takes
 * `floor(log2(max |value|)) - maxExponent`, clamped to -127 and 127, where `maxExponent` is that of the element
 * format's greatest value. Elements are `value / scale`, exact, rounded ties to even and saturated. A block of
 * zeros has scale code 0. A block with NaN or infinity has scale code 255 and elements 0: all 32 decode to NaN.
 *
 * @module
 */

import { checkLength } from "./elements.ts";
import { floorLog2, powerOfTwo, roundHalfEven } from "./exact.ts";
import { checkDivision } from "./scale_map.ts";
import {
  decodeTable,
  encodeSmallFloat,
  roundMagnitude,
  SMALL_FLOATS,
  type SmallFloat,
} from "./small_float.ts";

/** Number of elements that share a scale. */
export const MX_BLOCK = 32;

/** Scale code that makes a block NaN. */
export const MX_NAN = 255;

/** Names of the formats, by OCP's names for the elements. */
export type MxName = "mxfp8_e4m3" | "mxfp8_e5m2" | "mxfp6_e2m3" | "mxfp6_e3m2" | "mxfp4" | "mxint8";

/** A format: small floats, or two's complement of 8 bits in units of 1/64. */
export interface MxFormat {
  /** Name of the format. */
  readonly name: MxName;
  /** Bits of an element. */
  readonly bits: 4 | 6 | 8;
  /** Element format; absent for MXINT8. */
  readonly element?: SmallFloat;
}

/** All formats by name. */
export const MX_FORMATS: Readonly<Record<MxName, MxFormat>> = {
  mxfp8_e4m3: { name: "mxfp8_e4m3", bits: 8, element: SMALL_FLOATS.e4m3fn },
  mxfp8_e5m2: { name: "mxfp8_e5m2", bits: 8, element: SMALL_FLOATS.e5m2 },
  mxfp6_e2m3: { name: "mxfp6_e2m3", bits: 6, element: SMALL_FLOATS.e2m3 },
  mxfp6_e3m2: { name: "mxfp6_e3m2", bits: 6, element: SMALL_FLOATS.e3m2 },
  mxfp4: { name: "mxfp4", bits: 4, element: SMALL_FLOATS.e2m1 },
  mxint8: { name: "mxint8", bits: 8 },
};

/**
 * Encodes blocks of 32 consecutive values.
 *
 * @param format Target format.
 * @param values Any binary32 values.
 * @param codes Receives one element code a byte.
 * @param scales Receives one scale code per block.
 * @returns Number of values that saturated; values of NaN blocks are not counted.
 * @throws {OnpathError} `shape` when the blocks do not divide the values or a length differs.
 */
export function encodeMx(
  format: MxFormat,
  values: Float32Array,
  codes: Uint8Array,
  scales: Uint8Array,
): number {
  checkMx(values.length, codes, scales);
  let saturated = 0;
  for (let block = 0, start = 0; block < scales.length; block++, start += MX_BLOCK) {
    const scale = scaleCode(format, values, start);
    scales[block] = scale;
    if (scale === MX_NAN) {
      codes.fill(0, start, start + MX_BLOCK);
      continue;
    }
    const factor = powerOfTwo(127 - scale);
    for (let i = start; i < start + MX_BLOCK; i++) {
      const scaled = values[i]! * factor;
      codes[i] = encodeElement(format, scaled);
      if (isSaturatedElement(format, scaled)) saturated++;
    }
  }
  return saturated;
}

/**
 * Decodes blocks of 32 elements.
 *
 * @param format Format of the codes.
 * @param codes One element code a byte.
 * @param scales One scale code per block.
 * @param values Receives the values, `element x scale` rounded to binary32.
 * @throws {OnpathError} `shape` when the blocks do not divide the values or a length differs.
 */
export function decodeMx(
  format: MxFormat,
  codes: Uint8Array,
  scales: Uint8Array,
  values: Float32Array,
): void {
  checkMx(values.length, codes, scales);
  const table = format.element === undefined
    ? Float32Array.from({ length: 256 }, (_, code) => (code > 127 ? code - 256 : code) / 64)
    : decodeTable(format.element);
  for (let block = 0, start = 0; block < scales.length; block++, start += MX_BLOCK) {
    const scale = scales[block] === MX_NAN ? NaN : powerOfTwo(scales[block]! - 127);
    for (let i = start; i < start + MX_BLOCK; i++) values[i] = table[codes[i]!]! * scale;
  }
}

/** Scale code of the block at `start`. */
function scaleCode(format: MxFormat, values: Float32Array, start: number): number {
  let most = 0;
  // NaN is kept by Math.max.
  for (let i = start; i < start + MX_BLOCK; i++) most = Math.max(most, Math.abs(values[i]!));
  if (!Number.isFinite(most)) return MX_NAN;
  return Math.max(floorLog2(most) - (format.element?.maxExponent ?? 0) + 127, 0);
}

/** Code of a value that is divided by its scale. MXINT8 leaves -128 unused, so that its range is symmetric. */
function encodeElement(format: MxFormat, scaled: number): number {
  if (format.element !== undefined) return encodeSmallFloat(format.element, scaled);
  return Math.min(Math.max(roundHalfEven(scaled * 64), -127), 127) & 0xff;
}

/**
 * Tests whether an element rounds beyond the format's greatest value.
 *
 * @param format Format of the element.
 * @param scaled Value that is divided by its scale.
 */
export function isSaturatedElement(format: MxFormat, scaled: number): boolean {
  const magnitude = Math.abs(scaled);
  if (format.element === undefined) return roundHalfEven(magnitude * 64) > 127;
  return roundMagnitude(format.element, magnitude) > format.element.maxCode;
}

function checkMx(count: number, codes: Uint8Array, scales: Uint8Array): void {
  checkDivision(count, MX_BLOCK, scales.length);
  checkLength("scales", scales.length, count / MX_BLOCK);
  checkLength("codes", codes.length, count);
}
