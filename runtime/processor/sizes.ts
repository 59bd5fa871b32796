/**
 * Size rules of Hugging Face's image processors, in the arithmetic of Python's doubles.
 *
 * @module
 */

import { shorterSide } from "../../kernels/image/geometry/spec.ts";
import type { Size } from "../../kernels/image/geometry/names.ts";
import { roundHalfEven } from "../../kernels/image/resize/positions.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Rule by which a processor resizes. */
export type SizeRule =
  /** To one size. */
  | { readonly kind: "fixed"; readonly height: number; readonly width: number }
  /** The shortest edge to a length, the other one by the image's ratio. */
  | { readonly kind: "shortest"; readonly length: number }
  /** To multiples of a factor within a range of pixels, as Qwen2-VL. */
  | {
    readonly kind: "smart";
    readonly factor: number;
    readonly minPixels: number;
    readonly maxPixels: number;
  };

/** Maximum ratio of the edges of an image that Qwen2-VL takes. */
const MAX_RATIO = 200;

/**
 * Size after the resize of a processor.
 *
 * @param rule Rule of the configuration.
 * @param height Rows of the image.
 * @param width Columns of the image.
 * @returns Size `[height, width]`.
 * @throws {OnpathError} `size` if the rule refuses the image.
 */
export function resizedSize(rule: SizeRule, height: number, width: number): Size {
  switch (rule.kind) {
    case "fixed":
      return [rule.height, rule.width];
    case "shortest":
      return shorterSide(height, width, rule.length);
    case "smart":
      return smartSize(rule, height, width);
  }
}

/**
 * Qwen2-VL's rule: each edge becomes the nearest multiple of `factor` (ties to even). If the pixels then leave
 * their range, both edges are scaled by one number, and rounded down or up.
 */
function smartSize(
  { factor, minPixels, maxPixels }: Extract<SizeRule, { kind: "smart" }>,
  height: number,
  width: number,
): Size {
  const ratio = Math.max(height, width) / Math.min(height, width);
  if (ratio > MAX_RATIO) {
    throw new OnpathError(
      "size",
      `Cannot resize ${height} x ${width}: the edges' ratio is ${
        ratio.toFixed(1)
      }, expected at most ${MAX_RATIO}`,
      { height, width, most: MAX_RATIO },
    );
  }
  const near = (edge: number) => roundHalfEven(edge / factor) * factor;
  const pixels = near(height) * near(width);
  if (pixels > maxPixels) {
    const scale = Math.sqrt((height * width) / maxPixels);
    const down = (edge: number) => Math.max(factor, Math.floor(edge / scale / factor) * factor);
    return [down(height), down(width)];
  }
  if (pixels < minPixels) {
    const scale = Math.sqrt(minPixels / (height * width));
    const up = (edge: number) => Math.ceil((edge * scale) / factor) * factor;
    return [up(height), up(width)];
  }
  return [near(height), near(width)];
}

/** Crop or pad of one axis. At most one of `start` and the two pads is above 0. */
export interface AxisCrop {
  /** First index that stays. */
  readonly start: number;
  /** Number of indexes that stay. */
  readonly length: number;
  /** Zeros before. */
  readonly before: number;
  /** Zeros after. */
  readonly after: number;
}

/**
 * Centre crop of one axis. A crop starts at half the difference, rounded down. If the crop is longer than the axis,
 * zeros surround it, one more before than after if their number is odd.
 *
 * @param length Length of the axis.
 * @param crop Length of the crop.
 */
export function centerAxis(length: number, crop: number): AxisCrop {
  if (crop <= length) return { start: Math.floor((length - crop) / 2), length: crop, before: 0, after: 0 };
  const before = Math.ceil((crop - length) / 2);
  return { start: 0, length, before, after: crop - length - before };
}
