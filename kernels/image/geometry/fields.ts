/**
 * Fields that several steps share, as zod schemas. Not part of the public face.
 *
 * @module
 */

import { z } from "zod";
import { MAX_AXIS } from "../../../serialize/sampling.ts";
import type { Match, ResizeMatch, Size } from "./names.ts";

/** A length of an image axis. */
export const axisLength: z.ZodType<number> = z.number().int().min(1).max(MAX_AXIS);

/** `[height, width]`. */
export const sizeSpec: z.ZodType<Size> = z.tuple([axisLength, axisLength]);

/** The name of a match. */
export const matchSpec: z.ZodType<Match> = z.enum(["exact", "opencv", "torchvision", "pillow"]);

/** The name of a match with four neighbours. */
export const resizeMatchSpec: z.ZodType<ResizeMatch> = z.enum(["exact", "opencv", "torchvision"]);
