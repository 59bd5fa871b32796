// Four-neighbour samples of one output row.

import {
  DENOMINATOR, DOUBLED, HALF_EVEN, HALF_UP, levels, LOWER, MAGIC, OPENCV, rounded, SCALE, SCALED, TWO,
} from "./levels";

/** Left and right neighbours of two pixels, channel by channel. */
const PAIRS3: usize = memory.data<u8>([0, 3, 8, 11, 1, 4, 9, 12, 2, 5, 10, 13, 0, 0, 0, 0], 16);

/** Four pixels, from four planes of four levels. */
const PIXELS3: usize = memory.data<u8>([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, 0, 0, 0, 0], 16);

/** Pixels of 3 channels at two offsets: left and right neighbour of each channel, 4 bytes a channel. */
// @ts-ignore: decorator of AssemblyScript
@inline

function pair3(row: usize, offsets: usize, order: v128): v128 {
  const pixels = v128.load64_lane(row + load<u32>(offsets, 4), v128.load64_zero(row + load<u32>(offsets)), 1);
  return i8x16.swizzle(pixels, order);
}

// @ts-ignore: decorator of AssemblyScript
@inline

function row3(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32,
  row: usize, constants: usize, rounding: i32,
): void {
  const u = v128.load(row), l = v128.load(row + LOWER), s = v128.load(constants + SCALE);
  const d = v128.load(constants + DENOMINATOR), e = v128.load(constants + DOUBLED);
  const m = v128.load(constants + MAGIC), two = v128.load(constants + TWO);
  const order = v128.load(PAIRS3), pixels = v128.load(PIXELS3);
  for (let x = 0; x < count; x += 4, columns += 32) {
    const weights = v128.load(columns, 16);
    let a = pair3(top, columns, order), b = pair3(top, columns + 8, order);
    let rg = i32x4.shuffle(a, b, 0, 4, 1, 5), bx = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const red = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(rg), weights);
    const green = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(rg), weights);
    const blue = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bx), weights);
    a = pair3(bottom, columns, order), b = pair3(bottom, columns + 8, order);
    rg = i32x4.shuffle(a, b, 0, 4, 1, 5), bx = i32x4.shuffle(a, b, 2, 6, 3, 7);
    const red2 = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(rg), weights);
    const green2 = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(rg), weights);
    const blue2 = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bx), weights);
    const r = levels(red, red2, u, l, s, d, e, m, two, rounding);
    const g = levels(green, green2, u, l, s, d, e, m, two, rounding);
    const b3 = levels(blue, blue2, u, l, s, d, e, m, two, rounding);
    const all = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(r, g), i16x8.narrow_i32x4_s(b3, b3));
    if (plane > 0) {
      v128.store32_lane(to + x, all, 0);
      v128.store32_lane(to + plane + x, all, 1);
      v128.store32_lane(to + 2 * plane + x, all, 2);
    } else {
      v128.store(to + 3 * x, i8x16.swizzle(all, pixels));
    }
  }
}

/**
 * Samples `count` pixels, a multiple of 4. `columns` has 32 bytes for 4 pixels: byte offsets of the left
 * neighbours, then pairs of 16-bit weights. `plane` is the distance of planes, 0 for interleaved levels. `row` and
 * `constants` are the vectors of `levels`. Rounds as OpenCV.
 */
export function bilinear3OpenCv(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row3(to, plane, top, bottom, columns, count, row, constants, OPENCV);
}

/** As `bilinear3OpenCv`, rounded half up. */
export function bilinear3HalfUp(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row3(to, plane, top, bottom, columns, count, row, constants, HALF_UP);
}

/** As `bilinear3OpenCv`, rounded half to even. */
export function bilinear3HalfEven(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row3(to, plane, top, bottom, columns, count, row, constants, HALF_EVEN);
}

/** As `bilinear3OpenCv`, rounded half up, with scaled row weights. */
export function bilinear3Scaled(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row3(to, plane, top, bottom, columns, count, row, constants, SCALED);
}

/** Column sums of one pixel of 4 channels. */
// @ts-ignore: decorator of AssemblyScript
@inline

function sums4(row: usize, offset: usize, weights: usize): v128 {
  const pixel = v128.load64_zero(row + load<u32>(offset));
  const pairs = i8x16.shuffle(pixel, pixel, 0, 4, 1, 5, 2, 6, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0);
  return i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pairs), v128.load32_splat(weights));
}

// @ts-ignore: decorator of AssemblyScript
@inline

function row4(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32,
  row: usize, constants: usize, rounding: i32,
): void {
  const u = v128.load(row), l = v128.load(row + LOWER), s = v128.load(constants + SCALE);
  const d = v128.load(constants + DENOMINATOR), e = v128.load(constants + DOUBLED);
  const m = v128.load(constants + MAGIC), two = v128.load(constants + TWO);
  for (let x = 0; x < count; x += 4, columns += 32) {
    const p0 = levels(sums4(top, columns, columns + 16), sums4(bottom, columns, columns + 16), u, l, s, d, e, m, two, rounding);
    const p1 = levels(sums4(top, columns + 4, columns + 20), sums4(bottom, columns + 4, columns + 20), u, l, s, d, e, m, two, rounding);
    const p2 = levels(sums4(top, columns + 8, columns + 24), sums4(bottom, columns + 8, columns + 24), u, l, s, d, e, m, two, rounding);
    const p3 = levels(sums4(top, columns + 12, columns + 28), sums4(bottom, columns + 12, columns + 28), u, l, s, d, e, m, two, rounding);
    const all = i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(p0, p1), i16x8.narrow_i32x4_s(p2, p3));
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

/** As `bilinear3OpenCv`, for 4 channels. */
export function bilinear4OpenCv(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row4(to, plane, top, bottom, columns, count, row, constants, OPENCV);
}

/** As `bilinear4OpenCv`, rounded half up. */
export function bilinear4HalfUp(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row4(to, plane, top, bottom, columns, count, row, constants, HALF_UP);
}

/** As `bilinear4OpenCv`, rounded half to even. */
export function bilinear4HalfEven(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row4(to, plane, top, bottom, columns, count, row, constants, HALF_EVEN);
}

/** As `bilinear4OpenCv`, rounded half up, with scaled row weights. */
export function bilinear4Scaled(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row4(to, plane, top, bottom, columns, count, row, constants, SCALED);
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

// @ts-ignore: decorator of AssemblyScript
@inline

function row1(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32,
  row: usize, constants: usize, rounding: i32,
): void {
  const u = v128.load(row), l = v128.load(row + LOWER), s = v128.load(constants + SCALE);
  const d = v128.load(constants + DENOMINATOR), e = v128.load(constants + DOUBLED);
  const m = v128.load(constants + MAGIC), two = v128.load(constants + TWO);
  for (let x = 0; x < count; x += 4, columns += 32) {
    const weights = v128.load(columns, 16);
    const all = i16x8.narrow_i32x4_s(
      levels(sums1(top, columns, weights), sums1(bottom, columns, weights), u, l, s, d, e, m, two, rounding),
      i32x4.splat(0),
    );
    v128.store32_lane(to + x, i8x16.narrow_i16x8_u(all, all), 0);
  }
}

/** As `bilinear3OpenCv`, for 1 channel. */
export function bilinear1OpenCv(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row1(to, plane, top, bottom, columns, count, row, constants, OPENCV);
}

/** As `bilinear1OpenCv`, rounded half up. */
export function bilinear1HalfUp(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row1(to, plane, top, bottom, columns, count, row, constants, HALF_UP);
}

/** As `bilinear1OpenCv`, rounded half to even. */
export function bilinear1HalfEven(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row1(to, plane, top, bottom, columns, count, row, constants, HALF_EVEN);
}

/** As `bilinear1OpenCv`, rounded half up, with scaled row weights. */
export function bilinear1Scaled(
  to: usize, plane: usize, top: usize, bottom: usize, columns: usize, count: i32, row: usize, constants: usize,
): void {
  row1(to, plane, top, bottom, columns, count, row, constants, SCALED);
}

/**
 * Samples `count` pixels of any number of channels, interleaved, with column weights that exceed 16 bits.
 * `columns` has 24 bytes a pixel: byte offset of the left neighbour, 4 unused bytes, and two f64 weights.
 */
export function bilinearWide(
  to: usize, channels: i32, top: usize, bottom: usize, columns: usize, count: i32,
  upper: f64, lower: f64, denominator: f64, isEven: bool,
): void {
  for (let x = 0; x < count; x++, columns += 24) {
    const at = load<u32>(columns), left = load<f64>(columns, 8), right = load<f64>(columns, 16);
    for (let c = at; c < at + <u32>channels; c++) {
      const a = left * <f64>load<u8>(top + c) + right * <f64>load<u8>(top + c + channels);
      const b = left * <f64>load<u8>(bottom + c) + right * <f64>load<u8>(bottom + c + channels);
      store<u8>(to++, <u8>rounded(upper * a + lower * b, denominator, isEven));
    }
  }
}
