// Filters rows: each output row is a weighted sum of the rows in a ring.

import { levelOf } from "./columns";

/**
 * Sums `pairs` pairs of rows from slot `at` of the ring, which ends at `end`. A pair in `weights` has two high
 * parts and two low parts, 16 bits each. `count` samples, rounded up to 16.
 */
export function filterRows(
  to: usize, ring: usize, end: usize, pitch: usize, at: usize, weights: usize, pairs: i32, count: i32, shift: i32,
): void {
  for (let x = 0; x < count; x += 16) {
    let p = at, w = weights;
    let h0 = i32x4.splat(0), h1 = h0, h2 = h0, h3 = h0, l0 = h0, l1 = h0, l2 = h0, l3 = h0;
    for (let pair = 0; pair < pairs; pair++, w += 8) {
      const a = v128.load(p + x);
      p += pitch;
      if (p === end) p = ring;
      const b = v128.load(p + x);
      p += pitch;
      if (p === end) p = ring;
      const high = v128.load32_splat(w), low = v128.load32_splat(w, 4);
      const front = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const back = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      let s = i16x8.extend_low_i8x16_u(front);
      h0 = i32x4.add(h0, i32x4.dot_i16x8_s(s, high));
      l0 = i32x4.add(l0, i32x4.dot_i16x8_s(s, low));
      s = i16x8.extend_high_i8x16_u(front);
      h1 = i32x4.add(h1, i32x4.dot_i16x8_s(s, high));
      l1 = i32x4.add(l1, i32x4.dot_i16x8_s(s, low));
      s = i16x8.extend_low_i8x16_u(back);
      h2 = i32x4.add(h2, i32x4.dot_i16x8_s(s, high));
      l2 = i32x4.add(l2, i32x4.dot_i16x8_s(s, low));
      s = i16x8.extend_high_i8x16_u(back);
      h3 = i32x4.add(h3, i32x4.dot_i16x8_s(s, high));
      l3 = i32x4.add(l3, i32x4.dot_i16x8_s(s, low));
    }
    v128.store(to + x, i8x16.narrow_i16x8_u(
      i16x8.narrow_i32x4_s(levelOf(h0, l0, shift), levelOf(h1, l1, shift)),
      i16x8.narrow_i32x4_s(levelOf(h2, l2, shift), levelOf(h3, l3, shift)),
    ));
  }
}

/** Constants of `filterRowsWide`: vectors of two f64. */
const SNAP_HALF: usize = 0, SNAP: usize = 16, HALF: usize = 32, SCALE: usize = 48, UNIT: usize = 64, EVEN: usize = 80;

/** Rounds two whole sums: to a multiple of the snap unit, then to an integer, ties up or to even. */
// @ts-ignore: decorator of AssemblyScript
@inline

function rounded(sum: v128, constants: usize): v128 {
  const half = v128.load(constants + HALF);
  const snapped = f64x2.floor(f64x2.mul(f64x2.add(sum, v128.load(constants + SNAP_HALF)), v128.load(constants + SNAP)));
  const up = f64x2.floor(f64x2.mul(f64x2.add(snapped, half), v128.load(constants + SCALE)));
  const isTie = f64x2.eq(f64x2.sub(f64x2.mul(up, v128.load(constants + UNIT)), snapped), half);
  const middle = f64x2.mul(up, f64x2.splat(0.5));
  const isOdd = f64x2.ne(f64x2.floor(middle), middle);
  const level = f64x2.sub(up, v128.and(v128.and(isTie, isOdd), v128.load(constants + EVEN)));
  return i32x4.trunc_sat_f64x2_s_zero(level);
}

/**
 * Sums `taps` rows of i32 from slot `at` of the ring. A tap in `weights` has 8 bytes: an f64. Products and sums are
 * integers below 2^53. `count` samples, rounded up to 4.
 */
export function filterRowsWide(
  to: usize, ring: usize, end: usize, pitch: usize, at: usize, weights: usize, taps: i32, count: i32,
  constants: usize,
): void {
  for (let x = 0; x < count; x += 4) {
    let p = at, w = weights;
    let low = f64x2.splat(0), high = low;
    for (let tap = 0; tap < taps; tap++, w += 8) {
      const a = v128.load(p + 4 * x), weight = v128.load64_splat(w);
      p += pitch;
      if (p === end) p = ring;
      low = f64x2.add(low, f64x2.mul(f64x2.convert_low_i32x4_s(a), weight));
      high = f64x2.add(high, f64x2.mul(f64x2.convert_low_i32x4_s(i32x4.shuffle(a, a, 2, 3, 2, 3)), weight));
    }
    const level = i32x4.shuffle(rounded(low, constants), rounded(high, constants), 0, 1, 4, 5);
    const words = i16x8.narrow_i32x4_s(level, level);
    v128.store32_lane(to + x, i8x16.narrow_i16x8_u(words, words), 0);
  }
}
