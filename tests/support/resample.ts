/**
 * The resample kernel on one image, without packets.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FilterName, PillowFilter } from "../../kernels/image/geometry/names.ts";
import type { FormName } from "../../kernels/image/kernel.ts";
import { KERNELS } from "../../kernels/image/kernels.ts";
import { chooseResize } from "../../kernels/image/resample/choose.ts";
import { resampleRows } from "../../kernels/image/resample/model.ts";
import { resampleReference } from "../../kernels/image/resample/reference.ts";
import type { ResampleParams } from "../../kernels/image/resample/spec.ts";
import { resizeReference } from "../../kernels/image/resize/reference.ts";
import type { Channels } from "../../serialize/sampling.ts";
import { type Tensor, toDense } from "../../serialize/tensor.ts";

/** Parameters of Pillow's resize of an image. */
export function paramsOf(image: Tensor, size: readonly number[], filter: PillowFilter): ResampleParams {
  const [height, width] = image.shape.slice(-3) as [number, number];
  return { filter, y: { input: height, output: size[0]! }, x: { input: width, output: size[1]! } };
}

/** Result of the rows' model for one image, HWC. */
export function throughRows(image: Tensor, params: ResampleParams, form: FormName): Uint8Array {
  const channels = image.shape.at(-1) as Channels;
  const stage = resampleRows(params, channels, form);
  const source = toDense(image).data as Uint8Array;
  const { input, output } = params.y;
  const target = new Uint8Array(output * params.x.output * channels);
  let next = 0;
  for (let row = 0; row < input; row++) {
    stage.take(row, source, row * params.x.input * channels);
    for (; next < output && stage.last[next] === row; next++) {
      assert(stage.give(next, target, next * params.x.output * channels));
    }
  }
  assert.equal(next, output, "an output row was never complete");
  return target;
}

/** A resize by a library's filter, for random tests. */
export interface LibraryResize {
  /** Library. */
  readonly match: "opencv" | "torchvision";
  /** Filter of the library. */
  readonly filter: FilterName;
  /** Whether torchvision widens the filter. */
  readonly antialias?: boolean;
}

/** All filters of OpenCV and torchvision. */
export const LIBRARY_RESIZES: readonly LibraryResize[] = [
  { match: "opencv", filter: "nearest" },
  { match: "opencv", filter: "bilinear" },
  { match: "opencv", filter: "bicubic" },
  { match: "opencv", filter: "area" },
  { match: "opencv", filter: "lanczos4" },
  { match: "torchvision", filter: "bilinear", antialias: true },
  { match: "torchvision", filter: "bicubic", antialias: false },
  { match: "torchvision", filter: "bicubic", antialias: true },
];

/** Reference of a library's resize, HWC, and the levels by which the library may differ. */
export function libraryReference(
  image: Tensor,
  size: readonly number[],
  resize: LibraryResize,
): { found: Uint8Array; levels: number } {
  const [height, width] = image.shape.slice(-3) as [number, number];
  const { kernel, params } = chooseResize(
    resize,
    { input: height, output: size[0]! },
    { input: width, output: size[1]! },
  );
  const result = kernel === "resize" ? resizeReference(image, params) : resampleReference(image, params);
  const { bound, forms } = KERNELS[kernel]!;
  return { found: result.data as Uint8Array, levels: bound(params, forms(params)[0]!).levels };
}
