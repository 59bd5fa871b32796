/**
 * zod schemas of fields that several steps share. Internal.
 *
 * @module
 */

import { z } from "zod";
import { MAX_AXIS } from "../../../serialize/sampling.ts";
import { type FilterName, type Match, MATCH_FILTERS, type ResizeMatch, type Size } from "./names.ts";

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
  "area",
  "lanczos4",
]);

/** Refuses a filter that the match does not have, and `antialias` for other matches than torchvision. */
export function checkFilter(
  { match, filter, antialias }: {
    readonly match: Match;
    readonly filter: FilterName;
    readonly antialias?: boolean | undefined;
  },
  context: z.RefinementCtx,
): void {
  if (!MATCH_FILTERS[match].includes(filter)) {
    const having = Object.entries(MATCH_FILTERS).filter(([, filters]) => filters.includes(filter));
    const names = having.map(([name]) => `"${name}"`).join(" or ");
    context.addIssue({
      code: "custom",
      path: ["filter"],
      message: `filter ${filter} needs match ${names}, found match "${match}"`,
    });
  }
  if (antialias !== undefined && match !== "torchvision") {
    context.addIssue({
      code: "custom",
      path: ["antialias"],
      message: `antialias needs match "torchvision", found match "${match}"`,
    });
  }
}
