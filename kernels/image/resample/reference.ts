/**
 * Reference of a resize by a filter program, for a whole image.
 *
 * @module
 */

import { type Tensor, toDense, toLayout, zeros } from "../../../serialize/tensor.ts";
import type { AxisFilter } from "./coefficients.ts";
import { columnResult, filterProgram, rowResult } from "./program.ts";
import type { ResampleParams } from "./spec.ts";

/**
 * Resizes every image of a batch as Pillow 9.4, OpenCV 4.6 or torchvision 0.14 does, each channel separately.
 * Columns come first, then rows. {@linkcode filterProgram} has the filters and the rounding.
 * Pillow premultiplies an RGBA image by its alpha. Here, as in torchvision, alpha is an ordinary channel.
 *
 * @param image u8 image tensor.
 * @param params Lengths of the image's axes and the new ones, filter and library.
 * @returns Dense NHWC tensor.
 */
export function resampleReference(image: Tensor, params: ResampleParams): Tensor {
  const program = filterProgram(params);
  const source = toDense(toLayout(image, "NHWC"));
  const [images, height, width, channels] = source.shape as [number, number, number, number];
  const [rows, columns] = [params.y.output, params.x.output];
  const wide = new Int32Array(images * height * columns * channels);
  pass(source.data, images * height, width, channels, program.x, wide, (sum) => columnResult(program, sum));
  const target = zeros({ dtype: "u8", shape: [images, rows, columns, channels], layout: "NHWC" });
  pass(wide, images, height, columns * channels, program.y, target.data, (sum) => rowResult(program, sum));
  return target;
}

/** Filters the middle axis of an array of `outer` x `length` x `inner` samples. */
function pass(
  source: Tensor["data"] | Int32Array,
  outer: number,
  length: number,
  inner: number,
  filter: AxisFilter,
  target: Tensor["data"] | Int32Array,
  round: (sum: number) => number,
): void {
  const outputs = filter.first.length;
  for (let a = 0; a < outer; a++) {
    for (let o = 0; o < outputs; o++) {
      for (let b = 0; b < inner; b++) {
        let sum = 0;
        for (let t = 0; t < filter.taps[o]!; t++) {
          sum += filter.weights[filter.start[o]! + t]! *
            source[(a * length + filter.first[o]! + t) * inner + b]!;
        }
        target[(a * outputs + o) * inner + b] = round(sum);
      }
    }
  }
}
