/**
 * Scales of an array: one for the whole array, one per head, per channel or per group.
 *
 * Element i has the scale `floor(i / run) mod count`. With heads of tokens x channels: `run` is the array's
 * length for one scale in all, tokens x channels for one per head, 1 (and `count` the channels) for one per
 * channel, and the group's size for groups of consecutive elements.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { IntegerFormat } from "./integer_format.ts";

/** Scales and the elements that they serve. */
export interface ScaleMap {
  /** Number of consecutive elements of one scale. */
  readonly run: number;
  /** Scales, positive and finite; all are used. */
  readonly scales: Float32Array;
  /** Zero points of integer formats, one per scale. Absent: all 0. */
  readonly zeros?: Int16Array;
}

/**
 * Checks that scales fit an array and can be divided by.
 *
 * @param length Number of elements.
 * @param map Scales of the elements.
 * @param format Integer format of the zero points, if any.
 * @throws {OnpathError} `shape` when a run is cut or a scale unused; `size` for a scale that is zero, negative,
 * infinite or NaN, and for a zero point outside the format.
 */
export function checkScaleMap(length: number, map: ScaleMap, format?: IntegerFormat): void {
  const count = map.scales.length;
  checkDivision(length, map.run, count);
  checkStored("scale", map.scales);
  const { zeros } = map;
  if (zeros === undefined) return;
  const { min, max } = format ?? { min: 0, max: 0 };
  if (zeros.length !== count || zeros.some((zero) => zero < min || zero > max)) {
    throw new OnpathError(
      "size",
      `Cannot quantize: expected ${count} zero points from ${min} to ${max}`,
      { expected: count, found: zeros.length, min, max },
    );
  }
}

/**
 * Checks that scales divide an array.
 *
 * @param length Number of elements.
 * @param run Number of consecutive elements of one scale.
 * @param count Number of scales.
 * @throws {OnpathError} `shape` when a run is cut or a scale unused.
 */
export function checkDivision(length: number, run: number, count: number): void {
  if (!Number.isInteger(run) || run < 1 || length % (run * count) !== 0) {
    throw new OnpathError(
      "shape",
      `Cannot quantize ${length} values: ${count} scales of ${run} values do not divide them`,
      { length, count, run },
    );
  }
}

/** Kinds of stored values, with the numbers that a decoder accepts. */
const STORED = {
  scale: { expected: "a positive finite number", isValid: (value: number) => value > 0 && value < Infinity },
  minimum: { expected: "a finite number", isValid: (value: number) => Number.isFinite(value) },
  norm: { expected: "a finite number from 0", isValid: (value: number) => value >= 0 && value < Infinity },
};

/**
 * Checks scales, minima or norms, which may come from a packet or a file.
 *
 * @param kind Kind of the values.
 * @param values Values to check.
 * @throws {OnpathError} `size` with the position of the first invalid value.
 */
export function checkStored(kind: "scale" | "minimum" | "norm", values: Float32Array): void {
  const { expected, isValid } = STORED[kind];
  const bad = values.findIndex((value) => !isValid(value));
  if (bad < 0) return;
  throw new OnpathError("size", `Cannot quantize: ${kind} ${bad} is ${values[bad]}, expected ${expected}`, {
    kind,
    position: bad,
    value: String(values[bad]),
  });
}
