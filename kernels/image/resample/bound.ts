/**
 * Bound on the difference between a filter program and its library. `docs/images.md` has the proof.
 *
 * @module
 */

import type { Bound } from "../kernel.ts";
import type { AxisFilter } from "./coefficients.ts";
import { filterProgram } from "./program.ts";
import type { ResampleParams } from "./spec.ts";

/** Returns the bound of a resize. */
export function boundOf(params: ResampleParams): Bound {
  const { match, antialias, filter } = params;
  if (match === undefined) return PILLOW;
  if (match === "torchvision") {
    const name = `${filter.toUpperCase()}, antialias=${antialias === true ? "True" : "False"}`;
    return {
      versus: `torchvision 0.14 resize, ${name}, 8 bits`,
      levels: floatLevels(params),
      because: FLOATS,
    };
  }
  const versus = `OpenCV 4.6 resize, ${OPENCV_NAMES[filter as keyof typeof OPENCV_NAMES]}, 8 bits`;
  return filter === "bicubic" || filter === "area"
    ? { versus, levels: floatLevels(params), because: FLOATS }
    : { versus, levels: 0, because: "its arithmetic is OpenCV's own, in whole numbers" };
}

const PILLOW: Bound = {
  versus:
    "Pillow 9.4 resize, each channel by itself; bilinear: torchvision 0.14 antialias=True within 1 level",
  levels: 0,
  because: "the tables hold the products of Pillow's own fixed-point weights",
};

const FLOATS = "before the rounding, sums differ from the library's binary32 sums by less than the levels";

const OPENCV_NAMES = {
  nearest: "INTER_NEAREST",
  bicubic: "INTER_CUBIC",
  area: "INTER_AREA",
  lanczos4: "INTER_LANCZOS4",
} as const;

/** Error of a tap in levels: of its weight here, and of a binary32 product and addition there. */
const TAP_ERROR = 2 ** -13;

/** Error of torchvision's binary32 positions in levels, for each sample of an axis. */
const POSITION_ERROR = 2 ** -14;

/** Levels by which roundings of numbers differ that are as far apart as the sums can be. */
function floatLevels(params: ResampleParams): number {
  const { y, x } = filterProgram(params);
  const samples = params.match === "torchvision" ? params.y.input + params.x.input : 0;
  return Math.max(1, Math.ceil((maxTaps(y) + maxTaps(x)) * TAP_ERROR + samples * POSITION_ERROR));
}

/** Returns the maximum taps of an axis. */
export function maxTaps({ taps }: Pick<AxisFilter, "taps">): number {
  return taps.reduce((max, count) => Math.max(max, count), 1);
}
