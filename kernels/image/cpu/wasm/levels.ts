// Roundings of sums to levels. See `docs/cpu.md` for the bounds.

/**
 * Roundings: OpenCV's fixed-point arithmetic; half up and half to even, where binary32 multiplies by the reciprocal
 * and the rest of the division corrects it; and half up of row weights that are scaled to 2^24.
 */
export const OPENCV: i32 = 0, HALF_UP: i32 = 1, HALF_EVEN: i32 = 2, SCALED: i32 = 3;

/**
 * Vectors in memory that a row needs: twice 16 bytes of weights, and 16 bytes each of scale, denominator, doubled
 * denominator, 2^23 and 2. An engine would compute a splat again in every round of a loop; loads stay outside.
 */
export const LOWER: usize = 16;
export const SCALE: usize = 0, DENOMINATOR: usize = 16, DOUBLED: usize = 32, MAGIC: usize = 48, TWO: usize = 64;

/** Levels of four samples in i32 lanes, from the column sums of both rows. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function levels(
  top: v128, bottom: v128, upper: v128, lower: v128, scale: v128, denominator: v128, doubled: v128, magic: v128,
  two: v128, rounding: i32,
): v128 {
  if (rounding === OPENCV) {
    const a = i32x4.shr_s(i32x4.mul(i32x4.shr_s(top, 4), upper), 16);
    const b = i32x4.shr_s(i32x4.mul(i32x4.shr_s(bottom, 4), lower), 16);
    return i32x4.shr_s(i32x4.add(i32x4.add(a, b), two), 2);
  }
  const sum = i32x4.add(i32x4.add(i32x4.mul(top, upper), i32x4.mul(bottom, lower)), denominator);
  if (rounding === SCALED) return i32x4.shr_u(sum, 24);
  // Adding 2^23 rounds to an integer, and leaves that in the low bits: the level, or the one above.
  const near = i32x4.sub(f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), scale), magic), magic);
  const rest = i32x4.sub(sum, i32x4.mul(near, doubled));
  const level = i32x4.add(near, i32x4.shr_s(rest, 31));
  if (rounding === HALF_UP) return level;
  // Of a tie, the low bit of an odd level goes.
  return v128.andnot(level, i32x4.shr_u(i32x4.eq(rest, i32x4.splat(0)), 31));
}

/** `sum / denominator` rounded to an integer, for whole sums below 2^43. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function rounded(sum: f64, denominator: f64, isEven: bool): i32 {
  const doubled = sum + sum + denominator;
  const up = floor((doubled + 0.5) / (denominator + denominator));
  const isTie = up * (denominator + denominator) === doubled;
  return <i32>up - <i32>(isEven && isTie && (<i32>up & 1) === 1);
}
