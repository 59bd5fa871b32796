/**
 * Axes of images by name, so that a loop over pixels reads any layout.
 *
 * @module
 */

import { type Tensor, toLayout } from "./tensor.ts";

/** Lengths and strides of an image's axes by name. A missing axis has length 1 and stride 0. */
export interface ImageAxes {
  /** Images of the batch. */
  readonly images: number;
  /** Rows of an image. */
  readonly height: number;
  /** Columns of an image. */
  readonly width: number;
  /** Channels of a pixel, such as 3 for RGB. */
  readonly channels: number;
  /** Distance between images, in elements. */
  readonly imageStride: number;
  /** Distance between rows, in elements. */
  readonly rowStride: number;
  /** Distance between columns, in elements. */
  readonly columnStride: number;
  /** Distance between channels, in elements. */
  readonly channelStride: number;
}

/**
 * Reads the axes of an image by name.
 *
 * @param source Tensor with a `layout`.
 * @returns Lengths and strides.
 * @throws {OnpathError} `shape` when the layout is missing.
 */
export function imageAxes(source: Tensor): ImageAxes {
  const { shape, strides } = toLayout(source, "NHWC");
  return {
    images: shape[0]!,
    height: shape[1]!,
    width: shape[2]!,
    channels: shape[3]!,
    imageStride: strides[0]!,
    rowStride: strides[1]!,
    columnStride: strides[2]!,
    channelStride: strides[3]!,
  };
}
