/**
 * Reference of Pillow's antialiased resize, for a whole image.
 *
 * @module
 */

import { type Tensor, toDense, toLayout, zeros } from "../../../serialize/tensor.ts";
import type { FilterName, Size } from "../geometry/names.ts";
import { type AxisFilter, FILTER_BITS, filterAxis } from "./coefficients.ts";

/**
 * Resizes every image of a batch as Pillow 9.4 `Image.resize(size, filter)` does for each channel
 * separately.
 * Columns come first, then rows. Each pass is rounded to 8 bits. An axis that keeps its length is skipped.
 * Pillow premultiplies an RGBA image by its alpha. Here, as in torchvision, alpha is an ordinary channel.
 *
 * @param image u8 image tensor.
 * @param size New rows and columns.
 * @param filter Name of the filter.
 * @returns Dense NHWC tensor.
 */
export function resampleReference(image: Tensor, size: Size, filter: FilterName): Tensor {
  const source = toDense(toLayout(image, "NHWC"));
  const [images, height, width, channels] = source.shape as [number, number, number, number];
  const wide = pass(
    source,
    images * height,
    width,
    channels,
    filterAxis({ input: width, output: size[1] }, filter),
  );
  const rows = zeros({ dtype: "u8", shape: [images, height, size[1], channels], layout: "NHWC" });
  (rows.data as Uint8Array).set(wide);
  const tall = pass(
    rows,
    images,
    height,
    size[1] * channels,
    filterAxis({ input: height, output: size[0] }, filter),
  );
  const target = zeros({ dtype: "u8", shape: [images, size[0], size[1], channels], layout: "NHWC" });
  (target.data as Uint8Array).set(tall);
  return target;
}

/** Filters the middle axis of an array of `outer` x `length` x `inner` samples. */
function pass(source: Tensor, outer: number, length: number, inner: number, filter: AxisFilter): Uint8Array {
  const { data } = source;
  const outputs = filter.first.length;
  const target = new Uint8Array(outer * outputs * inner);
  for (let a = 0; a < outer; a++) {
    for (let o = 0; o < outputs; o++) {
      for (let b = 0; b < inner; b++) {
        // Negative weights take sums beyond both ends of the levels; magnitudes stay below 2^31, as in Pillow.
        let sum = 2 ** (FILTER_BITS - 1);
        for (let t = 0; t < filter.taps[o]!; t++) {
          sum += filter.weights[filter.start[o]! + t]! *
            data[(a * length + filter.first[o]! + t) * inner + b]!;
        }
        target[(a * outputs + o) * inner + b] = Math.min(
          255,
          Math.max(0, Math.floor(sum / 2 ** FILTER_BITS)),
        );
      }
    }
  }
  return target;
}
