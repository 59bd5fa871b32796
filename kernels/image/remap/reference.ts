/**
 * Reference of a remap of a whole image, for tables and model. It shares only the positions with them.
 *
 * @module
 */

import { imageAxes } from "../../../serialize/image_axes.ts";
import { type Tensor, zeros } from "../../../serialize/tensor.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { Size } from "../geometry/names.ts";
import { type Positions, remapPositions } from "./positions.ts";
import type { Border, RemapParams } from "./spec.ts";

/**
 * Warps every image of a batch.
 *
 * @param image u8 image tensor with the size in `params.input`.
 * @param params Matrix, sizes and border mode.
 * @param fill Fill colour, one level a channel.
 * @returns Dense NHWC tensor.
 * @throws {OnpathError} `shape` when the image has another size.
 */
export function remapReference(image: Tensor, params: RemapParams, fill: readonly number[]): Tensor {
  const { height, width } = imageAxes(image);
  if (height !== params.input[0] || width !== params.input[1]) {
    throw new OnpathError(
      "shape",
      `Cannot remap an image of ${height} x ${width}: expected ${params.input[0]} x ${params.input[1]}`,
      { found: [height, width], expected: params.input },
    );
  }
  return samplePositions(image, remapPositions(params), params.output, params.border, fill);
}

/**
 * Samples every image of a batch at given positions. Each sample is the sum of four neighbours, weighted by
 * distance products over 32 · 32, rounded half up.
 *
 * @param image u8 image tensor.
 * @param positions Source positions in 1/32 sample, one for each output sample, row by row.
 * @param size Rows and columns of the result.
 * @param border Border mode.
 * @param fill Fill colour, one level a channel.
 * @returns Dense NHWC tensor.
 */
export function samplePositions(
  image: Tensor,
  positions: Positions,
  size: Size,
  border: Border,
  fill: readonly number[],
): Tensor {
  const axes = imageAxes(image);
  const { images, height, width, channels } = axes;
  const target = zeros({ dtype: "u8", shape: [images, size[0], size[1], channels], layout: "NHWC" });
  const pixel = (n: number, row: number, column: number, c: number) => {
    const y = inside(row, height, border);
    const x = inside(column, width, border);
    if (y === undefined || x === undefined) return fill[c]!;
    const at = n * axes.imageStride + y * axes.rowStride + x * axes.columnStride + c * axes.channelStride;
    return image.data[image.offset + at]!;
  };
  let to = 0;
  for (let n = 0; n < images; n++) {
    for (let item = 0; item < size[0] * size[1]; item++) {
      const row = Math.floor(positions.y[item]! / 32);
      const column = Math.floor(positions.x[item]! / 32);
      const below = positions.y[item]! - 32 * row;
      const right = positions.x[item]! - 32 * column;
      for (let c = 0; c < channels; c++) {
        const sum = (32 - below) * (32 - right) * pixel(n, row, column, c) +
          (32 - below) * right * pixel(n, row, column + 1, c) +
          below * (32 - right) * pixel(n, row + 1, column, c) +
          below * right * pixel(n, row + 1, column + 1, c);
        target.data[to++] = Math.floor((sum + 512) / 1024);
      }
    }
  }
  return target;
}

/** Folds an index at the edges until it lies inside. Returns undefined for the fill colour. */
function inside(index: number, length: number, border: Border): number | undefined {
  while (index < 0 || index >= length) {
    const low = index < 0;
    if (border === "constant") return undefined;
    else if (border === "replicate" || length === 1) index = low ? 0 : length - 1;
    else if (border === "wrap") index += low ? length : -length;
    else if (border === "reflect") index = low ? -1 - index : 2 * length - 1 - index;
    else index = low ? -index : 2 * length - 2 - index;
  }
  return index;
}
