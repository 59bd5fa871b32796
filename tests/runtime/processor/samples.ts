/**
 * Small images and a small processor.
 *
 * @module
 */

import { referencePipeline } from "../../../kernels/image/reference.ts";
import { readProcessorConfig } from "../../../runtime/processor/config.ts";
import { pipelineFor } from "../../../runtime/processor/pipeline.ts";
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
  const [height, width] = image.shape as [number, number];
  const { pipeline } = pipelineFor(readProcessorConfig(json), { height, width });
  return referencePipeline(pipeline, image).data as Float32Array;
}

/** Joins the values of images. */
export function joined(...parts: Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
