/**
 * Element types, their sizes, and conversions for `f16` and `bf16`.
 * JavaScript in Node 20 has no typed array for these two 16-bit formats.
 *
 * @module
 */

import { OnpathError } from "./errors.ts";

/** Element types of tensors. `f16` is IEEE 754 binary16; `bf16` is the upper half of binary32. */
export type DType = "u8" | "i8" | "f16" | "bf16" | "f32" | "i32" | "u32" | "u16";

/** All element types, in a fixed order. */
export const DTYPES: readonly ["u8", "i8", "f16", "bf16", "f32", "i32", "u32", "u16"] = [
  "u8",
  "i8",
  "f16",
  "bf16",
  "f32",
  "i32",
  "u32",
  "u16",
];

/** Bytes of one element of each type. */
export const DTYPE_BYTES: Readonly<Record<DType, 1 | 2 | 4>> = {
  u8: 1,
  i8: 1,
  f16: 2,
  bf16: 2,
  f32: 4,
  i32: 4,
  u32: 4,
  u16: 2,
};

/** Typed array class of each element type. `f16` and `bf16` are stored as bit patterns. */
export interface ElementArrays {
  /** Unsigned, 8 bits. */
  readonly u8: Uint8Array<ArrayBuffer>;
  /** Signed, 8 bits. */
  readonly i8: Int8Array<ArrayBuffer>;
  /** IEEE 754 binary16, as bit patterns. */
  readonly f16: Uint16Array<ArrayBuffer>;
  /** Upper half of binary32, as bit patterns. */
  readonly bf16: Uint16Array<ArrayBuffer>;
  /** IEEE 754 binary32. */
  readonly f32: Float32Array<ArrayBuffer>;
  /** Signed, 32 bits. */
  readonly i32: Int32Array<ArrayBuffer>;
  /** Unsigned, 32 bits. */
  readonly u32: Uint32Array<ArrayBuffer>;
  /** Unsigned, 16 bits. */
  readonly u16: Uint16Array<ArrayBuffer>;
}

/** Typed array of any element type. */
export type TypedArray = ElementArrays[DType];

/**
 * Views bytes as elements, without a copy.
 *
 * @param dtype Element type.
 * @param buffer Memory that holds the elements, in the machine's byte order. Every machine that runs V8 today
 * is little-endian.
 * @param byteOffset Offset of the first element in bytes, a multiple of the element size.
 * @param length Number of elements.
 * @returns Typed array over the buffer.
 */
export function viewElements<D extends DType>(
  dtype: D,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
): ElementArrays[D];
export function viewElements(
  dtype: DType,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
): TypedArray {
  switch (dtype) {
    case "u8":
      return new Uint8Array(buffer, byteOffset, length);
    case "i8":
      return new Int8Array(buffer, byteOffset, length);
    case "f16":
    case "bf16":
    case "u16":
      return new Uint16Array(buffer, byteOffset, length);
    case "f32":
      return new Float32Array(buffer, byteOffset, length);
    case "i32":
      return new Int32Array(buffer, byteOffset, length);
    case "u32":
      return new Uint32Array(buffer, byteOffset, length);
  }
}

/**
 * Checks that a typed array holds elements of a type.
 *
 * @throws {OnpathError} `dtype` when the class of the array does not match the type.
 */
export function checkElements(dtype: DType, data: ArrayBufferView): void {
  const wanted = viewElements(dtype, new ArrayBuffer(0), 0, 0).constructor.name;
  const clamped = dtype === "u8" && data instanceof Uint8ClampedArray;
  if (data.constructor.name !== wanted && !(clamped || (dtype === "u8" && data instanceof Uint8Array))) {
    throw new OnpathError(
      "dtype",
      `Cannot make a tensor: dtype ${dtype} is held in a ${wanted}, the data is a ${data.constructor.name}`,
      { dtype, expected: wanted, found: data.constructor.name },
    );
  }
}

const floatBits = new Float32Array(1);
const floatWord = new Uint32Array(floatBits.buffer);

/**
 * Rounds a number to binary16, ties to even, as IEEE 754 and NumPy do.
 *
 * @param value Any number. It is rounded to binary32 first, as PyTorch's `.half()` does for a float tensor.
 * @returns 16 bits. NaN becomes the quiet NaN 0x7e00, or 0xfe00 with the sign bit set.
 *
 * @example
 * ```ts
 * import { toFloat16Bits } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(toFloat16Bits(1), 0x3c00);
 * assert.equal(toFloat16Bits(65520), 0x7c00); // the tie above the greatest finite value goes to infinity
 * ```
 */
export function toFloat16Bits(value: number): number {
  floatBits[0] = value;
  const word = floatWord[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  if (magnitude >= 0x4780_0000) return sign | 0x7c00;
  if (magnitude < 0x3880_0000) {
    // Below 2^-14 the result counts units of 2^-24. Adding 0.5 moves that unit to bit 0 of the binary32
    // fraction, so the addition itself rounds ties to even.
    floatWord[0] = magnitude;
    floatBits[0] = floatBits[0]! + 0.5;
    return sign | (floatWord[0]! - 0x3f00_0000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x3800_0000 + 0xfff + odd) >>> 13);
}

/**
 * Decodes binary16.
 *
 * @param bits 16 bits.
 * @returns Exact value; infinities and NaN are kept.
 *
 * @example
 * ```ts
 * import { fromFloat16Bits, toFloat16Bits } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(fromFloat16Bits(toFloat16Bits(0.5)), 0.5);
 * ```
 */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Rounds a number to bfloat16, ties to even, as PyTorch's `.bfloat16()` does.
 *
 * @param value Any number. It is rounded to binary32 first.
 * @returns 16 bits. NaN becomes 0x7fc0.
 *
 * @example
 * ```ts
 * import { toBFloat16Bits } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(toBFloat16Bits(1), 0x3f80);
 * ```
 */
export function toBFloat16Bits(value: number): number {
  floatBits[0] = value;
  const word = floatWord[0]!;
  if ((word & 0x7fff_ffff) > 0x7f80_0000) return 0x7fc0;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/**
 * Decodes bfloat16.
 *
 * @param bits 16 bits.
 * @returns Exact value; infinities and NaN are kept.
 *
 * @example
 * ```ts
 * import { fromBFloat16Bits } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.equal(fromBFloat16Bits(0x3f80), 1);
 * ```
 */
export function fromBFloat16Bits(bits: number): number {
  floatWord[0] = bits << 16;
  return floatBits[0]!;
}
