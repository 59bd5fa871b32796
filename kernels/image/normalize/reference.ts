/**
 * Reference of the normalization, and the function that its table holds.
 *
 * @module
 */

import { imageAxes } from "../../../serialize/image_axes.ts";
import { type Tensor, tensor, toLayout } from "../../../serialize/tensor.ts";
import { roundHalfEven } from "../resize/positions.ts";
import { elementsOf, encodeElement } from "../../memoize/element.ts";
import type { LevelRange, NormalizeParams } from "./spec.ts";

/**
 * Normalizes one level. Every operation is rounded to binary32, as in PyTorch and NumPy: `x = level / 255`
 * (range 0-1), `x = x - mean`, `x = x / std`. A factor multiplies in binary64 and is then rounded, as in transformers.
 *
 * A binary64 operation on binary32 operands, rounded to binary32, equals the binary32 operation (Figueroa,
 * 1995). So `Math.fround` after each operation is exact.
 *
 * @param level Level, 0 to 255.
 * @param mean Mean of the channel.
 * @param std Standard deviation of the channel.
 * @param range Values before the mean.
 * @returns Normalized binary32 value.
 *
 * @example
 * ```ts
 * import { normalizeLevel } from "./reference.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(normalizeLevel(255, 0.5, 0.5, "0-1"), 1);
 * ```
 */
export function normalizeLevel(level: number, mean: number, std: number, range: LevelRange): number {
  const value = range === "0-1"
    ? Math.fround(level / 255)
    : range === "0-255"
    ? level
    : Math.fround(level * range);
  return Math.fround(Math.fround(value - Math.fround(mean)) / Math.fround(std));
}

/**
 * Normalizes one level into the bits of an element: integers are rounded half to even and saturated, floats
 * overflow to infinity.
 *
 * @param level Level, 0 to 255.
 * @param channel Channel of the level.
 * @param params Means, standard deviations, range and element type.
 */
export function normalizeBits(level: number, channel: number, params: NormalizeParams): number {
  const { mean, std, range, dtype } = params;
  const value = normalizeLevel(level, mean[channel]!, std[channel]!, range);
  return dtype === "u8" || dtype === "i8"
    ? encodeElement(roundHalfEven(value), dtype, "saturate")
    : encodeElement(value, dtype, "infinity");
}

/**
 * Normalizes every image of a batch.
 *
 * @param image u8 image tensor.
 * @param params Means, standard deviations, range and element type.
 * @returns Dense NHWC or NCHW tensor.
 */
export function normalizeReference(image: Tensor, params: NormalizeParams): Tensor {
  const source = toLayout(image, params.planar ? "NCHW" : "NHWC");
  const { images, height, width, channels, ...strides } = imageAxes(source);
  const count = images * height * width * channels;
  const bits = new Uint32Array(count);
  const { shape, layout } = source;
  const place = imageAxes(tensor(bits, { dtype: "u32", shape, layout }));
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          const from = source.offset + n * strides.imageStride + y * strides.rowStride +
            x * strides.columnStride +
            c * strides.channelStride;
          const to = n * place.imageStride + y * place.rowStride + x * place.columnStride +
            c * place.channelStride;
          bits[to] = normalizeBits(source.data[from]!, c, params);
        }
      }
    }
  }
  return tensor(elementsOf(bits, params.dtype), { dtype: params.dtype, shape, layout });
}
