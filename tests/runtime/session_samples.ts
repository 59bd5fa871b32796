/**
 * A pipeline of 20 packets, and sessions for it.
 *
 * @module
 */

import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { RunOptions } from "../../runtime/run_options.ts";
import { Session } from "../../runtime/session.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { smallImage } from "./device_bench.ts";

/** Resize and normalize, 20 packets of two rows. */
export const PIPELINE: ImagePipeline = {
  steps: [{ op: "resize", size: [40, 40] }, { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" }],
};

/** Packets of a run. */
export const PACKETS = 20;

/** The plan for small images. */
export function planFor(device: Device): ImagePlan {
  return compile(PIPELINE, { input: smallImage(), device, layout: "cells" });
}

/** A session for small images. */
export function openSession(device: Device, options?: RunOptions): Promise<Session<ImagePlan>> {
  return Session.open(planFor(device), device, undefined, options);
}

/** The right result. */
export function expected(image: Tensor): Tensor {
  return referencePipeline(PIPELINE, image);
}
