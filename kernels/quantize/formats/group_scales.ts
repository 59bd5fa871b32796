/**
 * Scales that are computed from the values: the greatest magnitude (absmax), or the least and the greatest value
 * (asymmetric, with a zero point).
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { FLOAT_LIMITS, type FloatDType, roundStored } from "./elements.ts";
import { roundHalfEven } from "./exact.ts";
import type { IntegerFormat } from "./integer_format.ts";
import { checkDivision } from "./scale_map.ts";

/**
 * Checks that values are finite, as scales that are computed from them need.
 *
 * @throws {OnpathError} `size` with the position of the first NaN or infinity.
 */
export function checkFinite(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new OnpathError(
        "size",
        `Cannot quantize: value ${i} is ${values[i]}, and a scale from it would lose its neighbours`,
        { position: i, value: String(values[i]) },
      );
    }
  }
}

/**
 * Computes scales from greatest magnitudes: `scale = max |value| / greatest`, rounded to binary32, then to its
 * stored type. Scales of zeros alone are 1.
 *
 * @param values Finite values.
 * @param run Number of consecutive values of one scale.
 * @param greatest Magnitude of the format that the greatest value takes: 127, 7, 448.
 * @param stored Type in which scales are stored.
 * @param scales Receives the scales; its length is the number of scales.
 * @throws {OnpathError} `size` for NaN or infinity, `shape` when the scales do not divide the values.
 */
export function absmaxScales(
  values: Float32Array,
  run: number,
  greatest: number,
  stored: FloatDType,
  scales: Float32Array,
): void {
  checkDivision(values.length, run, scales.length);
  checkFinite(values);
  scales.fill(0);
  for (let start = 0, at = 0; start < values.length; start += run, at = (at + 1) % scales.length) {
    let most = scales[at]!;
    for (let i = start; i < start + run; i++) most = Math.max(most, Math.abs(values[i]!));
    scales[at] = most;
  }
  for (let at = 0; at < scales.length; at++) {
    const most = scales[at]!;
    scales[at] = most === 0 ? 1 : roundStored(stored, most / greatest);
  }
}

/**
 * Computes scales and zero points from the least and the greatest value, as ONNX DynamicQuantizeLinear does:
 * the range is widened to hold 0, so that 0 is exact.
 *
 * @param format Integer format.
 * @param values Finite values, in groups of consecutive values.
 * @param group Number of values in a group.
 * @param stored Type in which scales are stored.
 * @param scales Receives one scale per group; 1 for a group of zeros.
 * @param zeros Receives one zero point per group.
 * @throws {OnpathError} `size` for NaN or infinity, `shape` when the groups do not divide the values.
 */
export function asymmetricScales(
  format: IntegerFormat,
  values: Float32Array,
  group: number,
  stored: FloatDType,
  scales: Float32Array,
  zeros: Int16Array,
): void {
  checkDivision(values.length, group, scales.length);
  checkDivision(values.length, group, zeros.length);
  checkFinite(values);
  for (let at = 0; at < scales.length; at++) {
    let least = 0, most = 0;
    for (let i = at * group; i < (at + 1) * group; i++) {
      least = Math.min(least, values[i]!);
      most = Math.max(most, values[i]!);
    }
    const step = rangeStep(least, most, format.max - format.min);
    const scale = step === 0 ? 1 : roundStored(stored, step);
    const zero = roundHalfEven(Math.fround(format.min - Math.fround(least / scale)));
    scales[at] = scale;
    zeros[at] = Math.min(Math.max(zero, format.min), format.max);
  }
}

/**
 * Divides a range into steps. The range is rounded to binary32, or to its greatest finite value beyond that.
 *
 * @param least Least value.
 * @param most Greatest value.
 * @param steps Number of steps.
 * @returns Step for `roundStored`, 0 for an empty range.
 */
export function rangeStep(least: number, most: number, steps: number): number {
  return Math.min(Math.fround(most - least), FLOAT_LIMITS.f32.greatest) / steps;
}
