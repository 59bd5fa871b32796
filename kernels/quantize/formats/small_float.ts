/**
 * Floating-point formats of 4, 6 and 8 bits, as OCP defines them: encoding rounds ties to even and saturates.
 *
 * A code is a sign bit, an exponent field and a mantissa of `mantissaBits`. A value of exponent field 0 is
 * `mantissa x 2^(1 - bias - mantissaBits)`; another is `(1 + mantissa / 2^mantissaBits) x 2^(field - bias)`.
 *
 * @module
 */

import { floorLog2, powerOfTwo, roundHalfEven } from "./exact.ts";

/** Names of the formats. */
export type SmallFloatName = "e4m3fn" | "e5m2" | "e2m3" | "e3m2" | "e2m1";

/** A format. Codes are stated without their sign bit. */
export interface SmallFloat {
  /** Name as OCP and ONNX write it. */
  readonly name: SmallFloatName;
  /** Bits of a code, with the sign. */
  readonly bits: 4 | 6 | 8;
  /** Bits of the mantissa. */
  readonly mantissaBits: number;
  /** Bias of the exponent field. */
  readonly bias: number;
  /** Code of the greatest finite value. */
  readonly maxCode: number;
  /** floor(log2(greatest finite value)). */
  readonly maxExponent: number;
  /** NaN that an encoder writes; absent in formats without NaN, where NaN becomes 0. */
  readonly nanCode?: number;
  /** Code of infinity, for decoders. Encoders saturate and never write it. */
  readonly infinityCode?: number;
}

/** All formats by name. */
export const SMALL_FLOATS: Readonly<Record<SmallFloatName, SmallFloat>> = {
  e4m3fn: {
    name: "e4m3fn",
    bits: 8,
    mantissaBits: 3,
    bias: 7,
    maxCode: 0x7e,
    maxExponent: 8,
    nanCode: 0x7f,
  },
  e5m2: {
    name: "e5m2",
    bits: 8,
    mantissaBits: 2,
    bias: 15,
    maxCode: 0x7b,
    maxExponent: 15,
    nanCode: 0x7f,
    infinityCode: 0x7c,
  },
  e2m3: { name: "e2m3", bits: 6, mantissaBits: 3, bias: 1, maxCode: 0x1f, maxExponent: 2 },
  e3m2: { name: "e3m2", bits: 6, mantissaBits: 2, bias: 3, maxCode: 0x1f, maxExponent: 4 },
  e2m1: { name: "e2m1", bits: 4, mantissaBits: 1, bias: 1, maxCode: 0x7, maxExponent: 2 },
};

/**
 * Rounds a magnitude to a code as if the exponent had no end.
 *
 * @param format Target format.
 * @param magnitude Non-negative binary32 value, or infinity.
 * @returns Code without sign. A code above `format.maxCode` means that the value saturates.
 */
export function roundMagnitude(format: SmallFloat, magnitude: number): number {
  if (magnitude === Infinity) return Infinity;
  const least = 1 - format.bias;
  const exponent = Math.max(floorLog2(magnitude), least);
  // Units of the last mantissa bit. A carry out of the mantissa is the next exponent's first code.
  const units = roundHalfEven(magnitude * powerOfTwo(format.mantissaBits - exponent));
  return ((exponent - least) << format.mantissaBits) + units;
}

/**
 * Encodes a value: rounds ties to even, saturates finite values and infinities, keeps the sign of zero.
 *
 * @param format Target format.
 * @param value Any number; it is rounded to binary32 first.
 * @returns Code of `format.bits` bits. NaN becomes `nanCode` without its sign, or 0 in formats
 * without NaN.
 */
export function encodeSmallFloat(format: SmallFloat, value: number): number {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return format.nanCode ?? 0;
  const isNegative = rounded < 0 || Object.is(rounded, -0);
  const code = Math.min(roundMagnitude(format, Math.abs(rounded)), format.maxCode);
  return isNegative ? code | (1 << (format.bits - 1)) : code;
}

/**
 * Decodes a code.
 *
 * @param format Format of the code.
 * @param code Code of `format.bits` bits.
 * @returns Exact value, representable in bf16 and f16.
 */
export function decodeSmallFloat(format: SmallFloat, code: number): number {
  const signBit = 1 << (format.bits - 1);
  const magnitude = code & (signBit - 1);
  const sign = (code & signBit) === 0 ? 1 : -1;
  if (magnitude === format.infinityCode) return sign * Infinity;
  if (magnitude > format.maxCode) return NaN;
  const field = magnitude >>> format.mantissaBits;
  const mantissa = magnitude & ((1 << format.mantissaBits) - 1);
  const significand = field === 0 ? mantissa : mantissa + (1 << format.mantissaBits);
  return sign * significand * powerOfTwo(Math.max(field, 1) - format.bias - format.mantissaBits);
}

/**
 * Decodes every code.
 *
 * @param format Format of the codes.
 * @returns Value of each code, 2^bits of them.
 */
export function decodeTable(format: SmallFloat): Float32Array {
  return Float32Array.from({ length: 1 << format.bits }, (_, code) => decodeSmallFloat(format, code));
}
