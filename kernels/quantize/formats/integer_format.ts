/**
 * Integer formats of 4 and 8 bits with a scale and a zero point, as ONNX QuantizeLinear and DequantizeLinear
 * define them: `code = saturate(round(value / scale) + zero)` and `value = (code - zero) x scale`. Quotient and
 * product are rounded to binary32; `round` takes ties to even.
 *
 * @module
 */

import { roundHalfEven } from "./exact.ts";

/** Names of the formats. */
export type IntegerName = "int8" | "uint8" | "int4" | "uint4";

/** A format. Signed codes are two's complement of `bits` bits. */
export interface IntegerFormat {
  /** Name as ONNX writes it. */
  readonly name: IntegerName;
  /** Bits of a code. */
  readonly bits: 4 | 8;
  /** Least integer. */
  readonly min: number;
  /** Greatest integer. */
  readonly max: number;
}

/** All formats by name. */
export const INTEGERS: Readonly<Record<IntegerName, IntegerFormat>> = {
  int8: { name: "int8", bits: 8, min: -128, max: 127 },
  uint8: { name: "uint8", bits: 8, min: 0, max: 255 },
  int4: { name: "int4", bits: 4, min: -8, max: 7 },
  uint4: { name: "uint4", bits: 4, min: 0, max: 15 },
};

/**
 * Rounds a scaled value to an integer without an end of the range.
 *
 * @param value Any binary32 value.
 * @param scale Positive finite binary32 value.
 * @param zero Zero point, an integer of the format.
 * @returns Integer that a format clamps. NaN becomes the zero point, which decodes to 0.
 */
export function roundScaled(value: number, scale: number, zero: number): number {
  const quotient = Math.fround(value / scale);
  return Number.isNaN(quotient) ? zero : roundHalfEven(quotient) + zero;
}

/**
 * Encodes a value; finite values out of range and infinities saturate.
 *
 * @param format Target format.
 * @param value Any binary32 value.
 * @param scale Positive finite binary32 value.
 * @param zero Zero point, an integer of the format.
 * @returns Code of `format.bits` bits.
 */
export function encodeInteger(format: IntegerFormat, value: number, scale: number, zero = 0): number {
  const clamped = Math.min(Math.max(roundScaled(value, scale, zero), format.min), format.max);
  return clamped & ((1 << format.bits) - 1);
}

/**
 * Reads the integer of a code.
 *
 * @param format Format of the code.
 * @param code Code of `format.bits` bits.
 */
export function integerOf(format: IntegerFormat, code: number): number {
  return format.min < 0 && code > format.max ? code - (1 << format.bits) : code;
}

/**
 * Decodes a code.
 *
 * @param format Format of the code.
 * @param code Code of `format.bits` bits.
 * @param scale Scale of the encoder.
 * @param zero Zero point of the encoder.
 * @returns Binary32 value.
 */
export function decodeInteger(format: IntegerFormat, code: number, scale: number, zero = 0): number {
  return Math.fround((integerOf(format, code) - zero) * scale);
}
