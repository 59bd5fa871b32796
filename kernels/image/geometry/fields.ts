/**
 * zod schemas of fields that several steps share. Internal.
 *
 * @module
 */

import { z } from "zod";
import { MAX_AXIS } from "../../../serialize/sampling.ts";
import type { Match, ResizeMatch, Size } from "./names.ts";

/** Schema of an axis length, 1 to {@linkcode MAX_AXIS} samples. */
export const axisLength: z.ZodType<number> = z.number().int().min(1).max(MAX_AXIS);

/** Schema of a size `[height, width]`. */
export const sizeSpec: z.ZodType<Size> = z.tuple([axisLength, axisLength]);

/** Schema of a match name. */
export const matchSpec: z.ZodType<Match> = z.enum(["exact", "opencv", "torchvision", "pillow"]);

/** Schema of a match name with four neighbours. */
export const resizeMatchSpec: z.ZodType<ResizeMatch> = z.enum(["exact", "opencv", "torchvision"]);
