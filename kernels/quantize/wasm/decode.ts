// Decoders of small floats, integers, KIVI and MX.

import { loadCodes } from "./codes";
import { decode16, groupScale, lanes, mxScale } from "./decode16";
import { decodeBf16 } from "./decode_bf16";
import { loadStored, store16 } from "./elements";

/** Four codes of integers as binary32, less their zero point. */
// @ts-ignore: decorator of AssemblyScript
@inline

function integerValues(codes: v128, up: i32, isSigned: bool, zero: v128): v128 {
  const x = isSigned ? i32x4.shr_s(i32x4.shl(codes, up), up) : codes;
  return f32x4.convert_i32x4_s(i32x4.sub(x, zero));
}

function decodeFloatsOf<T>(
  from: usize, to: usize, groups: i32, values: i32, bits: i32,
  shift: i32, bias: i32, maxCode: i32, infinityCode: i32, scales: usize, stored: i32,
): void {
  for (let group = 0; group < groups; group++) {
    const scale = groupScale(scales, group, stored);
    const end = to + values * sizeof<T>();
    for (; to < end; to += 16 * sizeof<T>(), from += 2 * bits) {
      decode16<T>(from, to, bits, shift, bias, maxCode, infinityCode, scale);
    }
  }
}

/** Decodes small floats, whose scales follow the codes: of type `stored`, none for -1, scale codes of MX for 3. */
export function decodeFloats(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32,
  shift: i32, bias: i32, maxCode: i32, infinityCode: i32, stored: i32,
): void {
  const scales = from + (groups * values * bits >> 3);
  if (dtype === 0) {
    decodeBf16(from, to, groups, values, bits, shift, bias, maxCode, infinityCode, scales, stored);
  } else if (dtype === 1) {
    decodeFloatsOf<i16>(from, to, groups, values, bits, shift, bias, maxCode, infinityCode, scales, stored);
  } else decodeFloatsOf<f32>(from, to, groups, values, bits, shift, bias, maxCode, infinityCode, scales, stored);
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
