// Four-neighbour samples of one output row, and their roundings. See `docs/cpu.md` for the bounds.

/** Roundings: half up and half to even for denominators up to 2048, OpenCV's, and both for any denominator. */
const HALF_UP: i32 = 0, HALF_EVEN: i32 = 1, OPENCV: i32 = 2, WIDE_HALF_UP: i32 = 3;

/** Levels of four samples in i32 lanes, from the column sums of both rows. `scale` is 1 / denominator. */
// @ts-ignore: decorator of AssemblyScript
@inline

function levels(top: v128, bottom: v128, upper: i32, lower: i32, rounding: i32, scale: f64): v128 {
  if (rounding === OPENCV) {
    const a = i32x4.shr_s(i32x4.mul(i32x4.shr_s(top, 4), i32x4.splat(upper)), 16);
    const b = i32x4.shr_s(i32x4.mul(i32x4.shr_s(bottom, 4), i32x4.splat(lower)), 16);
    return i32x4.shr_s(i32x4.add(i32x4.add(a, b), i32x4.splat(2)), 2);
  }
  if (rounding >= WIDE_HALF_UP) {
    const low = wide(top, bottom, upper, lower, rounding, scale);
    const high = wide(upperHalf(top), upperHalf(bottom), upper, lower, rounding, scale);
    return i32x4.shuffle(low, high, 0, 2, 4, 6);
  }
  const sum = i32x4.add(i32x4.mul(top, i32x4.splat(upper)), i32x4.mul(bottom, i32x4.splat(lower)));
  let level = f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.splat(<f32>scale));
  // Snaps to multiples of 2^-12, so that a tie is one again.
  if (rounding === HALF_EVEN) level = f32x4.sub(f32x4.add(level, f32x4.splat(2048)), f32x4.splat(2048));
  // Adding 2^23 rounds to an integer, ties to even, and leaves it in the low bits.
  return v128.and(f32x4.add(level, f32x4.splat(8388608)), i32x4.splat(255));
}

// @ts-ignore: decorator of AssemblyScript
@inline

function upperHalf(x: v128): v128 {
  return i32x4.shuffle(x, x, 2, 3, 2, 3);
}

/** Levels of the two low lanes, in the low words of both halves. */
// @ts-ignore: decorator of AssemblyScript
@inline

function wide(top: v128, bottom: v128, upper: i32, lower: i32, rounding: i32, scale: f64): v128 {
  const sum = f64x2.add(
    f64x2.mul(f64x2.convert_low_i32x4_s(top), f64x2.splat(<f64>upper)),
    f64x2.mul(f64x2.convert_low_i32x4_s(bottom), f64x2.splat(<f64>lower)),
  );
  return f64x2.add(rounded(sum, rounding !== WIDE_HALF_UP, scale), f64x2.splat(4503599627370496));
}

/** `sum * scale` rounded to an integer, for whole sums below 2^43. */
// @ts-ignore: decorator of AssemblyScript
@inline

function rounded(sum: v128, isEven: bool, scale: f64): v128 {
  const denominator = f64x2.splat(nearest(<f64>1 / scale));
  const doubled = f64x2.add(f64x2.add(sum, sum), denominator);
  const up = f64x2.floor(f64x2.mul(f64x2.add(doubled, f64x2.splat(0.5)), f64x2.splat(scale * 0.5)));
  if (!isEven) return up;
  const half = f64x2.mul(up, f64x2.splat(0.5));
  const isOdd = f64x2.ne(f64x2.floor(half), half);
  const isTie = f64x2.eq(f64x2.mul(up, f64x2.add(denominator, denominator)), doubled);
  return f64x2.sub(up, v128.and(v128.and(isOdd, isTie), f64x2.splat(1)));
}

/** Pixels of 3 channels at two offsets: left and right neighbour of each channel, 4 bytes a channel. */
// @ts-ignore: decorator of AssemblyScript
@inline

function pair3(row: usize, offsets: usize): v128 {
  const pixels = v128.load64_lane(row + load<u32>(offsets, 4), v128.load64_zero(row + load<u32>(offsets)), 1);
  return i8x16.shuffle(pixels, pixels, 0, 3, 8, 11, 1, 4, 9, 12, 2, 5, 10, 13, 0, 0, 0, 0);
}

/**
 * Samples `count` pixels, a multiple of 4. `columns` has 32 bytes for 4 pixels: byte offsets of the left
 * neighbours, then pairs of 16-bit weights. `plane` is the distance of planes, 0 for interleaved levels.
 */
export function bilinear3(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32,
  upper: i32, lower: i32, rounding: i32, scale: f64,
): void {
  for (let x = 0; x < count; x += 4, columns += 32) {
    const weights = v128.load(columns, 16);
    let a = pair3(top, columns), b = pair3(top, columns + 8);
    let rg = i32x4.shuffle(a, b, 0, 4, 1, 5), bx = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const red = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(rg), weights);
    const green = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(rg), weights);
    const blue = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bx), weights);
    a = pair3(bottom, columns), b = pair3(bottom, columns + 8);
    rg = i32x4.shuffle(a, b, 0, 4, 1, 5), bx = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const red2 = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(rg), weights);
    const green2 = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(rg), weights);
    const blue2 = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bx), weights);
    const r = levels(red, red2, upper, lower, rounding, scale);
    const g = levels(green, green2, upper, lower, rounding, scale);
    const b3 = levels(blue, blue2, upper, lower, rounding, scale);
    const all = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(r, g), i16x8.narrow_i32x4_s(b3, b3));
    if (plane > 0) {
      v128.store32_lane(to + x, all, 0);
      v128.store32_lane(to + plane + x, all, 1);
      v128.store32_lane(to + 2 * plane + x, all, 2);
    } else {
      v128.store(to + 3 * x, i8x16.shuffle(all, all, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 0, 0, 0, 0));
    }
  }
}

/** Column sums of one pixel of 4 channels. */
// @ts-ignore: decorator of AssemblyScript
@inline

function sums4(row: usize, offset: usize, weights: usize): v128 {
  const pixel = v128.load64_zero(row + load<u32>(offset));
  const pairs = i8x16.shuffle(pixel, pixel, 0, 4, 1, 5, 2, 6, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0);
  return i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pairs), v128.load32_splat(weights));
}

/** As `bilinear3`, for 4 channels. */
export function bilinear4(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32,
  upper: i32, lower: i32, rounding: i32, scale: f64,
): void {
  for (let x = 0; x < count; x += 4, columns += 32) {
    const a = levels(sums4(top, columns, columns + 16), sums4(bottom, columns, columns + 16), upper, lower, rounding, scale);
    const b = levels(sums4(top, columns + 4, columns + 20), sums4(bottom, columns + 4, columns + 20), upper, lower, rounding, scale);
    const c = levels(sums4(top, columns + 8, columns + 24), sums4(bottom, columns + 8, columns + 24), upper, lower, rounding, scale);
    const d = levels(sums4(top, columns + 12, columns + 28), sums4(bottom, columns + 12, columns + 28), upper, lower, rounding, scale);
    const all = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    if (plane > 0) {
      const planes = i8x16.shuffle(all, all, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
      v128.store32_lane(to + x, planes, 0);
      v128.store32_lane(to + plane + x, planes, 1);
      v128.store32_lane(to + 2 * plane + x, planes, 2);
      v128.store32_lane(to + 3 * plane + x, planes, 3);
    } else {
      v128.store(to + 4 * x, all);
    }
  }
}

/** Column sums of four pixels of 1 channel. */
// @ts-ignore: decorator of AssemblyScript
@inline

function sums1(row: usize, columns: usize, weights: v128): v128 {
  let pixels = v128.load16_lane(row + load<u32>(columns), i32x4.splat(0), 0);
  pixels = v128.load16_lane(row + load<u32>(columns, 4), pixels, 1);
  pixels = v128.load16_lane(row + load<u32>(columns, 8), pixels, 2);
  pixels = v128.load16_lane(row + load<u32>(columns, 12), pixels, 3);
  return i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pixels), weights);
}

/** As `bilinear3`, for 1 channel. */
export function bilinear1(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32,
  upper: i32, lower: i32, rounding: i32, scale: f64,
): void {
  for (let x = 0; x < count; x += 4, columns += 32) {
    const weights = v128.load(columns, 16);
    const all = i16x8.narrow_i32x4_s(
      levels(sums1(top, columns, weights), sums1(bottom, columns, weights), upper, lower, rounding, scale),
      i32x4.splat(0),
    );
    v128.store32_lane(to + x, i8x16.narrow_i16x8_u(all, all), 0);
  }
}

/**
 * Samples `count` pixels of any number of channels, interleaved, with column weights that exceed 16 bits.
 * `columns` has 24 bytes a pixel: byte offset of the left neighbour, 4 unused bytes, and two f64 weights.
 */
export function bilinearWide(
  to: usize, channels: i32, top: usize, bottom: usize, columns: usize, count: i32,
  upper: i32, lower: i32, rounding: i32, scale: f64,
): void {
  for (let x = 0; x < count; x++, columns += 24) {
    const at = load<u32>(columns), left = load<f64>(columns, 8), right = load<f64>(columns, 16);
    for (let c = at; c < at + <u32>channels; c++) {
      const a = left * <f64>load<u8>(top + c) + right * <f64>load<u8>(top + c + channels);
      const b = left * <f64>load<u8>(bottom + c) + right * <f64>load<u8>(bottom + c + channels);
      const sum = f64x2.splat(<f64>upper * a + <f64>lower * b);
      store<u8>(to++, <u8>f64x2.extract_lane(rounded(sum, rounding !== WIDE_HALF_UP, scale), 0));
    }
  }
}
