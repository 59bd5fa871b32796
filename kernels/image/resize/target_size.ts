/**
 * Size that a rule gives an image.
 *
 * @module
 */

import type { Size } from "../geometry/names.ts";
import { shorterSide } from "../geometry/spec.ts";
import type { PixelRange, ShortestEdge, TargetSize } from "../geometry/target_size.ts";
import { roundHalfEven } from "./positions.ts";

/** Maximum ratio of the edges of an image that {@linkcode smartSize} takes. */
export const MAX_RATIO = 200;

/**
 * Size that an image is resized to.
 *
 * @param size Size or rule.
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @returns Size `[height, width]`, or the reason why the rule refuses the image.
 */
export function targetSize(size: TargetSize, height: number, width: number): Size | string {
  if (typeof size === "number") return shorterSide(height, width, size);
  if ("shortest" in size) return orEmpty(shortestEdge(height, width, size));
  if ("longest" in size) return orEmpty(longestEdge(height, width, size.longest));
  if (!("factor" in size)) return size;
  const ratio = edgeRatio(height, width);
  return ratio > MAX_RATIO
    ? `the edges of ${height} x ${width} have the ratio ${ratio.toFixed(1)}, expected at most ${MAX_RATIO}`
    : smartSize(height, width, size);
}

/** Ratio of the longest edge to the shortest. */
export function edgeRatio(height: number, width: number): number {
  return Math.max(height, width) / Math.min(height, width);
}

/** Refuses an edge without samples. */
function orEmpty([rows, columns]: Size): Size | string {
  return rows >= 1 && columns >= 1 ? [rows, columns] : `the result would be ${rows} x ${columns}`;
}

function shortestEdge(height: number, width: number, { shortest, max }: ShortestEdge): Size {
  const size = shorterSide(height, width, shortest);
  const long = Math.max(...size);
  if (max === undefined || long <= max) return size;
  const short = Math.floor((max * shortest) / long);
  return height < width ? [short, max] : [max, short];
}

function longestEdge(height: number, width: number, longest: number): Size {
  return height <= width
    ? [Math.floor((longest * height) / width), longest]
    : [longest, Math.floor((longest * width) / height)];
}

/**
 * Qwen2-VL's rule: each edge becomes the nearest multiple of the factor (ties to even). If the pixels then leave
 * their range, both edges are scaled by one number, and rounded down or up.
 *
 * @param height Rows of the image.
 * @param width Columns of the image, whose ratio is at most {@linkcode MAX_RATIO}.
 * @param range Factor and range.
 */
export function smartSize(height: number, width: number, range: PixelRange): Size {
  const { factor, min_pixels, max_pixels } = range;
  const near = (edge: number) => roundHalfEven(edge / factor) * factor;
  const count = near(height) * near(width);
  if (count > max_pixels) {
    const scale = Math.sqrt((height * width) / max_pixels);
    const down = (edge: number) => Math.max(factor, Math.floor(edge / scale / factor) * factor);
    return [down(height), down(width)];
  }
  if (count < min_pixels) {
    const scale = Math.sqrt(min_pixels / (height * width));
    const up = (edge: number) => Math.ceil((edge * scale) / factor) * factor;
    return [up(height), up(width)];
  }
  return [near(height), near(width)];
}
