/**
 * Output elements as bit patterns: encoding, decoding, and their order by value.
 *
 * @module
 */

import {
  type DType,
  DTYPE_BYTES,
  type ElementArrays,
  fromBFloat16Bits,
  fromFloat16Bits,
  toBFloat16Bits,
  toFloat16Bits,
  viewElements,
} from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";

/**
 * Treatment of finite values beyond the output type. `refuse`: an error. `saturate`: the nearest finite value.
 * `infinity`: infinity, for floats only.
 */
export type Overflow = "refuse" | "saturate" | "infinity";

/** Limits of the integer types. */
const INTEGERS: Readonly<Partial<Record<DType, readonly [min: number, max: number]>>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
};

/** Patterns of the greatest finite floats. */
const FINITE: Readonly<Partial<Record<DType, number>>> = { f16: 0x7bff, bf16: 0x7f7f, f32: 0x7f7f_ffff };

const word = new DataView(new ArrayBuffer(4));

/** Whether a type is a float. */
export function isFloat(dtype: DType): boolean {
  return dtype in FINITE;
}

/** Counts the bits of an element. */
export function elementBits(dtype: DType): number {
  return 8 * DTYPE_BYTES[dtype];
}

/**
 * Encodes a value as the bit pattern of an element. Floats are rounded, ties to even.
 *
 * @param value Any number; whole for integers.
 * @param dtype Element type.
 * @param overflow Treatment of values that are out of range.
 * @throws {OnpathError} `dtype` if the type cannot hold the value.
 */
export function encodeElement(value: number, dtype: DType, overflow: Overflow): number {
  const limits = INTEGERS[dtype];
  if (limits !== undefined) {
    const held = overflow === "saturate" ? Math.min(limits[1], Math.max(limits[0], value)) : value;
    if (Number.isInteger(held) && held >= limits[0] && held <= limits[1]) {
      return (held & (2 ** elementBits(dtype) - 1)) >>> 0;
    }
    throw notHeld(value, dtype, `a whole number from ${limits[0]} to ${limits[1]}`);
  }
  const pattern = roundToFloat(value, dtype);
  const isBeyond = Number.isFinite(value) && !Number.isFinite(decodeElement(pattern, dtype));
  if (!isBeyond || overflow === "infinity") return pattern;
  const greatest = FINITE[dtype]!;
  if (overflow === "saturate") return value > 0 ? greatest : greatest + 2 ** (elementBits(dtype) - 1);
  const most = decodeElement(greatest, dtype);
  throw notHeld(value, dtype, `at most ${most} in magnitude, or overflow "saturate" or "infinity"`);
}

function notHeld(value: number, dtype: DType, expected: string): OnpathError {
  return new OnpathError("dtype", `Cannot hold ${value} in ${dtype}: expected ${expected}`, { value, dtype });
}

function roundToFloat(value: number, dtype: DType): number {
  if (dtype === "f16") return toFloat16Bits(value);
  if (dtype === "bf16") return toBFloat16Bits(value);
  if (Number.isNaN(value)) return 0x7fc0_0000;
  word.setFloat32(0, value);
  return word.getUint32(0);
}

/**
 * Decodes a bit pattern.
 *
 * @param pattern Bits of the element, as an unsigned number.
 * @param dtype Element type.
 */
export function decodeElement(pattern: number, dtype: DType): number {
  switch (dtype) {
    case "f16":
      return fromFloat16Bits(pattern);
    case "bf16":
      return fromBFloat16Bits(pattern);
    case "f32":
      word.setUint32(0, pattern);
      return word.getFloat32(0);
    case "i8":
      return (pattern << 24) >> 24;
    case "i32":
      return pattern | 0;
    default:
      return pattern;
  }
}

/**
 * Number of a pattern in the order of values. Neighbours differ by 1, which is one unit in the last place.
 * −0 is directly below +0.
 */
export function rankOf(pattern: number, dtype: DType): number {
  if (dtype === "u8" || dtype === "u16" || dtype === "u32") return pattern;
  const half = 2 ** (elementBits(dtype) - 1);
  if (pattern < half) return pattern;
  return isFloat(dtype) ? half - 1 - pattern : pattern - 2 * half;
}

/** Pattern with a rank: the inverse of {@linkcode rankOf}. Ranks beyond the type are clamped. */
export function patternOf(rank: number, dtype: DType): number {
  const all = 2 ** elementBits(dtype);
  if (dtype === "u8" || dtype === "u16" || dtype === "u32") return Math.min(all - 1, Math.max(0, rank));
  const held = Math.min(all / 2 - 1, Math.max(-all / 2, rank));
  if (held >= 0) return held;
  return isFloat(dtype) ? all / 2 - 1 - held : held + all;
}

/**
 * Stores patterns as elements.
 *
 * @param patterns Bits of the elements, as unsigned numbers.
 * @param dtype Element type.
 */
export function elementsOf<D extends DType>(patterns: Uint32Array, dtype: D): ElementArrays[D] {
  const { length } = patterns;
  const buffer = new ArrayBuffer(length * DTYPE_BYTES[dtype]);
  const unsigned = ({ 1: "u8", 2: "u16", 4: "u32" } as const)[DTYPE_BYTES[dtype]];
  viewElements(unsigned, buffer, 0, length).set(patterns);
  return viewElements(dtype, buffer, 0, length);
}
