/**
 * Three channels of any image: gray repeated, alpha dropped or blended over a colour.
 *
 * @module
 */

import { imageAxes } from "../../../serialize/image_axes.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type Tensor, tensor, toLayout } from "../../../serialize/tensor.ts";
import type { ToRgbStep } from "./spec.ts";

/**
 * Makes three channels. Only blending copies; the other results are views.
 *
 * @param image u8 image with 1, 3 or 4 channels.
 * @param alpha `"drop"`, or the colour under transparent pixels.
 * @returns Image of three channels in the same layout.
 * @throws {OnpathError} `shape` if the number of channels is not 1, 3 or 4.
 */
export function toRgbReference(image: Tensor, alpha: ToRgbStep["alpha"]): Tensor {
  const axis = image.layout!.indexOf("C");
  const channels = image.shape[axis]!;
  if (channels === 3) return image;
  if (channels !== 1 && channels !== 4) {
    throw new OnpathError(
      "shape",
      `Cannot make RGB of ${channels} channels: expected 1 (gray), 3 (RGB) or 4 (RGBA)`,
      { channels },
    );
  }
  if (channels === 4 && alpha !== "drop") return blend(image, alpha);
  const shape = image.shape.with(axis, 3);
  return channels === 4 ? { ...image, shape } : { ...image, shape, strides: image.strides.with(axis, 0) };
}

/** Blends a level over another one, in the integers of Pillow's `alpha_composite` over an opaque image. */
export function blendLevel(level: number, alpha: number, under: number): number {
  const sum = (level * alpha + under * (255 - alpha) + 128) * 128;
  return ((sum >> 8) + sum) >> 15;
}

function blend(image: Tensor, colour: readonly number[]): Tensor {
  const { images, height, width, imageStride, rowStride, columnStride, channelStride } = imageAxes(image);
  const samples = new Uint8Array(images * height * width * 3);
  let to = 0;
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < height; y++) {
      let from = image.offset + n * imageStride + y * rowStride;
      for (let x = 0; x < width; x++, from += columnStride) {
        const alpha = image.data[from + 3 * channelStride]!;
        for (let c = 0; c < 3; c++) {
          samples[to++] = blendLevel(image.data[from + c * channelStride]!, alpha, colour[c]!);
        }
      }
    }
  }
  const dense = tensor(samples, { dtype: "u8", shape: [images, height, width, 3], layout: "NHWC" });
  return toLayout(dense, image.layout!);
}
