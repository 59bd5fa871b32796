/**
 * The resample kernel on one image, without packets.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { PillowFilter } from "../../kernels/image/geometry/names.ts";
import type { FormName } from "../../kernels/image/kernel.ts";
import { resampleRows } from "../../kernels/image/resample/model.ts";
import type { ResampleParams } from "../../kernels/image/resample/spec.ts";
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
