/**
 * Elements of KV caches as binary32 values: bf16 and f16 widen exactly; the way back rounds ties to even.
 *
 * @module
 */

import {
  fromBFloat16Bits,
  fromFloat16Bits,
  toBFloat16Bits,
  toFloat16Bits,
} from "../../../serialize/dtype.ts";
import { OnpathError } from "../../../serialize/errors.ts";

/** Floating-point types of a cache's elements, scales and norms. */
export type FloatDType = "bf16" | "f16" | "f32";

/** Bytes of one element of each type. */
export const FLOAT_BYTES: Readonly<Record<FloatDType, 2 | 4>> = { bf16: 2, f16: 2, f32: 4 };

/** Range of a type's finite magnitudes. */
export interface FloatLimits {
  /** Greatest finite value. */
  readonly greatest: number;
  /** Least positive value, which is subnormal. */
  readonly least: number;
}

const [greatest32, least32] = new Float32Array(new Uint32Array([0x7f7f_ffff, 1]).buffer);

/** Range of each type. */
export const FLOAT_LIMITS: Readonly<Record<FloatDType, FloatLimits>> = {
  bf16: { greatest: fromBFloat16Bits(0x7f7f), least: fromBFloat16Bits(1) },
  f16: { greatest: fromFloat16Bits(0x7bff), least: fromFloat16Bits(1) },
  f32: { greatest: greatest32!, least: least32! },
};

/**
 * Widens elements to binary32.
 *
 * @param dtype Type of the elements.
 * @param data Elements; `bf16` and `f16` as bit patterns.
 * @param out Receives one value per element.
 * @throws {OnpathError} `shape` when the lengths differ.
 */
export function widen(dtype: FloatDType, data: Uint16Array | Float32Array, out: Float32Array): void {
  checkLength("widened values", out.length, data.length);
  if (dtype === "f32") return out.set(data);
  const decode = dtype === "bf16" ? fromBFloat16Bits : fromFloat16Bits;
  for (let i = 0; i < data.length; i++) out[i] = decode(data[i]!);
}

/**
 * Rounds binary32 values to elements, ties to even. Values beyond the range become infinities.
 *
 * @param dtype Type of the elements.
 * @param values Values to round.
 * @param out Receives one element per value; `bf16` and `f16` as bit patterns.
 * @throws {OnpathError} `shape` when the lengths differ.
 */
export function narrow(dtype: FloatDType, values: Float32Array, out: Uint16Array | Float32Array): void {
  checkLength("elements", out.length, values.length);
  if (dtype === "f32") return out.set(values);
  const encode = dtype === "bf16" ? toBFloat16Bits : toFloat16Bits;
  for (let i = 0; i < values.length; i++) out[i] = encode(values[i]!);
}

/**
 * Rounds a scale or norm to its stored type. A positive value stays positive and finite: both ends saturate.
 *
 * @param dtype Stored type.
 * @param value Non-negative value.
 * @returns Value that a decoder reads.
 */
export function roundStored(dtype: FloatDType, value: number): number {
  const { greatest, least } = FLOAT_LIMITS[dtype];
  if (value === 0) return 0;
  const bounded = Math.min(Math.max(Math.fround(value), least), greatest);
  if (dtype === "f32") return bounded;
  return dtype === "bf16"
    ? fromBFloat16Bits(toBFloat16Bits(bounded))
    : fromFloat16Bits(toFloat16Bits(bounded));
}

/**
 * Writes stored values as little-endian bytes.
 *
 * @param dtype Stored type; each value is representable in it.
 * @param values Values to write.
 * @param bytes Receives the bytes, from its first byte.
 */
export function writeStored(dtype: FloatDType, values: Float32Array, bytes: Uint8Array): void {
  checkLength("bytes of stored values", bytes.length, values.length * FLOAT_BYTES[dtype]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < values.length; i++) {
    if (dtype === "f32") view.setFloat32(4 * i, values[i]!, true);
    else view.setUint16(2 * i, (dtype === "bf16" ? toBFloat16Bits : toFloat16Bits)(values[i]!), true);
  }
}

/**
 * Reads stored values from little-endian bytes.
 *
 * @param dtype Stored type.
 * @param bytes Bytes that `writeStored` made.
 * @param values Receives the values.
 */
export function readStored(dtype: FloatDType, bytes: Uint8Array, values: Float32Array): void {
  checkLength("bytes of stored values", bytes.length, values.length * FLOAT_BYTES[dtype]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < values.length; i++) {
    if (dtype === "f32") values[i] = view.getFloat32(4 * i, true);
    else values[i] = (dtype === "bf16" ? fromBFloat16Bits : fromFloat16Bits)(view.getUint16(2 * i, true));
  }
}

/**
 * Checks the length of an array.
 *
 * @throws {OnpathError} `shape` when it is not the expected one.
 */
export function checkLength(what: string, found: number, expected: number): void {
  if (found !== expected) {
    throw new OnpathError(
      "shape",
      `Cannot quantize: ${what} have length ${found}, expected ${expected}`,
      { what, found, expected },
    );
  }
}
