// Converts levels to normalized elements.

/** Rows of levels and of elements: `rows` x `count` of each, at their pitches in bytes. */
// @ts-ignore: decorator of AssemblyScript
@inline

function lookUp<T>(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, table: usize, channels: i32,
): void {
  const last = table + <usize>channels * 256 * sizeof<T>();
  for (let row = 0; row < rows; row++, from += pitch, to += toPitch) {
    let levels = table;
    for (let x = 0; x < count; x++) {
      store<T>(to + x * sizeof<T>(), load<T>(levels + <usize>load<u8>(from + x) * sizeof<T>()));
      levels += 256 * sizeof<T>();
      if (levels === last) levels = table;
    }
  }
}

/** Looks up bytes. `table` has 256 entries for each of `channels` interleaved channels. */
export function lookUp8(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, table: usize, channels: i32,
): void {
  lookUp<u8>(from, pitch, to, toPitch, rows, count, table, channels);
}

/** Looks up 16-bit elements. */
export function lookUp16(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, table: usize, channels: i32,
): void {
  lookUp<u16>(from, pitch, to, toPitch, rows, count, table, channels);
}

/** Looks up 32-bit elements. */
export function lookUp32(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, table: usize, channels: i32,
): void {
  lookUp<u32>(from, pitch, to, toPitch, rows, count, table, channels);
}

/**
 * `(level * high + level * low - mean) / std`, each operation rounded to binary32. `high + low` is 1/255, with
 * `level * high` exact, or 1.
 */
// @ts-ignore: decorator of AssemblyScript
@inline

function normalized(levels: v128, high: v128, low: v128, constants: usize): v128 {
  const level = f32x4.convert_i32x4_s(levels);
  const value = f32x4.add(f32x4.mul(level, high), f32x4.mul(level, low));
  return f32x4.div(f32x4.sub(value, v128.load(constants)), v128.load(constants, 48));
}

/** Four binary32 values as bf16, ties to even, in the low halves of four lanes. */
// @ts-ignore: decorator of AssemblyScript
@inline

function toBf16(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  return i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd), 16);
}

/** Four binary32 values as f16, ties to even, in the low halves of four lanes. */
// @ts-ignore: decorator of AssemblyScript
@inline

function toF16(x: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - 0x38000000)), odd), 13);
  // Adding 0.5 makes 2^-24 the unit of the last place.
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  let bits = v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(0x38800000)));
  bits = v128.bitselect(i32x4.splat(0x7c00), bits, i32x4.ge_s(magnitude, i32x4.splat(0x47800000)));
  return v128.or(bits, v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000)));
}

// @ts-ignore: decorator of AssemblyScript
@inline

function storeFour<T>(to: usize, x: v128): void {
  if (isFloat<T>()) {
    v128.store(to, x);
  } else {
    const bits = isSigned<T>() ? toF16(x) : toBf16(x);
    v128.store64_lane(to, i16x8.narrow_i32x4_u(bits, bits), 0);
  }
}

// @ts-ignore: decorator of AssemblyScript
@inline

function finish<T>(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, constants: usize,
  isUnit: bool,
): void {
  // 32896 / 2^23 is 1/255 to 15 bits, and the rest follows.
  const high = f32x4.splat(isUnit ? <f32>(<f64>32896 / 8388608) : 1);
  const low = f32x4.splat(isUnit ? <f32>(<f64>1 / 255 - <f64>32896 / 8388608) : 0);
  for (let row = 0; row < rows; row++, from += pitch, to += toPitch) {
    let out = to;
    for (let x = 0; x < count; x += 12, out += 12 * sizeof<T>()) {
      const levels = v128.load(from + x);
      const words = i16x8.extend_low_i8x16_u(levels), last = i16x8.extend_high_i8x16_u(levels);
      storeFour<T>(out, normalized(i32x4.extend_low_i16x8_u(words), high, low, constants));
      storeFour<T>(out + 4 * sizeof<T>(), normalized(i32x4.extend_high_i16x8_u(words), high, low, constants + 16));
      storeFour<T>(out + 8 * sizeof<T>(), normalized(i32x4.extend_low_i16x8_u(last), high, low, constants + 32));
    }
  }
}

/**
 * Normalizes levels to f32. `constants` holds 12 means and 12 deviations, for 12 samples in sequence. Up to 11
 * elements after the last one are overwritten.
 */
export function finishF32(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, constants: usize, isUnit: bool,
): void {
  finish<f32>(from, pitch, to, toPitch, rows, count, constants, isUnit);
}

/** As `finishF32`, to bf16. */
export function finishBf16(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, constants: usize, isUnit: bool,
): void {
  finish<u16>(from, pitch, to, toPitch, rows, count, constants, isUnit);
}

/** As `finishF32`, to f16. */
export function finishF16(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, constants: usize, isUnit: bool,
): void {
  finish<i16>(from, pitch, to, toPitch, rows, count, constants, isUnit);
}
