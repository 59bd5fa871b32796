/**
 * The steps that only move samples: crop, center crop, pad, letterbox. They cost the NIC nothing,
 * they are offsets in the sampling map.
 *
 * @module
 */

import { z } from "zod";
import { MAX_AXIS } from "../../../serialize/sampling.ts";
import type { Schema } from "../../schema.ts";
import { axisLength, matchSpec, sizeSpec } from "./fields.ts";
import type { Match, Size } from "./names.ts";

/** A window that lies inside the image. */
export interface CropStep {
  /** The step's name. */
  readonly op: "crop";
  /** First row. */
  readonly top: number;
  /** First column. */
  readonly left: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** torchvision's `CenterCrop` of an image at least as large as the crop. */
export interface CenterCropStep {
  /** The step's name. */
  readonly op: "center_crop";
  /** Size of the crop. */
  readonly size: Size;
}

/** Rows and columns of one colour around the image. */
export interface PadStep {
  /** The step's name. */
  readonly op: "pad";
  /** Rows above; default 0. */
  readonly top: number;
  /** Columns left; default 0. */
  readonly left: number;
  /** Rows below; default 0. */
  readonly bottom: number;
  /** Columns right; default 0. */
  readonly right: number;
  /** The colour, one level for all channels or one each; default 0. */
  readonly fill: number | readonly number[];
}

/** The image resized to fit into a size, centred on one colour. */
export interface LetterboxStep {
  /** The step's name. */
  readonly op: "letterbox";
  /** Size of the result. */
  readonly size: Size;
  /** Which computation the resize equals; default `exact`. */
  readonly match: Match;
  /** The colour, one level for all channels or one each; default 114. */
  readonly fill: number | readonly number[];
}

const offset = z.number().int().min(0).max(MAX_AXIS);
const level = z.number().int().min(0).max(255);
const fillSpec = z.union([level, z.array(level).min(1).max(4)]);

/** Checks {@linkcode CropStep}. */
export const cropSpec: Schema<CropStep> = z.strictObject({
  op: z.literal("crop"),
  top: offset,
  left: offset,
  height: axisLength,
  width: axisLength,
});

/** Checks {@linkcode CenterCropStep}. */
export const centerCropSpec: Schema<CenterCropStep> = z.strictObject({
  op: z.literal("center_crop"),
  size: sizeSpec,
});

/** Checks {@linkcode PadStep}. */
export const padSpec: Schema<PadStep> = z.strictObject({
  op: z.literal("pad"),
  top: offset.default(0),
  left: offset.default(0),
  bottom: offset.default(0),
  right: offset.default(0),
  fill: fillSpec.default(0),
});

/** Checks {@linkcode LetterboxStep}. */
export const letterboxSpec: Schema<LetterboxStep> = z.strictObject({
  op: z.literal("letterbox"),
  size: sizeSpec,
  match: matchSpec.default("exact"),
  fill: fillSpec.default(114),
});

/**
 * Where a center crop starts: half the difference, ties to even, as torchvision's
 * `int(round((length - size) / 2.0))` rounds.
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
 * The size that fits an image into a box without changing its proportions, rounded half up, at
 * least 1, as YOLO's letterbox computes it.
 *
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @param box The box, `[height, width]`.
 * @returns `[height, width]`, at most the box.
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
 * The size that torchvision's `Resize(int)` gives: the shorter side becomes `size`, the longer one
 * `int(size * long / short)`.
 *
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @param size Length of the shorter side.
 * @returns `[height, width]`.
 */
export function shorterSide(height: number, width: number, size: number): [number, number] {
  return height <= width
    ? [size, Math.floor((size * width) / height)]
    : [Math.floor((size * height) / width), size];
}
