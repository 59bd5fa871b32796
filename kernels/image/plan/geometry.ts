/**
 * Geometry of a pipeline: all crops and pads become one window before the sampling step and one after it.
 *
 * @module
 */

import { type AxisWindow, cropAxis, padAxis, showsFill, wholeAxis } from "../geometry/axis.ts";
import type { ImageShape, LoweredStep } from "../pipeline.ts";
import type { RemapParams } from "../remap/spec.ts";
import { chooseResize } from "../resample/choose.ts";
import type { ResampleParams } from "../resample/spec.ts";
import type { ResizeParams } from "../resize/spec.ts";
import { OnpathError } from "../../../serialize/errors.ts";

/** Sampling step, which interpolates between samples: a kernel and its parameters. */
export type Sampling =
  | { readonly kernel: "resize"; readonly params: ResizeParams }
  | { readonly kernel: "resample"; readonly params: ResampleParams }
  | { readonly kernel: "remap"; readonly params: RemapParams };

/** Movement of the samples: a window, the sampling step, and another window. */
export interface Geometry {
  /** Window of the crops and pads before the sampling step. */
  readonly before: { readonly y: AxisWindow; readonly x: AxisWindow };
  /** Sampling step, or null without one. */
  readonly sampling: Sampling | null;
  /** Window of the crops and pads after the sampling step. */
  readonly after: { readonly y: AxisWindow; readonly x: AxisWindow };
  /** Colour of pads and borders, one byte a channel. */
  readonly fill: readonly number[];
}

/**
 * Folds lowered steps into a geometry.
 *
 * @param steps Lowered steps.
 * @param image Shape of one input image.
 * @throws {OnpathError} `pipeline` when pads and borders have different colours.
 */
export function foldGeometry(steps: readonly LoweredStep[], image: ImageShape): Geometry {
  let y = wholeAxis(image.height);
  let x = wholeAxis(image.width);
  let before: Geometry["before"] | undefined;
  let sampling: Sampling | null = null;
  let fill: readonly number[] | undefined;
  for (const step of steps) {
    if (step.op === "crop") {
      [y, x] = [cropAxis(y, step.top, step.height), cropAxis(x, step.left, step.width)];
    } else if (step.op === "pad") {
      const [top, left, bottom, right] = step.border;
      [y, x] = [padAxis(y, top, bottom), padAxis(x, left, right)];
      if (step.border.some((length) => length > 0)) {
        fill = oneFill(fill, step.fill, showsFill(y) || showsFill(x));
      }
    } else if (step.op === "resize") {
      before = { y, x };
      const [height, width] = step.size;
      const scales = { y: { input: y.length, output: height }, x: { input: x.length, output: width } };
      sampling = chooseResize(step, scales.y, scales.x);
      [y, x] = [wholeAxis(height), wholeAxis(width)];
    } else if (step.op === "remap") {
      before = { y, x };
      sampling = { kernel: "remap", params: step.params };
      fill = oneFill(fill, step.fill, step.params.border === "constant");
      [y, x] = [wholeAxis(step.params.output[0]), wholeAxis(step.params.output[1])];
    }
  }
  return {
    before: before ?? { y, x },
    sampling,
    after: before === undefined ? { y: wholeAxis(y.length), x: wholeAxis(x.length) } : { y, x },
    fill: fill ?? new Array<number>(image.channels).fill(0),
  };
}

/** A packet stream has one fill colour. Invisible pads may have any colour. */
function oneFill(
  current: readonly number[] | undefined,
  fill: readonly number[],
  shows: boolean,
): readonly number[] | undefined {
  if (!shows) return current;
  if (current !== undefined && current.some((level, channel) => level !== fill[channel])) {
    throw new OnpathError(
      "pipeline",
      `Cannot compile pads of several colours: [${current.join(", ")}] and [${fill.join(", ")}]`,
      { fills: [current, fill] },
    );
  }
  return fill;
}
