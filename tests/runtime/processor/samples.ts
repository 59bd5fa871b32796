/**
 * Small images and a small processor.
 *
 * @module
 */

import { referencePipeline } from "../../../kernels/image/reference.ts";
import { type ProcessorConfig, readProcessorConfig } from "../../../runtime/processor/config.ts";
import { passesFor } from "../../../runtime/processor/passes.ts";
import { patchify } from "../../../serialize/patches.ts";
import { type Tensor, tensor } from "../../../serialize/tensor.ts";

/** A small CLIP processor. */
export const SMALL = {
  image_processor_type: "CLIPImageProcessor",
  size: { shortest_edge: 20 },
  crop_size: { height: 20, width: 20 },
};

/** Makes an image whose levels a seed decides. */
export function picture(height: number, width: number, channels = 3, seed = 1): Tensor {
  const samples = Uint8Array.from({ length: height * width * channels }, (_, at) => at * at * seed >> 3);
  return tensor(samples, { dtype: "u8", shape: [height, width, channels], layout: "HWC" });
}

/** Values of an image by the reference pipeline. */
export function expected(image: Tensor, json: unknown = SMALL): Float32Array {
  return referenceValues(readProcessorConfig(json), image);
}

/** Values of an image by the reference pipeline, pass by pass. */
export function referenceValues(config: ProcessorConfig, image: Tensor): Float32Array {
  const [height, width] = image.shape as [number, number];
  const { passes, height: tile } = passesFor(config, { height, width });
  const outputs: Tensor[] = [];
  const values: Float32Array[] = [];
  for (const { from, pipeline, output } of passes) {
    const result = referencePipeline(pipeline, from < 0 ? image : outputs[from]!);
    outputs.push(result);
    if (output === "image") values.push(result.data as Float32Array);
    if (output === "tiles") {
      values.push(patchify(result, { order: "navit", patch: tile }).data as Float32Array);
    }
  }
  const all = new Float32Array(values.reduce((sum, { length }) => sum + length, 0));
  values.reduce((at, each) => (all.set(each, at), at + each.length), 0);
  return all;
}

/** Joins the values of images. */
export function joined(...parts: Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
