/**
 * Program of a resize: a filter for each axis, and the places where sums are rounded. Plain data that every executor
 * follows: reference, model, RTL and others.
 *
 * 1. The column pass runs on every input row: for each output column, the sum of weight times sample, then
 *    {@linkcode columnResult}.
 * 2. The row pass runs on the results: for each output row, the sum of weight times result, then
 *    {@linkcode rowResult}.
 *
 * @module
 */

import type { PillowFilter } from "../geometry/names.ts";
import { type AxisFilter, FILTER_BITS, filterAxis } from "./coefficients.ts";
import { areaAxis, cubicAxis, lanczos4Axis, nearestAxis, OPENCV_BITS } from "./opencv.ts";
import type { ResampleParams } from "./spec.ts";
import { antialiasAxis, plainCubicAxis } from "./torchvision.ts";

/** Program of a resize. */
export interface FilterProgram {
  /** Filter of the columns, which come first. */
  readonly x: AxisFilter;
  /** Filter of the rows. */
  readonly y: AxisFilter;
  /** Bits that a column sum loses, rounded half up; 0 for none. */
  readonly columnShift: number;
  /**
   * Type of a column result. `u8`: clamped to 0 … 255. `i32`: signed, with 11 or 14 fraction bits, its magnitude
   * below {@linkcode WIDE_LIMIT}.
   */
  readonly between: "u8" | "i32";
  /** Bits that a row sum loses before the last rounding, rounded half up; 0 for none. */
  readonly snapShift: number;
  /** Bits that the last rounding drops. The result is clamped to 0 … 255. */
  readonly rowShift: number;
  /** Direction of a tie in the last rounding. */
  readonly ties: "up" | "even";
}

/** Limit of the magnitude of a column result of type `i32`: 255 levels, and negative weights beyond. */
export const WIDE_LIMIT: number = 2 ** 23;

/** Rounding after each pass, as Pillow does. */
const NARROW = {
  columnShift: FILTER_BITS,
  between: "u8",
  snapShift: 0,
  rowShift: FILTER_BITS,
  ties: "up",
} as const;

/** Rounding at the end alone, from whole products of 11-bit weights. */
const INTEGER = {
  columnShift: 0,
  between: "i32",
  snapShift: 0,
  rowShift: 2 * OPENCV_BITS,
} as const;

/** Fraction bits of the column results that replace binary32 ones. */
export const RESULT_BITS = 14;

/**
 * Rounding at the end alone, in place of binary32 arithmetic.
 *
 * @param tieBits Fraction bits that a sum keeps before the last rounding: sums nearer to a tie count as ties.
 */
function floatRounding(tieBits: number) {
  return {
    columnShift: FILTER_BITS - RESULT_BITS,
    between: "i32",
    snapShift: FILTER_BITS + RESULT_BITS - tieBits,
    rowShift: tieBits,
    ties: "even",
  } as const;
}

/**
 * Fraction bits of sums of INTER_AREA. A mean of whole samples can be a tie that the rounded weights miss by up to
 * 2^−12.
 */
const AREA_TIE_BITS = 11;

/** Fraction bits of torchvision's sums. */
const TORCHVISION_TIE_BITS = RESULT_BITS;

/**
 * Returns the program of a resize.
 *
 * @param params Parameters of the kernel.
 * @returns Program, shared by all calls for the same object: do not write to it.
 *
 * @example
 * ```ts
 * import { filterProgram } from "./program.ts";
 * import assert from "node:assert/strict";
 *
 * const scale = { input: 8, output: 4 };
 * const { x, between } = filterProgram({ match: "opencv", filter: "bicubic", y: scale, x: scale });
 * assert.deepEqual([...x.weights.subarray(x.start[1], x.start[2])], [-192, 1216, 1216, -192]);
 * assert.equal(between, "i32");
 * ```
 */
export function filterProgram(params: ResampleParams): FilterProgram {
  let program = programs.get(params);
  if (program === undefined) programs.set(params, program = computeProgram(params));
  return program;
}

/** Programs by parameters: forms, ring, cycles and model of one plan ask for the same one. */
const programs = new WeakMap<ResampleParams, FilterProgram>();

function computeProgram({ match, antialias, filter, y, x }: ResampleParams): FilterProgram {
  if (match === "torchvision") {
    const axis = antialias === true
      ? (scale: typeof x) => antialiasAxis(scale, filter as "bilinear" | "bicubic")
      : plainCubicAxis;
    return { x: axis(x), y: axis(y), ...floatRounding(TORCHVISION_TIE_BITS) };
  }
  if (match === undefined) {
    return { x: filterAxis(x, filter as PillowFilter), y: filterAxis(y, filter as PillowFilter), ...NARROW };
  }
  switch (filter) {
    case "nearest":
      return { x: nearestAxis(x), y: nearestAxis(y), ...NARROW };
    case "area":
      return { x: areaAxis(x), y: areaAxis(y), ...floatRounding(AREA_TIE_BITS) };
    case "lanczos4":
      return { x: lanczos4Axis(x), y: lanczos4Axis(y), ...INTEGER, ties: "up" };
    default:
      // OpenCV sums the rows in binary32, whose rounding to an integer takes ties to even.
      return { x: cubicAxis(x), y: cubicAxis(y), ...INTEGER, ties: "even" };
  }
}

/**
 * Rounds the sum of a column pass.
 *
 * @param program Program of the resize.
 * @param sum Sum of weight times sample, an integer below 2^53 in magnitude.
 */
export function columnResult({ columnShift, between }: FilterProgram, sum: number): number {
  const result = dropBits(sum, columnShift);
  return between === "u8" ? clampLevel(result) : result;
}

/**
 * Rounds the sum of a row pass to a level.
 *
 * @param program Program of the resize.
 * @param sum Sum of weight times column result, an integer below 2^53 in magnitude.
 */
export function rowResult({ snapShift, rowShift, ties }: FilterProgram, sum: number): number {
  const snapped = dropBits(sum, snapShift);
  const rounded = dropBits(snapped, rowShift);
  const tie = ties === "even" && rounded % 2 !== 0 &&
    rounded * 2 ** rowShift - snapped === 2 ** (rowShift - 1);
  return clampLevel(tie ? rounded - 1 : rounded);
}

/** Drops bits of an integer, rounded half up. */
function dropBits(value: number, bits: number): number {
  return bits === 0 ? value : Math.floor((value + 2 ** (bits - 1)) / 2 ** bits);
}

function clampLevel(level: number): number {
  return Math.min(255, Math.max(0, level));
}
