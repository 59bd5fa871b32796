/**
 * Reference of a whole pipeline: processes whole images step by step, without packets or tables. Every device
 * is compared with it.
 *
 * @module
 */

import { imageAxes } from "../../serialize/image_axes.ts";
import { type Tensor, toDense, toLayout } from "../../serialize/tensor.ts";
import { checkChannels } from "../../serialize/sampling.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { requireTensor } from "../../serialize/require.ts";
import { toRgbReference } from "./channels/to_rgb.ts";
import { cropReference, padReference } from "./geometry/reference.ts";
import { normalizeReference } from "./normalize/reference.ts";
import {
  type ImagePipeline,
  type LoweredStep,
  lowerPipeline,
  parsePipeline,
  type Pipeline,
  type PipelineInput,
} from "./pipeline.ts";
import { remapReference } from "./remap/reference.ts";
import { chooseResize } from "./resample/choose.ts";
import { resampleReference } from "./resample/reference.ts";
import { resizeReference } from "./resize/reference.ts";

/**
 * Runs a pipeline with the reference functions.
 *
 * @param pipeline Checked or unchecked pipeline.
 * @param image u8 image tensor with a layout.
 * @returns Dense tensor. Its layout contains `N` if that of the image does.
 * @throws {OnpathError} `pipeline`, `dtype` or `shape` when pipeline and image do not fit.
 *
 * @example
 * ```ts
 * import { referencePipeline } from "onpath";
 * import { tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(Uint8Array.of(0, 100, 200, 100), { dtype: "u8", shape: [2, 2, 1], layout: "HWC" });
 * const half = referencePipeline({ steps: [{ op: "resize", size: [1, 1] }] }, image);
 * assert.deepEqual([...half.data], [100]);
 * ```
 */
export function referencePipeline(pipeline: Pipeline | ImagePipeline | PipelineInput, image: Tensor): Tensor {
  requireTensor("run a pipeline on", image);
  if (image.dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot run a pipeline on dtype ${image.dtype}: expected u8`, {
      expected: "u8",
      found: image.dtype,
    });
  }
  const { height, width, channels } = imageAxes(image);
  const checked = parsePipeline(pipeline);
  const { steps } = lowerPipeline(checked, {
    height,
    width,
    channels: checkChannels(channels),
  });
  const [first] = checked.steps;
  let result = toLayout(first?.op === "to_rgb" ? toRgbReference(image, first.alpha) : image, "NHWC");
  for (const step of steps) {
    switch (step.op) {
      case "crop":
        result = cropReference(result, step.top, step.left, step.height, step.width);
        break;
      case "pad":
        result = padReference(result, step.border, step.fill);
        break;
      case "resize":
        result = resizeWhole(result, step);
        break;
      case "remap":
        result = remapReference(result, step.params, step.fill);
        break;
      case "normalize":
        result = normalizeReference(result, { ...step, planar: step.layout === "CHW" });
        break;
      default:
        step satisfies never;
    }
  }
  const batched = image.layout!.startsWith("N");
  const layout = result.layout === "NCHW" ? (batched ? "NCHW" : "CHW") : batched ? "NHWC" : "HWC";
  return toDense(toLayout(result, layout));
}

/** Resizes every image of a batch by the kernel of the step. */
function resizeWhole(image: Tensor, step: Extract<LoweredStep, { op: "resize" }>): Tensor {
  const { height, width } = imageAxes(image);
  const { kernel, params } = chooseResize(
    step,
    { input: height, output: step.size[0] },
    { input: width, output: step.size[1] },
  );
  return kernel === "resize" ? resizeReference(image, params) : resampleReference(image, params);
}
