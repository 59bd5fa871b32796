/**
 * Reference of the bilinear resize of a whole image, for tables and model.
 *
 * @module
 */

import { imageAxes } from "../../../serialize/image_axes.ts";
import { type Tensor, zeros } from "../../../serialize/tensor.ts";
import type { ResizeMatch } from "../geometry/names.ts";
import { type AxisWeights, resizeAxes } from "./positions.ts";
import type { ResizeParams } from "./spec.ts";

/** Computes one sample from its neighbours (upper left, upper right, lower left, lower right) and weights. */
type Sample = (p: readonly number[], y: readonly [number, number], x: readonly [number, number]) => number;

/**
 * Resizes every image of a batch.
 *
 * - `exact`: rational result, rounded half up.
 * - `torchvision`: rational result, rounded half to even. torchvision computes in binary32, so some samples
 * on or near a tie differ by one level.
 * - `opencv`: fixed-point arithmetic of OpenCV 4.6 INTER_LINEAR on 8 bits, at its positions or INTER_AREA's.
 *
 * @param image u8 image tensor.
 * @param params Lengths of the image's axes and the new ones, and the reference computation.
 * @returns Dense NHWC tensor.
 */
export function resizeReference(image: Tensor, params: ResizeParams): Tensor {
  const axes = imageAxes(image);
  const { images, channels } = axes;
  const size = [params.y.output, params.x.output] as const;
  const { y, x } = resizeAxes(params);
  const sample = sampleFor(params.match, y, x);
  const target = zeros({ dtype: "u8", shape: [images, size[0], size[1], channels], layout: "NHWC" });
  const pixel = (n: number, row: number, column: number, c: number) =>
    image.data[
      image.offset + n * axes.imageStride + row * axes.rowStride + column * axes.columnStride +
      c * axes.channelStride
    ]!;
  let to = 0;
  for (let n = 0; n < images; n++) {
    for (let row = 0; row < size[0]; row++) {
      const [y0, y1, wy] = [y.low[row]!, y.high[row]!, y.pairs[y.phase[row]!]!];
      for (let column = 0; column < size[1]; column++) {
        const [x0, x1, wx] = [x.low[column]!, x.high[column]!, x.pairs[x.phase[column]!]!];
        for (let c = 0; c < channels; c++) {
          const p = [pixel(n, y0, x0, c), pixel(n, y0, x1, c), pixel(n, y1, x0, c), pixel(n, y1, x1, c)];
          target.data[to++] = sample(p, wy, wx);
        }
      }
    }
  }
  return target;
}

function sampleFor(match: ResizeMatch, y: AxisWeights, x: AxisWeights): Sample {
  if (match === "opencv") return openCvSample;
  const denominator = y.denominator * x.denominator;
  return (p, wy, wx) => {
    // All values are integers, at most 255 · 2^34, far below 2^53.
    const sum = wy[0] * (wx[0] * p[0]! + wx[1] * p[1]!) + wy[1] * (wx[0] * p[2]! + wx[1] * p[3]!);
    const doubled = 2 * sum + denominator;
    const rounded = Math.floor(doubled / (2 * denominator));
    const tie = doubled % (2 * denominator) === 0;
    return match === "torchvision" && tie && rounded % 2 === 1 ? rounded - 1 : rounded;
  };
}

/** OpenCV's VResizeLinear for 8 bits: both passes in integers, with two truncations. */
const openCvSample: Sample = (p, [b0, b1], [a0, a1]) => {
  const upper = a0 * p[0]! + a1 * p[1]!;
  const lower = a0 * p[2]! + a1 * p[3]!;
  return (((b0 * (upper >> 4)) >> 16) + ((b1 * (lower >> 4)) >> 16) + 2) >> 2;
};
