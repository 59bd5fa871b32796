/**
 * Running of a processor's passes: levels of one pass are the input of others, and values go into one array an image.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { patchify } from "../../serialize/patches.ts";
import { countElements, type Tensor } from "../../serialize/tensor.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { Session } from "../session.ts";
import type { ProcessorPass } from "./passes.ts";

/**
 * Runs images of one shape through all passes.
 *
 * @param passes Passes in the order of their results.
 * @param sessions Session of each pass.
 * @param images Images of the shape.
 * @param wait Signal and timeout of each wait for the device.
 * @returns Values of each image, in the order of the passes.
 */
export async function runPasses(
  passes: readonly ProcessorPass[],
  sessions: readonly Session<ImagePlan>[],
  images: readonly Tensor[],
  wait: WaitOptions,
): Promise<Float32Array<ArrayBuffer>[]> {
  const outputs: (readonly Tensor[])[] = [];
  for (const [at, { from }] of passes.entries()) {
    const inputs = from < 0 ? images : outputs[from]!;
    outputs.push((await sessions[at]!.runMany(inputs, wait)).outputs);
  }
  return images.map((_, image) => joinOutputs(passes, outputs.map((each) => each[image]!)));
}

/** Values of one image. A single pass is not copied. */
function joinOutputs(
  passes: readonly ProcessorPass[],
  outputs: readonly Tensor[],
): Float32Array<ArrayBuffer> {
  if (outputs.length === 1 && passes[0]!.output === "image") {
    return outputs[0]!.data as Float32Array<ArrayBuffer>;
  }
  const values = outputs.map(({ shape }, at) => passes[at]!.output === "levels" ? 0 : countElements(shape));
  const data = new Float32Array(values.reduce((sum, count) => sum + count, 0));
  // The pass of the whole image has the size of a tile.
  const tile = outputs[passes.findIndex(({ output }) => output === "image")]!.shape[1]!;
  let to = 0;
  for (const [at, output] of outputs.entries()) {
    const kind = passes[at]!.output;
    if (kind === "tiles") patchify(output, { order: "navit", patch: tile }, data, to);
    if (kind === "image") data.set(output.data, to);
    to += values[at]!;
  }
  return data;
}
