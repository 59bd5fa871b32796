/**
 * Size of a resize as users write it: a size, or a rule that depends on the image.
 *
 * @module
 */

import { z } from "zod";
import { axisLength, sizeSpec } from "./fields.ts";
import type { Size } from "./names.ts";

/** Shortest edge in samples, with an optional maximum of the longest, as torchvision's `Resize(size, max_size)`. */
export interface ShortestEdge {
  /** Length of the shortest edge. */
  readonly shortest: number;
  /** Maximum length of the longest edge. If it would be longer, the image becomes smaller. */
  readonly max?: number | undefined;
}

/** Longest edge in samples, as torchvision's `Resize(None, max_size)`. The other one is rounded down. */
export interface LongestEdge {
  /** Length of the longest edge. */
  readonly longest: number;
}

/** Multiples of a factor within a range of pixels, as Qwen2-VL's `smart_resize`. */
export interface PixelRange {
  /** Divisor of both edges: the patch, times the patches that a model merges. */
  readonly factor: number;
  /** Fewest pixels of the result. */
  readonly min_pixels: number;
  /** Most pixels of the result. */
  readonly max_pixels: number;
}

/** Size of a resize: `[height, width]`, the shortest edge, or a rule. */
export type TargetSize = Size | number | ShortestEdge | LongestEdge | PixelRange;

/** Maximum of a number of pixels. */
const MAX_PIXELS = 2 ** 31;

const pixels = z.number().int().min(1).max(MAX_PIXELS);

/** Schema of {@linkcode TargetSize}. */
export const targetSizeSpec: z.ZodType<TargetSize> = z.union([
  sizeSpec,
  axisLength,
  z.strictObject({ shortest: axisLength, max: axisLength.optional() }).refine(
    ({ shortest, max }) => max === undefined || max > shortest,
    "max must be above shortest",
  ),
  z.strictObject({ longest: axisLength }),
  z.strictObject({ factor: axisLength, min_pixels: pixels, max_pixels: pixels }).refine(
    ({ min_pixels, max_pixels }) => min_pixels <= max_pixels,
    "min_pixels must be at most max_pixels",
  ),
]);
