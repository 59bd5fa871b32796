/**
 * Parameters of the antialiased resize.
 *
 * @module
 */

import { z } from "zod";
import { axisLength, filterSpec } from "../geometry/fields.ts";
import { type FilterName, MATCH_FILTERS } from "../geometry/names.ts";
import type { AxisScale } from "../resize/spec.ts";
import type { Schema } from "../../schema.ts";

/**
 * Parameters of the resample kernel in a plan. Users write a `resize` step with `match: "pillow"`, or with a filter of
 * OpenCV or torchvision other than their bilinear of four neighbours.
 */
export interface ResampleParams {
  /** Library whose arithmetic the result follows. Absent: Pillow. */
  readonly match?: "opencv" | "torchvision" | undefined;
  /** For torchvision: whether the filter widens with the reduction. Absent: it does not. */
  readonly antialias?: true | undefined;
  /** Filter of both axes. */
  readonly filter: FilterName;
  /** Rows before and after. */
  readonly y: AxisScale;
  /** Columns before and after. */
  readonly x: AxisScale;
}

const axisScale = z.strictObject({ input: axisLength, output: axisLength });

/** Schema of {@linkcode ResampleParams}. */
export const resampleParams: Schema<ResampleParams> = z.strictObject({
  match: z.enum(["opencv", "torchvision"]).optional(),
  antialias: z.literal(true).optional(),
  filter: filterSpec,
  y: axisScale,
  x: axisScale,
}).superRefine(checkParams);

/** Refuses a filter that the match lacks, and an antialiased one that is not torchvision's. */
function checkParams(params: ResampleParams, context: z.RefinementCtx): void {
  const { match, filter, antialias, y, x } = params;
  const grows = y.output > y.input || x.output > x.input;
  if (
    !MATCH_FILTERS[match ?? "pillow"].includes(filter) ||
    (antialias ?? false) && match !== "torchvision" ||
    match !== undefined && filter === "bilinear" && antialias !== true ||
    filter === "area" && grows
  ) {
    context.addIssue({ code: "custom", path: ["filter"], message: `filter ${filter} is not resampled` });
  }
}
