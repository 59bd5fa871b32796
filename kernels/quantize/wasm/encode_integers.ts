// Encoders of integers and KIVI.

import { storeCodes } from "./codes";
import { GREATEST, greatestOf, leastOf, load4, storeRounded, storeScale } from "./elements";
import { greatestBits, lowBytes, roundIntegers } from "./rounding";

function encodeIntegersOf<T>(
  from: usize, to: usize, groups: i32, values: i32, bits: i32, stored: i32, isAsymmetric: bool,
): void {
  const size = stored === 2 ? 4 : 2;
  const least = isAsymmetric ? 0 : -(1 << (bits - 1)), most = isAsymmetric ? (1 << bits) - 1 : -1 - least;
  let scales = to + (groups * values * bits >> 3);
  let zeros = scales + groups * size;
  for (let group = 0; group < groups; group++, scales += size) {
    const end = from + values * sizeof<T>();
    let scale: f32, zero: i32 = 0;
    if (isAsymmetric) {
      let low = f32x4.splat(0), high = low;
      for (let p = from; p < end; p += 4 * sizeof<T>()) {
        const x = load4<T>(p);
        low = f32x4.pmin(low, x);
        high = f32x4.pmax(high, x);
      }
      const bottom = lowest(low);
      scale = storeScale(scales, stored, rangeStep(bottom, highest(high), most));
      const start = nearest(<f32>0 - bottom / scale);
      zero = <i32>min(max(start, 0), <f32>most);
      store<u8>(zeros++, <u8>zero);
    } else {
      const greatest = <f64>reinterpret<f32>(greatestBits<T>(from, values));
      scale = storeScale(scales, stored, greatest / <f64>most);
    }
    const divisor = f32x4.splat(scale);
    const z = i32x4.splat(zero), lo = i32x4.splat(least), hi = i32x4.splat(most);
    for (; from < end; from += 16 * sizeof<T>(), to += 2 * bits) {
      storeCodes(to, lowBytes(
        roundIntegers(f32x4.div(load4<T>(from), divisor), z, lo, hi),
        roundIntegers(f32x4.div(load4<T>(from + 4 * sizeof<T>()), divisor), z, lo, hi),
        roundIntegers(f32x4.div(load4<T>(from + 8 * sizeof<T>()), divisor), z, lo, hi),
        roundIntegers(f32x4.div(load4<T>(from + 12 * sizeof<T>()), divisor), z, lo, hi),
      ), bits);
    }
  }
}

// @ts-ignore: decorator of AssemblyScript
@inline

function lowest(x: v128): f32 {
  return min(
    min(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    min(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

// @ts-ignore: decorator of AssemblyScript
@inline

function highest(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** Step of a range; the range is rounded to binary32, or to its greatest value. */
// @ts-ignore: decorator of AssemblyScript
@inline

function rangeStep(least: f32, most: f32, steps: i32): f64 {
  return min(<f64><f32>(<f64>most - <f64>least), GREATEST) / <f64>steps;
}

/** Encodes integers; scales follow the codes, and zero points those. */
export function encodeIntegers(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32, stored: i32, isAsymmetric: bool,
): void {
  if (dtype === 0) encodeIntegersOf<u16>(from, to, groups, values, bits, stored, isAsymmetric);
  else if (dtype === 1) encodeIntegersOf<i16>(from, to, groups, values, bits, stored, isAsymmetric);
  else encodeIntegersOf<f32>(from, to, groups, values, bits, stored, isAsymmetric);
}

function encodeKiviOf<T>(from: usize, to: usize, groups: i32, values: i32, bits: i32, stored: i32): void {
  const size = stored === 2 ? 4 : 2;
  const most = (1 << bits) - 1;
  let minima = to + (groups * values * bits >> 3);
  let scales = minima + groups * size;
  for (let group = 0; group < groups; group++, minima += size, scales += size) {
    const end = from + values * sizeof<T>();
    let low = load4<T>(from), high = low;
    for (let p = from + 4 * sizeof<T>(); p < end; p += 4 * sizeof<T>()) {
      const x = load4<T>(p);
      low = f32x4.pmin(low, x);
      high = f32x4.pmax(high, x);
    }
    const bottom = lowest(low), magnitude = abs(bottom);
    const scale = storeScale(scales, stored, rangeStep(bottom, highest(high), most));
    // A minimum of up to half the least value becomes 0, without a sign.
    const isSmall = <f64>magnitude <= <f64>leastOf(stored) / 2;
    const bounded = min(max(magnitude, leastOf(stored)), greatestOf(stored));
    const start = isSmall ? <f32>0 : bottom < 0 ? -bounded : bounded;
    const minimum = f32x4.splat(storeRounded(minima, stored, start));
    const divisor = f32x4.splat(scale);
    const z = i32x4.splat(0), hi = i32x4.splat(most);
    for (; from < end; from += 16 * sizeof<T>(), to += 2 * bits) {
      storeCodes(to, lowBytes(
        roundIntegers(f32x4.div(f32x4.sub(load4<T>(from), minimum), divisor), z, z, hi),
        roundIntegers(f32x4.div(f32x4.sub(load4<T>(from + 4 * sizeof<T>()), minimum), divisor), z, z, hi),
        roundIntegers(f32x4.div(f32x4.sub(load4<T>(from + 8 * sizeof<T>()), minimum), divisor), z, z, hi),
        roundIntegers(f32x4.div(f32x4.sub(load4<T>(from + 12 * sizeof<T>()), minimum), divisor), z, z, hi),
      ), bits);
    }
  }
}

/** Encodes KIVI; minima follow the codes, and scales those. */
export function encodeKivi(
  from: usize, to: usize, groups: i32, values: i32, dtype: i32, bits: i32, stored: i32,
): void {
  if (dtype === 0) encodeKiviOf<u16>(from, to, groups, values, bits, stored);
  else if (dtype === 1) encodeKiviOf<i16>(from, to, groups, values, bits, stored);
  else encodeKiviOf<f32>(from, to, groups, values, bits, stored);
}
