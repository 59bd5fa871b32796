/**
 * Kernel that computes a resize step.
 *
 * @module
 */

import type { AxisScale, ResizeParams, ResizeStep } from "../resize/spec.ts";
import type { ResampleParams } from "./spec.ts";

/** Kernel of a resize and its parameters: `resize` reads four neighbours, `resample` whole rows. */
export type ResizeKernel =
  | { readonly kernel: "resize"; readonly params: ResizeParams }
  | { readonly kernel: "resample"; readonly params: ResampleParams };

/**
 * Chooses the kernel of a resize step.
 * OpenCV's INTER_AREA averages only if no axis grows; otherwise it is bilinear at other positions. A reduction of both
 * axes by 2 is the mean of four neighbours, which INTER_LINEAR computes too.
 *
 * @param step Library, filter and antialias of a checked step.
 * @param y Rows before and after.
 * @param x Columns before and after.
 */
export function chooseResize(
  { match, filter, antialias }: Pick<ResizeStep, "match" | "filter" | "antialias">,
  y: AxisScale,
  x: AxisScale,
): ResizeKernel {
  if (match === "pillow") return { kernel: "resample", params: { filter, y, x } };
  if (filter === "area") {
    const axes = [y, x];
    if (axes.some(({ input, output }) => output > input)) {
      return { kernel: "resize", params: { match: "opencv", y, x, area: true } };
    }
    if (axes.every(({ input, output }) => input === 2 * output)) {
      return { kernel: "resize", params: { match: "opencv", y, x } };
    }
  }
  if (filter === "bilinear" && antialias !== true) return { kernel: "resize", params: { match, y, x } };
  const library = match as "opencv" | "torchvision";
  const params: ResampleParams = { match: library, filter, y, x };
  return { kernel: "resample", params: antialias === true ? { ...params, antialias } : params };
}
