/**
 * Reference of the normalization, for table and model.
 *
 * @module
 */

import { DTYPE_BYTES, toBFloat16Bits, toFloat16Bits, viewElements } from "../../../serialize/dtype.ts";
import { imageAxes } from "../../../serialize/image_axes.ts";
import { type Tensor, tensor, toLayout } from "../../../serialize/tensor.ts";
import { roundHalfEven } from "../resize/positions.ts";
import type { NormalizedDType, NormalizeParams } from "./spec.ts";

/**
 * Normalizes one level. Every operation is rounded to binary32, as in PyTorch and NumPy: `x = level / 255`
 * (range 0-1), `x = x - mean`, `x = x / std`.
 *
 * A binary64 operation on binary32 operands, rounded to binary32, equals the binary32 operation (Figueroa,
 * 1995). So `Math.fround` after each operation is exact.
 *
 * @param level Level, 0 to 255.
 * @param mean Mean of the channel.
 * @param std Standard deviation of the channel.
 * @param range Value range of the input: `0-1` divides levels by 255.
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
export function normalizeLevel(level: number, mean: number, std: number, range: "0-1" | "0-255"): number {
  const value = range === "0-1" ? Math.fround(level / 255) : level;
  return Math.fround(Math.fround(value - Math.fround(mean)) / Math.fround(std));
}

/**
 * Converts a binary32 value to an element: unchanged, as the bits of a 16-bit float, or as a saturated
 * integer. Rounding is half to even.
 *
 * @param value Binary32 value.
 * @param dtype Element type of the result.
 */
export function toElement(value: number, dtype: NormalizedDType): number {
  switch (dtype) {
    case "f32":
      return value;
    case "f16":
      return toFloat16Bits(value);
    case "bf16":
      return toBFloat16Bits(value);
    case "u8":
      return Math.min(255, Math.max(0, roundHalfEven(value)));
    case "i8":
      return Math.min(127, Math.max(-128, roundHalfEven(value)));
  }
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
  const buffer = new ArrayBuffer(count * DTYPE_BYTES[params.dtype]);
  const target = tensor(viewElements(params.dtype, buffer, 0, count), {
    dtype: params.dtype,
    shape: source.shape,
    layout: source.layout,
  });
  const place = imageAxes(target);
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          const from = source.offset + n * strides.imageStride + y * strides.rowStride +
            x * strides.columnStride +
            c * strides.channelStride;
          const to = n * place.imageStride + y * place.rowStride + x * place.columnStride +
            c * place.channelStride;
          const value = normalizeLevel(source.data[from]!, params.mean[c]!, params.std[c]!, params.range);
          target.data[to] = toElement(value, params.dtype);
        }
      }
    }
  }
  return target;
}
