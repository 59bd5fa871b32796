/**
 * Size rules of Hugging Face's image processors, in the arithmetic of Python's doubles.
 *
 * @module
 */

import { centerStart, shorterSide } from "../../kernels/image/geometry/spec.ts";
import type { Size } from "../../kernels/image/geometry/names.ts";
import { edgeRatio, MAX_RATIO, smartSize } from "../../kernels/image/resize/target_size.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { evenSize } from "./tiles.ts";

/** Rule by which a processor resizes. */
export type SizeRule =
  /** To one size. */
  | { readonly kind: "fixed"; readonly height: number; readonly width: number }
  /** The shortest edge to a length, the other one by the image's ratio. */
  | { readonly kind: "shortest"; readonly length: number }
  /** The longest edge to a length, the other one to an even number, as Idefics3. */
  | { readonly kind: "longest"; readonly length: number }
  /** To multiples of a factor within a range of pixels, as Qwen2-VL. */
  | {
    readonly kind: "smart";
    readonly factor: number;
    readonly minPixels: number;
    readonly maxPixels: number;
  };

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
    case "longest":
      return evenSize(rule.length, height, width);
    case "smart":
      return pixelSize(rule, height, width);
  }
}

/** Qwen2-VL's rule, which refuses long images. */
function pixelSize(
  { factor, minPixels, maxPixels }: Extract<SizeRule, { kind: "smart" }>,
  height: number,
  width: number,
): Size {
  const ratio = edgeRatio(height, width);
  if (ratio <= MAX_RATIO) {
    return smartSize(height, width, { factor, min_pixels: minPixels, max_pixels: maxPixels });
  }
  throw new OnpathError(
    "size",
    `Cannot resize ${height} x ${width}: the edges' ratio is ${
      ratio.toFixed(1)
    }, expected at most ${MAX_RATIO}`,
    { height, width, most: MAX_RATIO },
  );
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
 * Centre crop of one axis. A crop starts at half the difference, rounded down, or half to even as in torchvision. If the crop is longer than the axis,
 * zeros surround it, one more before than after if their number is odd.
 *
 * @param length Length of the axis.
 * @param crop Length of the crop.
 * @param center Rounding of the start.
 */
export function centerAxis(length: number, crop: number, center: "down" | "half-even" = "down"): AxisCrop {
  if (crop <= length) {
    const start = center === "down" ? Math.floor((length - crop) / 2) : centerStart(length, crop);
    return { start, length: crop, before: 0, after: 0 };
  }
  const before = Math.ceil((crop - length) / 2);
  return { start: 0, length, before, after: crop - length - before };
}
