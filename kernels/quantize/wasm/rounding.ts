// Rounding of quotients to codes, in lanes.

import { fromF16, INFINITY_BITS, load4 } from "./elements";

/** Greatest magnitude bits of a group, as binary32. NaN exceeds infinity. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function greatestBits<T>(from: usize, values: i32): i32 {
  const end = from + values * sizeof<T>();
  if (!isFloat<T>()) {
    let most = i16x8.splat(0);
    for (let p = from; p < end; p += 16) most = i16x8.max_s(most, v128.and(v128.load(p), i16x8.splat(0x7fff)));
    const four = i32x4.max_s(i32x4.extend_low_i16x8_u(most), i32x4.extend_high_i16x8_u(most));
    const bits = max(
      max(i32x4.extract_lane(four, 0), i32x4.extract_lane(four, 1)),
      max(i32x4.extract_lane(four, 2), i32x4.extract_lane(four, 3)),
    );
    return isSigned<T>() ? i32x4.extract_lane(fromF16(i32x4.splat(bits)), 0) : bits << 16;
  }
  let most = i32x4.splat(0);
  for (let p = from; p < end; p += 4 * sizeof<T>()) {
    most = i32x4.max_s(most, v128.and(load4<T>(p), i32x4.splat(0x7fffffff)));
  }
  return max(
    max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)),
    max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)),
  );
}

// A small float of m mantissa bits: `unit` is its least exponent field as bits of binary32, `shift` is 23 - m,
// `limit` a power of two above its greatest value.

/** Codes of four quotients without sign, unbounded above. A sum whose last place is the unit of a code rounds. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function roundMagnitudes(quotient: v128, unit: i32, shift: i32, limit: f32): v128 {
  return roundBounded(f32x4.pmin(v128.and(quotient, i32x4.splat(0x7fffffff)), f32x4.splat(limit)), unit, shift);
}

/** Codes of four magnitudes up to the limit. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function roundBounded(magnitude: v128, unit: i32, shift: i32): v128 {
  const exponent = i32x4.max_s(v128.and(magnitude, i32x4.splat(INFINITY_BITS)), i32x4.splat(unit));
  const rounder = i32x4.add(exponent, i32x4.splat(shift << 23));
  const units = i32x4.sub(f32x4.add(magnitude, rounder), exponent);
  const least = i32x4.splat((shift << 23) + (unit >> shift));
  return i32x4.sub(i32x4.add(units, i32x4.shr_u(exponent, shift)), least);
}

/** Signed, saturated codes of 16 quotients. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function floatCodes(
  a: v128, b: v128, c: v128, d: v128,
  unit: i32, shift: i32, limit: f32, maxCode: i32, signBit: i32, nanCode: i32,
): v128 {
  const low = i16x8.narrow_i32x4_s(
    roundMagnitudes(a, unit, shift, limit), roundMagnitudes(b, unit, shift, limit),
  );
  const high = i16x8.narrow_i32x4_s(
    roundMagnitudes(c, unit, shift, limit), roundMagnitudes(d, unit, shift, limit),
  );
  const codes = i8x16.min_u(i8x16.narrow_i16x8_u(low, high), i8x16.splat(<i8>maxCode));
  const signs = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
  // Narrowing keeps the sign of a lane, but -0 and small negative bits stay negative, so its highest bit is exact.
  const signed = v128.or(codes, v128.and(i8x16.shr_s(signs, 7), i8x16.splat(<i8>signBit)));
  const ab = v128.or(f32x4.ne(a, a), f32x4.ne(b, b)), cd = v128.or(f32x4.ne(c, c), f32x4.ne(d, d));
  if (!v128.any_true(v128.or(ab, cd))) return signed;
  const isNaN = i8x16.narrow_i16x8_s(
    i16x8.narrow_i32x4_s(f32x4.ne(a, a), f32x4.ne(b, b)),
    i16x8.narrow_i32x4_s(f32x4.ne(c, c), f32x4.ne(d, d)),
  );
  return v128.bitselect(i8x16.splat(<i8>nanCode), signed, isNaN);
}

/** Codes of four quotients: rounded, ties to even, moved by a zero point and clamped. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function roundIntegers(quotient: v128, zero: v128, least: v128, most: v128): v128 {
  // Beyond 512 every zero point leaves the range. A sum with 1.5 x 2^23 has no fraction bits.
  const bounded = f32x4.pmax(f32x4.splat(-512), f32x4.pmin(f32x4.splat(512), quotient));
  const units = i32x4.sub(f32x4.add(bounded, f32x4.splat(12582912)), i32x4.splat(0x4b400000));
  return i32x4.max_s(least, i32x4.min_s(most, i32x4.add(units, zero)));
}

/** 16 lanes of 32 bits to their low bytes. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function lowBytes(a: v128, b: v128, c: v128, d: v128): v128 {
  const mask = i32x4.splat(0xff);
  return i8x16.narrow_i16x8_u(
    i16x8.narrow_i32x4_s(v128.and(a, mask), v128.and(b, mask)),
    i16x8.narrow_i32x4_s(v128.and(c, mask), v128.and(d, mask)),
  );
}
