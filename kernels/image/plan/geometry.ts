/**
 * How samples move: crops and pads folded into one window before the sampling step and one after it.
 *
 * @module
 */

import { type AxisWindow, cropAxis, padAxis, showsFill, wholeAxis } from "../geometry/axis.ts";
import type { ImageShape, LoweredStep } from "../pipeline.ts";
import type { RemapParams } from "../remap/spec.ts";
import type { ResampleParams } from "../resample/spec.ts";
import type { ResizeParams } from "../resize/spec.ts";
import { OnpathError } from "../../../serialize/errors.ts";

/** The step that computes samples between samples: a kernel and its parameters. */
export type Sampling =
  | { readonly kernel: "resize"; readonly params: ResizeParams }
  | { readonly kernel: "resample"; readonly params: ResampleParams }
  | { readonly kernel: "remap"; readonly params: RemapParams };

/** How samples move: a window before the sampling step, that step, a window after it. */
export interface Geometry {
  /** Crops and pads before. */
  readonly before: { readonly y: AxisWindow; readonly x: AxisWindow };
  /** The resize or remap, or null. */
  readonly sampling: Sampling | null;
  /** Crops and pads after. */
  readonly after: { readonly y: AxisWindow; readonly x: AxisWindow };
  /** The colour of pads and borders, one byte a channel. */
  readonly fill: readonly number[];
}

/**
 * Folds lowered steps.
 *
 * @param steps The steps.
 * @param image The shape of one image.
 * @throws {OnpathError} `pipeline` when pads and borders have several colours.
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
      sampling = step.match === "pillow"
        ? { kernel: "resample", params: scales }
        : { kernel: "resize", params: { match: step.match, ...scales } };
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

/** A packet stream has one fill colour; pads that show nothing may have any. */
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
