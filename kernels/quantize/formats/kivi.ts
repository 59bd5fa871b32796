/**
 * KIVI: codes of 2 or 4 bits between the least and the greatest value of a group, after Liu et al.,
 * "KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache" (arXiv 2402.02750). K is grouped per channel
 * along tokens, V per token along channels; `group_order.ts` makes groups consecutive.
 *
 * Of a group: `minimum` and `scale = (greatest - least) / (2^bits - 1)`, both rounded to their stored type.
 * `code = clamp(round((value - minimum) / scale))`, `value = code x scale + minimum`. Each operation is rounded
 * to binary32, and `round` takes ties to even.
 *
 * @module
 */

import { checkLength, FLOAT_LIMITS, type FloatDType, roundStored } from "./elements.ts";
import { roundHalfEven } from "./exact.ts";
import { checkFinite, rangeStep } from "./group_scales.ts";
import { checkDivision, checkStored } from "./scale_map.ts";

/** Bits of a code. */
export type KiviBits = 2 | 4;

/** Number of values in a group. */
export const KIVI_GROUP = 32;

/** Stored values of each group. */
export interface KiviGroups {
  /** Value of code 0. */
  readonly minima: Float32Array;
  /** Step between codes; 1 for a group of equal values. */
  readonly scales: Float32Array;
}

/**
 * Encodes groups of 32 consecutive values.
 *
 * @param bits Bits of a code.
 * @param values Finite values in group-major order.
 * @param stored Type in which minima and scales are stored.
 * @param codes Receives one code a byte.
 * @param groups Receives one minimum and one scale per group.
 * @returns Number of values that were clamped, as their minimum or scale was rounded or saturated.
 * @throws {OnpathError} `size` for NaN or infinity, `shape` when the groups do not divide the values or a length
 * differs; nothing is written then.
 */
export function encodeKivi(
  bits: KiviBits,
  values: Float32Array,
  stored: FloatDType,
  codes: Uint8Array,
  groups: KiviGroups,
): number {
  checkKivi(values, codes, groups);
  checkFinite(values);
  const most = (1 << bits) - 1;
  let clamped = 0;
  for (let at = 0; at < groups.scales.length; at++) {
    const start = at * KIVI_GROUP, end = start + KIVI_GROUP;
    let least = values[start]!, greatest = least;
    for (let i = start; i < end; i++) {
      least = Math.min(least, values[i]!);
      greatest = Math.max(greatest, values[i]!);
    }
    const step = rangeStep(least, greatest, most);
    const scale = step === 0 ? 1 : roundStored(stored, step);
    const minimum = roundSigned(stored, least);
    groups.minima[at] = minimum;
    groups.scales[at] = scale;
    for (let i = start; i < end; i++) {
      const code = roundHalfEven(Math.fround(Math.fround(values[i]! - minimum) / scale));
      codes[i] = Math.min(Math.max(code, 0), most);
      if (code < 0 || code > most) clamped++;
    }
  }
  return clamped;
}

/**
 * Decodes groups of 32 codes.
 *
 * @param codes One code a byte.
 * @param groups Stored values of each group.
 * @param values Receives the values in group-major order.
 * @throws {OnpathError} `shape` when the groups do not divide the values or a length differs; `size` for a minimum
 * or scale that no encoder writes.
 */
export function decodeKivi(codes: Uint8Array, groups: KiviGroups, values: Float32Array): void {
  checkKivi(values, codes, groups);
  checkStored("minimum", groups.minima);
  checkStored("scale", groups.scales);
  for (let i = 0; i < values.length; i++) {
    const at = Math.floor(i / KIVI_GROUP);
    values[i] = Math.fround(codes[i]! * groups.scales[at]!) + groups.minima[at]!;
  }
}

/** Rounds to a stored type, saturated; a minimum near 0 may become 0. */
function roundSigned(stored: FloatDType, value: number): number {
  const { least } = FLOAT_LIMITS[stored];
  const magnitude = Math.abs(value);
  if (magnitude <= least / 2) return 0;
  return value < 0 ? -roundStored(stored, magnitude) : roundStored(stored, magnitude);
}

function checkKivi(values: Float32Array, codes: Uint8Array, { minima, scales }: KiviGroups): void {
  checkDivision(values.length, KIVI_GROUP, scales.length);
  checkLength("scales", scales.length, values.length / KIVI_GROUP);
  checkLength("minima", minima.length, scales.length);
  checkLength("codes", codes.length, values.length);
}
