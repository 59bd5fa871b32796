/**
 * Steps that only move samples: crop, center crop, pad, letterbox. They cost no time on the NIC, because they
 * become offsets in the sampling map.
 *
 * @module
 */

import { z } from "zod";
import { MAX_AXIS } from "../../../serialize/sampling.ts";
import type { Schema } from "../../schema.ts";
import { axisLength, checkFilter, filterSpec, matchSpec, sizeSpec } from "./fields.ts";
import type { FilterName, Match, Size } from "./names.ts";

/** Crops a window that lies inside the image. */
export interface CropStep {
  /** Name of the step. */
  readonly op: "crop";
  /** First row of the window, from 0. */
  readonly top: number;
  /** First column of the window, from 0. */
  readonly left: number;
  /** Rows of the window. */
  readonly height: number;
  /** Columns of the window. */
  readonly width: number;
}

/** Crops the centre, as torchvision's `CenterCrop`. The image must be at least as large as the crop. */
export interface CenterCropStep {
  /** Name of the step. */
  readonly op: "center_crop";
  /** Size of the crop in samples. */
  readonly size: Size;
}

/** Adds rows and columns of one colour around the image, by number or to a square. */
export interface PadStep {
  /** Name of the step. */
  readonly op: "pad";
  /** `"square"` centres the image in a square of its longest edge; an odd row or column goes below or right. */
  readonly to?: "square" | undefined;
  /** Rows added above. Default 0. */
  readonly top: number;
  /** Columns added at the left. Default 0. */
  readonly left: number;
  /** Rows added below. Default 0. */
  readonly bottom: number;
  /** Columns added at the right. Default 0. */
  readonly right: number;
  /** Colour: one level 0 to 255 for all channels, or one for each. Default 0. */
  readonly fill: number | readonly number[];
}

/** Resizes the image to fit into a size, centred on one colour. */
export interface LetterboxStep {
  /** Name of the step. */
  readonly op: "letterbox";
  /** Size of the result in samples. */
  readonly size: Size;
  /** Reference computation that the resize equals. Default `exact`. */
  readonly match: Match;
  /**
   * Filter. `opencv` has nearest, bilinear, bicubic, area and lanczos4; `torchvision` bilinear and bicubic; `pillow`
   * all but area and lanczos4; `exact` bilinear. Default `bilinear`.
   */
  readonly filter: FilterName;
  /** For match `torchvision`: whether the filter widens with the reduction. Default false. */
  readonly antialias?: boolean | undefined;
  /** Colour: one level 0 to 255 for all channels, or one for each. Default 114. */
  readonly fill: number | readonly number[];
}

const offset = z.number().int().min(0).max(MAX_AXIS);
const level = z.number().int().min(0).max(255);
const fillSpec = z.union([level, z.array(level).min(1).max(4)]);

/** Schema of {@linkcode CropStep}. */
export const cropSpec: Schema<CropStep> = z.strictObject({
  op: z.literal("crop"),
  top: offset,
  left: offset,
  height: axisLength,
  width: axisLength,
});

/** Schema of {@linkcode CenterCropStep}. */
export const centerCropSpec: Schema<CenterCropStep> = z.strictObject({
  op: z.literal("center_crop"),
  size: sizeSpec,
});

/** Schema of {@linkcode PadStep}. */
export const padSpec: Schema<PadStep> = z.strictObject({
  op: z.literal("pad"),
  to: z.literal("square").optional(),
  top: offset.default(0),
  left: offset.default(0),
  bottom: offset.default(0),
  right: offset.default(0),
  fill: fillSpec.default(0),
}).refine(
  ({ to, top, left, bottom, right }) => to === undefined || top + left + bottom + right === 0,
  'to: "square" excludes top, left, bottom and right',
);

/** Schema of {@linkcode LetterboxStep}. */
export const letterboxSpec: Schema<LetterboxStep> = z.strictObject({
  op: z.literal("letterbox"),
  size: sizeSpec,
  match: matchSpec.default("exact"),
  filter: filterSpec.default("bilinear"),
  antialias: z.boolean().optional(),
  fill: fillSpec.default(114),
}).superRefine(checkFilter);

/**
 * Start of a center crop: half the difference, ties to even. torchvision's `int(round((length - size) /
 * 2.0))` rounds the same way.
 *
 * @param length Length of the axis.
 * @param size Length of the crop, at most `length`.
 */
export function centerStart(length: number, size: number): number {
  const double = length - size;
  const half = Math.floor(double / 2);
  return double % 2 === 0 ? half : half + (half % 2);
}

/**
 * Size that fits an image into a box with its aspect ratio. It is rounded half up and at least 1, as in
 * YOLO's letterbox.
 *
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @param box Size of the box, `[height, width]`.
 * @returns Size `[height, width]`, at most that of the box.
 */
export function fitInside(height: number, width: number, box: readonly [number, number]): [number, number] {
  const [boxHeight, boxWidth] = box;
  const byHeight = boxHeight * width <= boxWidth * height;
  const scaled = (length: number, numerator: number, denominator: number) =>
    Math.max(1, Math.floor((2 * length * numerator + denominator) / (2 * denominator)));
  return byHeight
    ? [boxHeight, Math.min(boxWidth, scaled(width, boxHeight, height))]
    : [Math.min(boxHeight, scaled(height, boxWidth, width)), boxWidth];
}

/**
 * Size of torchvision's `Resize(int)`: the shorter side becomes `size`, the longer one `int(size * long /
 * short)`.
 *
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @param size Length of the shorter side in samples.
 * @returns Size `[height, width]`.
 */
export function shorterSide(height: number, width: number, size: number): [number, number] {
  return height <= width
    ? [size, Math.floor((size * width) / height)]
    : [Math.floor((size * height) / width), size];
}
