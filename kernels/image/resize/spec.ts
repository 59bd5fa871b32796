/**
 * Resize step, and the parameters of its kernel.
 *
 * @module
 */

import { z } from "zod";
import { axisLength, checkFilter, filterSpec, matchSpec, resizeMatchSpec } from "../geometry/fields.ts";
import type { FilterName, Match, ResizeMatch } from "../geometry/names.ts";
import { type TargetSize, targetSizeSpec } from "../geometry/target_size.ts";
import type { Schema } from "../../schema.ts";

/** Resize with half-pixel centres: bilinear of four neighbours, or another filter of a library. */
export interface ResizeStep {
  /** Name of the step. */
  readonly op: "resize";
  /**
   * New size in samples: `[height, width]`, or the shortest edge as in torchvision; with `max` the longest edge is at
   * most that. `longest` is the longest edge. A `factor` makes multiples of it within a range of pixels.
   */
  readonly size: TargetSize;
  /** Reference computation that the result equals. Default `exact`. */
  readonly match: Match;
  /**
   * Filter. `opencv` has nearest, bilinear, bicubic, area and lanczos4; `torchvision` bilinear and bicubic; `pillow`
   * all but area and lanczos4; `exact` bilinear. Default `bilinear`.
   */
  readonly filter: FilterName;
  /** For match `torchvision`: whether the filter widens with the reduction. Default false. */
  readonly antialias?: boolean | undefined;
}

/** Schema of {@linkcode ResizeStep}. */
export const resizeSpec: Schema<ResizeStep> = z.strictObject({
  op: z.literal("resize"),
  size: targetSizeSpec,
  match: matchSpec.default("exact"),
  filter: filterSpec.default("bilinear"),
  antialias: z.boolean().optional(),
}).superRefine(checkFilter);

/** Lengths of one axis before and after, in samples. */
export interface AxisScale {
  /** Samples before. */
  readonly input: number;
  /** Samples after. */
  readonly output: number;
}

/** Parameters of the resize kernel in a plan. */
export interface ResizeParams {
  /** Reference computation that the result equals. */
  readonly match: ResizeMatch;
  /** Rows before and after. */
  readonly y: AxisScale;
  /** Columns before and after. */
  readonly x: AxisScale;
  /** For match `opencv`: positions of INTER_AREA when an axis grows. Absent: positions of INTER_LINEAR. */
  readonly area?: true | undefined;
}

const axisScale = z.strictObject({ input: axisLength, output: axisLength });

/** Schema of {@linkcode ResizeParams}. */
export const resizeParams: Schema<ResizeParams> = z.strictObject({
  match: resizeMatchSpec,
  y: axisScale,
  x: axisScale,
  area: z.literal(true).optional(),
});
