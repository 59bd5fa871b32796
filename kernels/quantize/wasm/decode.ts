// Decoders of small floats, integers, KIVI and MX.

import { loadCodes } from "./codes";
import { INFINITY_BITS, loadStored, powerOf, store16 } from "./elements";

/** Four of eight codes in lanes of 32 bits. */
// @ts-ignore: decorator of AssemblyScript
@inline

function lanes(half: v128, isHigh: bool): v128 {
  return isHigh ? i32x4.extend_high_i16x8_u(half) : i32x4.extend_low_i16x8_u(half);
}

/** Four codes of a small float as binary32: their bits at the fraction's top, and a multiplication for the bias. */
// @ts-ignore: decorator of AssemblyScript
@inline

function floatValues(
  codes: v128, bits: i32, shift: i32, factor: f32, maxCode: i32, infinityCode: i32,
): v128 {
  const magnitude = v128.and(codes, i32x4.splat((1 << (bits - 1)) - 1));
  let value = f32x4.mul(i32x4.shl(magnitude, shift), f32x4.splat(factor));
  const special = i32x4.gt_s(magnitude, i32x4.splat(maxCode));
  const isInfinity = i32x4.eq(magnitude, i32x4.splat(infinityCode));
  const nan = v128.bitselect(i32x4.splat(INFINITY_BITS), i32x4.splat(0x7fc00000), isInfinity);
  value = v128.bitselect(nan, value, special);
  return v128.or(value, i32x4.shl(v128.and(codes, i32x4.splat(1 << (bits - 1))), 32 - bits));
}

/** Four codes of integers as binary32, less their zero point. */
// @ts-ignore: decorator of AssemblyScript
@inline

function integerValues(codes: v128, up: i32, isSigned: bool, zero: v128): v128 {
  const x = isSigned ? i32x4.shr_s(i32x4.shl(codes, up), up) : codes;
  return f32x4.convert_i32x4_s(i32x4.sub(x, zero));
}

function decodeFloatsOf<T>(
  from: usize, to: usize, groups: i32, values: i32, bits: i32,
  shift: i32, factor: f32, maxCode: i32, infinityCode: i32, scales: usize, stored: i32,
): void {
  const size = stored === 2 ? 4 : 2;
  for (let group = 0; group < groups; group++) {
    const scale = f32x4.splat(
      stored === -1 ? 1 : stored === 3 ? mxScale(load<u8>(scales + group)) : loadStored(scales + group * size, stored),
    );
    const end = to + values * sizeof<T>();
    for (; to < end; to += 16 * sizeof<T>(), from += 2 * bits) {
      const codes = loadCodes(from, bits);
      const low = i16x8.extend_low_i8x16_u(codes), high = i16x8.extend_high_i8x16_u(codes);
      store16<T>(
        to,
        f32x4.mul(floatValues(lanes(low, false), bits, shift, factor, maxCode, infinityCode), scale),
        f32x4.mul(floatValues(lanes(low, true), bits, shift, factor, maxCode, infinityCode), scale),
        f32x4.mul(floatValues(lanes(high, false), bits, shift, factor, maxCode, infinityCode), scale),
        f32x4.mul(floatValues(lanes(high, true), bits, shift, factor, maxCode, infinityCode), scale),
      );
    }
  }
}

/** Value of a scale code of MX. */
// @ts-ignore: decorator of AssemblyScript
@inline

function mxScale(code: u8): f32 {
  return code === 255 ? reinterpret<f32>(0x7fc00000) : powerOf(<i32>code - 127);
}

/** Decodes small floats, whose scales follow the codes: of type `stored`, none for -1, scale codes of MX for 3. */
export function decodeFloats(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32,
  shift: i32, factor: f32, maxCode: i32, infinityCode: i32, stored: i32,
): void {
  const scales = from + (groups * values * bits >> 3);
  if (dtype === 0) {
    decodeFloatsOf<u16>(from, to, groups, values, bits, shift, factor, maxCode, infinityCode, scales, stored);
  } else if (dtype === 1) {
    decodeFloatsOf<i16>(from, to, groups, values, bits, shift, factor, maxCode, infinityCode, scales, stored);
  } else decodeFloatsOf<f32>(from, to, groups, values, bits, shift, factor, maxCode, infinityCode, scales, stored);
}

function decodeIntegersOf<T>(
  from: usize, to: usize, groups: i32, values: i32, bits: i32, stored: i32, kind: i32,
): void {
  const size = stored === 2 ? 4 : 2, up = 32 - bits, hasSign = kind === 0 || kind === 3;
  let scales = from + (groups * values * bits >> 3);
  let second = scales + groups * size;
  for (let group = 0; group < groups; group++) {
    let scale: f32, zero = 0, minimum: f32 = 0;
    if (kind === 3) scale = mxScale(load<u8>(scales++)) / 64;
    else if (kind === 2) {
      minimum = loadStored(scales, stored);
      scale = loadStored(second, stored);
      scales += size;
      second += size;
    } else {
      scale = loadStored(scales, stored);
      scales += size;
      if (kind === 1) zero = load<u8>(second++);
    }
    const end = to + values * sizeof<T>();
    const z = i32x4.splat(zero), factor = f32x4.splat(scale), start = f32x4.splat(minimum);
    for (; to < end; to += 16 * sizeof<T>(), from += 2 * bits) {
      const codes = loadCodes(from, bits);
      const low = i16x8.extend_low_i8x16_u(codes), high = i16x8.extend_high_i8x16_u(codes);
      let a = f32x4.mul(integerValues(lanes(low, false), up, hasSign, z), factor);
      let b = f32x4.mul(integerValues(lanes(low, true), up, hasSign, z), factor);
      let c = f32x4.mul(integerValues(lanes(high, false), up, hasSign, z), factor);
      let d = f32x4.mul(integerValues(lanes(high, true), up, hasSign, z), factor);
      if (kind === 2) {
        a = f32x4.add(a, start);
        b = f32x4.add(b, start);
        c = f32x4.add(c, start);
        d = f32x4.add(d, start);
      }
      store16<T>(to, a, b, c, d);
    }
  }
}

/** Decodes integers: of absmax for `kind` 0, asymmetric for 1, KIVI for 2, MXINT8 for 3. */
export function decodeIntegers(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32, stored: i32, kind: i32,
): void {
  if (dtype === 0) decodeIntegersOf<u16>(from, to, groups, values, bits, stored, kind);
  else if (dtype === 1) decodeIntegersOf<i16>(from, to, groups, values, bits, stored, kind);
  else decodeIntegersOf<f32>(from, to, groups, values, bits, stored, kind);
}
