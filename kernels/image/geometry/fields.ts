/**
 * zod schemas of fields that several steps share. Internal.
 *
 * @module
 */

import { z } from "zod";
import { MAX_AXIS } from "../../../serialize/sampling.ts";
import type { FilterName, Match, ResizeMatch, Size } from "./names.ts";

/** Schema of an axis length, 1 to {@linkcode MAX_AXIS} samples. */
export const axisLength: z.ZodType<number> = z.number().int().min(1).max(MAX_AXIS);

/** Schema of a size `[height, width]`. */
export const sizeSpec: z.ZodType<Size> = z.tuple([axisLength, axisLength]);

/** Schema of a match name. */
export const matchSpec: z.ZodType<Match> = z.enum(["exact", "opencv", "torchvision", "pillow"]);

/** Schema of a match name with four neighbours. */
export const resizeMatchSpec: z.ZodType<ResizeMatch> = z.enum(["exact", "opencv", "torchvision"]);

/** Schema of a filter name. */
export const filterSpec: z.ZodType<FilterName> = z.enum([
  "nearest",
  "box",
  "bilinear",
  "hamming",
  "bicubic",
  "lanczos",
]);

/** Refuses a filter that the match does not have. */
export function checkFilter(
  { match, filter }: { readonly match: Match; readonly filter: FilterName },
  context: z.RefinementCtx,
): void {
  if (match === "pillow" || filter === "bilinear") return;
  context.addIssue({
    code: "custom",
    path: ["filter"],
    message: `filter ${filter} needs match "pillow", found match "${match}"`,
  });
}
