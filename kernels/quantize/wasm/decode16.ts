// Sixteen codes of a small float, and scales of groups.

import { loadCodes } from "./codes";
import { INFINITY_BITS, loadStored, powerOf, store16 } from "./elements";

/** Four of eight codes in lanes of 32 bits. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function lanes(half: v128, isHigh: bool): v128 {
  return isHigh ? i32x4.extend_high_i16x8_u(half) : i32x4.extend_low_i16x8_u(half);
}

/**
 * Four codes of a small float as binary32. `bias` is the difference of the exponents' biases, in binary32's place.
 * A code of exponent field 0 is read with field 1, and loses the leading 1 that this adds: no lane is subnormal.
 */
// @ts-ignore: decorator of AssemblyScript
@inline

function floatValues(
  codes: v128, bits: i32, shift: i32, bias: i32, maxCode: i32, infinityCode: i32,
): v128 {
  const magnitude = v128.and(codes, i32x4.splat((1 << (bits - 1)) - 1));
  const shifted = i32x4.shl(magnitude, shift);
  const isSmall = i32x4.lt_s(shifted, i32x4.splat(0x800000));
  const raised = i32x4.sub(shifted, v128.and(isSmall, i32x4.splat(-0x800000)));
  const extra = v128.and(isSmall, i32x4.splat(bias + 0x800000));
  let value = f32x4.sub(i32x4.add(raised, i32x4.splat(bias)), extra);
  const special = i32x4.gt_s(magnitude, i32x4.splat(maxCode));
  if (v128.any_true(special)) {
    const isInfinity = i32x4.eq(magnitude, i32x4.splat(infinityCode));
    const bits = v128.bitselect(i32x4.splat(INFINITY_BITS), i32x4.splat(0x7fc00000), isInfinity);
    value = v128.bitselect(bits, value, special);
  }
  return v128.or(value, i32x4.shl(v128.and(codes, i32x4.splat(1 << (bits - 1))), 32 - bits));
}

/** Decodes 16 codes. */
export function decode16<T>(
  from: usize, to: usize, bits: i32, shift: i32, bias: i32, maxCode: i32, infinityCode: i32, scale: f32,
): void {
  const factor = f32x4.splat(scale), codes = loadCodes(from, bits);
  const low = i16x8.extend_low_i8x16_u(codes), high = i16x8.extend_high_i8x16_u(codes);
  store16<T>(
    to,
    f32x4.mul(floatValues(lanes(low, false), bits, shift, bias, maxCode, infinityCode), factor),
    f32x4.mul(floatValues(lanes(low, true), bits, shift, bias, maxCode, infinityCode), factor),
    f32x4.mul(floatValues(lanes(high, false), bits, shift, bias, maxCode, infinityCode), factor),
    f32x4.mul(floatValues(lanes(high, true), bits, shift, bias, maxCode, infinityCode), factor),
  );
}

/** Value of a scale code of MX. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function mxScale(code: u8): f32 {
  return code === 255 ? reinterpret<f32>(0x7fc00000) : powerOf(<i32>code - 127);
}

/** Scale of a group: 1 for `stored` -1, a scale code of MX for 3. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function groupScale(scales: usize, group: i32, stored: i32): f32 {
  if (stored === -1) return 1;
  return stored === 3 ? mxScale(load<u8>(scales + group)) : loadStored(scales + group * (stored === 2 ? 4 : 2), stored);
}
