// Converts levels to normalized elements.

/** Eight elements of the levels at `from`, whose channels begin with `first`. */
// @ts-ignore: decorator of AssemblyScript
@inline

function eight<T>(to: usize, from: usize, table: usize, first: i32, channels: i32): void {
  const levels = load<u64>(from);
  one<T>(to, levels & 255, table, first % channels, 0);
  one<T>(to, (levels >> 8) & 255, table, (first + 1) % channels, 1);
  one<T>(to, (levels >> 16) & 255, table, (first + 2) % channels, 2);
  one<T>(to, (levels >> 24) & 255, table, (first + 3) % channels, 3);
  one<T>(to, (levels >> 32) & 255, table, (first + 4) % channels, 4);
  one<T>(to, (levels >> 40) & 255, table, (first + 5) % channels, 5);
  one<T>(to, (levels >> 48) & 255, table, (first + 6) % channels, 6);
  one<T>(to, levels >> 56, table, (first + 7) % channels, 7);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function one<T>(to: usize, level: u64, table: usize, channel: i32, at: i32): void {
  const own = table + <usize>channel * 256 * sizeof<T>();
  store<T>(to + <usize>at * sizeof<T>(), load<T>(own + <usize>level * sizeof<T>()));
}

// @ts-ignore: decorator of AssemblyScript
@inline

function lookUpRow<T>(from: usize, to: usize, count: i32, table: usize, channels: i32): void {
  const step = channels === 3 ? 24 : 8;
  for (let x = 0; x < count; x += step, from += step, to += step * sizeof<T>()) {
    eight<T>(to, from, table, 0, channels);
    if (channels === 3) {
      eight<T>(to + 8 * sizeof<T>(), from + 8, table, 8, channels);
      eight<T>(to + 16 * sizeof<T>(), from + 16, table, 16, channels);
    }
  }
}

/** Rows of levels and of elements: `rows` x `count` of each, at their pitches in bytes. */
// @ts-ignore: decorator of AssemblyScript
@inline

function lookUp<T>(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, table: usize, channels: i32,
): void {
  for (let row = 0; row < rows; row++, from += pitch, to += toPitch) {
    if (channels === 1) lookUpRow<T>(from, to, count, table, 1);
    else if (channels === 3) lookUpRow<T>(from, to, count, table, 3);
    else lookUpRow<T>(from, to, count, table, 4);
  }
}

/**
 * Looks up bytes. `table` has 256 entries for each of `channels` interleaved channels. Up to 23 elements after
 * the last one are overwritten.
 */
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

/**
 * Normalizes levels to f32. `constants` holds 12 means and 12 deviations, for 12 samples in sequence. Up to 11
 * elements after the last one are overwritten.
 */
export function finishF32(
  from: usize, pitch: usize, to: usize, toPitch: usize, rows: i32, count: i32, constants: usize, isUnit: bool,
): void {
  // 32896 / 2^23 is 1/255 to 15 bits, and the rest follows.
  const high = f32x4.splat(isUnit ? <f32>(<f64>32896 / 8388608) : 1);
  const low = f32x4.splat(isUnit ? <f32>(<f64>1 / 255 - <f64>32896 / 8388608) : 0);
  for (let row = 0; row < rows; row++, from += pitch, to += toPitch) {
    let out = to;
    for (let x = 0; x < count; x += 12, out += 48) {
      const levels = v128.load(from + x);
      const words = i16x8.extend_low_i8x16_u(levels), last = i16x8.extend_high_i8x16_u(levels);
      v128.store(out, normalized(i32x4.extend_low_i16x8_u(words), high, low, constants));
      v128.store(out, normalized(i32x4.extend_high_i16x8_u(words), high, low, constants + 16), 16);
      v128.store(out, normalized(i32x4.extend_low_i16x8_u(last), high, low, constants + 32), 32);
    }
  }
}
