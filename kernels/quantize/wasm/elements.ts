// Elements, stored values and powers of two, in lanes of binary32.

/** Magnitude bits of infinity in binary32. */
export const INFINITY_BITS: i32 = 0x7f800000;

/** Greatest finite binary32 value. */
export const GREATEST: f64 = 3.4028234663852886e38;

/** Four elements as binary32, from `p`. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function load4<T>(p: usize): v128 {
  if (isFloat<T>()) return v128.load(p);
  const bits = i32x4.extend_low_i16x8_u(v128.load64_zero(p));
  return isSigned<T>() ? fromF16(bits) : i32x4.shl(bits, 16);
}

/** f16 bits in four lanes as binary32. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function fromF16(bits: v128): v128 {
  const magnitude = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  // 2^112 moves the bias; subnormal values become normal by it.
  const value = f32x4.mul(magnitude, f32x4.splat(5.192296858534828e33));
  const special = v128.and(i32x4.ge_s(magnitude, i32x4.splat(0x0f800000)), i32x4.splat(INFINITY_BITS));
  return v128.or(v128.or(value, special), i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16));
}

/** Four binary32 values as bits of T in four lanes. NaN loses its sign. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function rounded<T>(x: v128): v128 {
  if (isFloat<T>()) return x;
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const isNaN = i32x4.gt_s(magnitude, i32x4.splat(INFINITY_BITS));
  if (!isSigned<T>()) {
    const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
    const bits = i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd), 16);
    return v128.bitselect(i32x4.splat(0x7fc0), bits, isNaN);
  }
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - 0x38000000)), odd), 13);
  // Adding 0.5 makes 2^-24 the unit of the last place.
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  let bits = v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(0x38800000)));
  bits = v128.bitselect(i32x4.splat(0x7c00), bits, i32x4.ge_s(magnitude, i32x4.splat(0x47800000)));
  bits = v128.or(bits, v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000)));
  return v128.bitselect(i32x4.splat(0x7e00), bits, isNaN);
}

/** Stores 16 binary32 values as elements. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function store16<T>(p: usize, a: v128, b: v128, c: v128, d: v128): void {
  if (isFloat<T>()) {
    v128.store(p, a);
    v128.store(p, b, 16);
    v128.store(p, c, 32);
    v128.store(p, d, 48);
  } else {
    v128.store(p, i16x8.narrow_i32x4_u(rounded<T>(a), rounded<T>(b)));
    v128.store(p, i16x8.narrow_i32x4_u(rounded<T>(c), rounded<T>(d)), 16);
  }
}

/** Reads a stored scale, minimum or norm. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function loadStored(p: usize, stored: i32): f32 {
  if (stored === 2) return load<f32>(p);
  const bits = i32x4.splat(<i32>load<u16>(p));
  return f32x4.extract_lane(stored === 1 ? fromF16(bits) : i32x4.shl(bits, 16), 0);
}

/** Writes a stored value that is in the range of its type, and returns it as a decoder reads it. */
export function storeRounded(p: usize, stored: i32, value: f32): f32 {
  if (stored === 2) {
    store<f32>(p, value);
    return value;
  }
  const x = f32x4.splat(value);
  store<u16>(p, <u16>i32x4.extract_lane(stored === 1 ? rounded<i16>(x) : rounded<u16>(x), 0));
  return loadStored(p, stored);
}

/** Least positive and greatest value of a stored type. */
export function leastOf(stored: i32): f32 {
  return stored === 1 ? 5.960464477539063e-8 : reinterpret<f32>(stored === 2 ? 1 : 0x10000);
}

export function greatestOf(stored: i32): f32 {
  return stored === 1 ? 65504 : reinterpret<f32>(stored === 2 ? 0x7f7fffff : 0x7f7f0000);
}

/** Rounds a positive scale so that it stays positive and finite, and writes it. A scale of 0 becomes 1. */
export function storeScale(p: usize, stored: i32, scale: f64): f32 {
  if (scale === 0) return storeRounded(p, stored, 1);
  return storeRounded(p, stored, min(max(<f32>scale, leastOf(stored)), greatestOf(stored)));
}

/** Power of two from 2^-127 to 2^127, as binary32. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function powerOf(exponent: i32): f32 {
  return reinterpret<f32>(exponent > -127 ? (exponent + 127) << 23 : 0x400000);
}
