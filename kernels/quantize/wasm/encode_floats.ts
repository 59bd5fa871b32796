// Encoders of small floats and MX.

import { storeCodes } from "./codes";
import { INFINITY_BITS, load4, loadStored, powerOf } from "./elements";
import { floatCodes, greatestBits, lowBytes, roundBounded, roundIntegers } from "./rounding";
import { high16, low16 } from "./transpose";

function encodeFloatsOf<T>(
  from: usize, to: usize, groups: i32, values: i32, bits: i32,
  unit: i32, shift: i32, limit: f32, maxCode: i32, nanCode: i32, scales: usize, stored: i32,
): void {
  const signBit = 1 << (bits - 1), size = stored === 2 ? 4 : 2;
  for (let group = 0; group < groups; group++) {
    const end = from + values * sizeof<T>();
    if (stored < 0) {
      for (; from < end; from += 16 * sizeof<T>(), to += 2 * bits) {
        storeCodes(to, floatCodes(
          load4<T>(from), load4<T>(from + 4 * sizeof<T>()),
          load4<T>(from + 8 * sizeof<T>()), load4<T>(from + 12 * sizeof<T>()),
          unit, shift, limit, maxCode, signBit, nanCode,
        ), bits);
      }
      continue;
    }
    const scale = f32x4.splat(loadStored(scales + group * size, stored));
    for (; from < end; from += 16 * sizeof<T>(), to += 2 * bits) {
      storeCodes(to, floatCodes(
        f32x4.div(load4<T>(from), scale), f32x4.div(load4<T>(from + 4 * sizeof<T>()), scale),
        f32x4.div(load4<T>(from + 8 * sizeof<T>()), scale), f32x4.div(load4<T>(from + 12 * sizeof<T>()), scale),
        unit, shift, limit, maxCode, signBit, nanCode,
      ), bits);
    }
  }
}

/** 16 bf16 magnitudes in lanes of 16 bits as codes without sign. A scale of 1 is not divided by. */
// @ts-ignore: decorator of AssemblyScript
@inline

function bf16Codes(
  low: v128, high: v128, scale: v128, isScaled: bool, unit: i32, shift: i32, limit: f32,
): v128 {
  const zero = i32x4.splat(0);
  let a = low16(zero, low), b = high16(zero, low), c = low16(zero, high), d = high16(zero, high);
  if (isScaled) {
    const most = f32x4.splat(limit);
    a = f32x4.pmin(f32x4.div(a, scale), most);
    b = f32x4.pmin(f32x4.div(b, scale), most);
    c = f32x4.pmin(f32x4.div(c, scale), most);
    d = f32x4.pmin(f32x4.div(d, scale), most);
  }
  return i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(roundBounded(a, unit, shift), roundBounded(b, unit, shift)),
    i16x8.narrow_i32x4_s(roundBounded(c, unit, shift), roundBounded(d, unit, shift)),
  );
}

/** `encodeFloatsOf` for bf16: signs, NaN and the bound are found in lanes of 16 bits. */
function encodeBf16(
  from: usize, to: usize, groups: i32, values: i32, bits: i32,
  unit: i32, shift: i32, limit: f32, maxCode: i32, nanCode: i32, scales: usize, stored: i32,
): void {
  const size = stored === 2 ? 4 : 2, sign = 1 << (bits - 1), greatest = reinterpret<i32>(limit) >>> 16;
  const most = i8x16.splat(<i8>maxCode), signBit = i8x16.splat(<i8>sign);
  const bound = i16x8.splat(<i16>greatest), infinity = i16x8.splat(0x7f80);
  const mask = i16x8.splat(0x7fff);
  for (let group = 0; group < groups; group++) {
    const end = from + 2 * values;
    const scale = f32x4.splat(stored < 0 ? 1 : loadStored(scales + group * size, stored));
    for (; from < end; from += 32, to += 2 * bits) {
      const x = v128.load(from), y = v128.load(from, 16);
      const low = v128.and(x, mask), high = v128.and(y, mask);
      const codes = stored < 0
        ? bf16Codes(i16x8.min_s(low, bound), i16x8.min_s(high, bound), scale, false, unit, shift, limit)
        : bf16Codes(low, high, scale, true, unit, shift, limit);
      // A saturated lane keeps the sign of its element.
      const signs = v128.and(i8x16.shr_s(i8x16.narrow_i16x8_s(x, y), 7), signBit);
      let signed = v128.or(i8x16.min_u(codes, most), signs);
      const lowNaN = i16x8.gt_s(low, infinity), highNaN = i16x8.gt_s(high, infinity);
      if (v128.any_true(v128.or(lowNaN, highNaN))) {
        signed = v128.bitselect(i8x16.splat(<i8>nanCode), signed, i8x16.narrow_i16x8_s(lowNaN, highNaN));
      }
      storeCodes(to, signed, bits);
    }
  }
}

/**
 * Encodes small floats. Scales of type `stored` follow the values; `stored` is -1 for a scale of 1.
 */
export function encodeFloats(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32,
  unit: i32, shift: i32, limit: f32, maxCode: i32, nanCode: i32, stored: i32,
): void {
  const scales = from + groups * values * (dtype === 2 ? 4 : 2);
  if (dtype === 0) {
    encodeBf16(from, to, groups, values, bits, unit, shift, limit, maxCode, nanCode, scales, stored);
  } else if (dtype === 1) {
    encodeFloatsOf<i16>(from, to, groups, values, bits, unit, shift, limit, maxCode, nanCode, scales, stored);
  } else encodeFloatsOf<f32>(from, to, groups, values, bits, unit, shift, limit, maxCode, nanCode, scales, stored);
}

function encodeMxOf<T>(
  from: usize, to: usize, groups: i32, values: i32, bits: i32,
  unit: i32, shift: i32, limit: f32, maxCode: i32, maxExponent: i32,
): void {
  let scales = to + (groups * values * bits >> 3);
  for (let group = 0; group < groups; group++) {
    const end = from + values * sizeof<T>();
    const most = greatestBits<T>(from, values);
    if (most >= INFINITY_BITS) {
      store<u8>(scales++, 255);
      for (; from < end; from += 16 * sizeof<T>(), to += 2 * bits) storeCodes(to, i32x4.splat(0), bits);
      continue;
    }
    // Subnormal binary32 values have exponents from -149; 0 has scale code 0.
    const exponent = most >= 0x800000 ? (most >>> 23) - 127 : -118 - <i32>clz(most);
    const code = most === 0 ? 0 : max(exponent - maxExponent + 127, 0);
    store<u8>(scales++, <u8>code);
    const factor = f32x4.splat(powerOf(127 - code));
    for (; from < end; from += 16 * sizeof<T>(), to += 2 * bits) {
      const a = f32x4.mul(load4<T>(from), factor), b = f32x4.mul(load4<T>(from + 4 * sizeof<T>()), factor);
      const c = f32x4.mul(load4<T>(from + 8 * sizeof<T>()), factor);
      const d = f32x4.mul(load4<T>(from + 12 * sizeof<T>()), factor);
      if (maxCode !== 0) {
        storeCodes(to, floatCodes(a, b, c, d, unit, shift, limit, maxCode, 1 << (bits - 1), 0), bits);
        continue;
      }
      const z = i32x4.splat(0), lo = i32x4.splat(-127), hi = i32x4.splat(127), s = f32x4.splat(64);
      storeCodes(to, lowBytes(
        roundIntegers(f32x4.mul(a, s), z, lo, hi), roundIntegers(f32x4.mul(b, s), z, lo, hi),
        roundIntegers(f32x4.mul(c, s), z, lo, hi), roundIntegers(f32x4.mul(d, s), z, lo, hi),
      ), bits);
    }
  }
}

/** Encodes MX; scale codes follow the codes. `maxCode` is 0 for MXINT8. */
export function encodeMx(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32,
  unit: i32, shift: i32, limit: f32, maxCode: i32, maxExponent: i32,
): void {
  if (dtype === 0) encodeMxOf<u16>(from, to, groups, values, bits, unit, shift, limit, maxCode, maxExponent);
  else if (dtype === 1) encodeMxOf<i16>(from, to, groups, values, bits, unit, shift, limit, maxCode, maxExponent);
  else encodeMxOf<f32>(from, to, groups, values, bits, unit, shift, limit, maxCode, maxExponent);
}
