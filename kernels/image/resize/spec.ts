/**
 * The resize step and the parameters of its kernel.
 *
 * @module
 */

import { z } from "zod";
import { axisLength, matchSpec, resizeMatchSpec, sizeSpec } from "../geometry/fields.ts";
import type { Match, ResizeMatch, Size } from "../geometry/names.ts";
import type { Schema } from "../../schema.ts";

/** Bilinear resize, half-pixel centres: of four neighbours, or antialiased with match `pillow`. */
export interface ResizeStep {
  /** The step's name. */
  readonly op: "resize";
  /** The new size; a single number is the new length of the shorter side, as in torchvision. */
  readonly size: Size | number;
  /** Which computation the result equals; default `exact`. */
  readonly match: Match;
}

/** Checks {@linkcode ResizeStep}. */
export const resizeSpec: Schema<ResizeStep> = z.strictObject({
  op: z.literal("resize"),
  size: z.union([sizeSpec, axisLength]),
  match: matchSpec.default("exact"),
});

/** Lengths of one axis before and after. */
export interface AxisScale {
  /** Samples before. */
  readonly input: number;
  /** Samples after. */
  readonly output: number;
}

/** Parameters of the resize kernel, as they stand in a plan. */
export interface ResizeParams {
  /** Which computation the result equals. */
  readonly match: ResizeMatch;
  /** Rows before and after. */
  readonly y: AxisScale;
  /** Columns before and after. */
  readonly x: AxisScale;
}

const axisScale = z.strictObject({ input: axisLength, output: axisLength });

/** Checks {@linkcode ResizeParams}. */
export const resizeParams: Schema<ResizeParams> = z.strictObject({
  match: resizeMatchSpec,
  y: axisScale,
  x: axisScale,
});
