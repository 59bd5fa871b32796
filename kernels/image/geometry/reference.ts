/**
 * Crop and pad of a whole image: reference implementations.
 *
 * @module
 */

import { imageAxes } from "../../../serialize/image_axes.ts";
import { slice, type Tensor, toLayout, zeros } from "../../../serialize/tensor.ts";

/**
 * Crops every image of a batch, without a copy.
 *
 * @param image Image tensor.
 * @param top First row.
 * @param left First column.
 * @param height Rows of the window.
 * @param width Columns of the window.
 * @returns NHWC view.
 * @throws {OnpathError} `shape` when the window exceeds the image.
 */
export function cropReference(
  image: Tensor,
  top: number,
  left: number,
  height: number,
  width: number,
): Tensor {
  const source = toLayout(image, "NHWC");
  return slice(source, [0, top, left, 0], [source.shape[0]!, height, width, source.shape[3]!]);
}

/**
 * Pads every image of a batch with a border of one colour.
 *
 * @param image Image tensor.
 * @param border Rows above, columns left, rows below, columns right.
 * @param fill Border colour, one value a channel.
 * @returns Dense NHWC tensor.
 */
export function padReference(
  image: Tensor,
  border: readonly [top: number, left: number, bottom: number, right: number],
  fill: readonly number[],
): Tensor {
  const source = toLayout(image, "NHWC");
  const { images, height, width, channels, imageStride, rowStride, columnStride, channelStride } = imageAxes(
    source,
  );
  const [top, left, bottom, right] = border;
  const rows = top + height + bottom;
  const columns = left + width + right;
  const target = zeros({ dtype: image.dtype, shape: [images, rows, columns, channels], layout: "NHWC" });
  let to = 0;
  for (let n = 0; n < images; n++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const inside = y >= top && y < top + height && x >= left && x < left + width;
        const from = source.offset + n * imageStride + (y - top) * rowStride + (x - left) * columnStride;
        for (let c = 0; c < channels; c++) {
          target.data[to++] = inside ? source.data[from + c * channelStride]! : fill[c]!;
        }
      }
    }
  }
  return target;
}
