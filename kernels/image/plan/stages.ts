/**
 * Stages of an image plan: the kernels of its steps, and what a choice of their tables depends on.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { KIND } from "../../../serialize/header.ts";
import type { Channels } from "../../../serialize/sampling.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import { KERNELS } from "../kernels.ts";
import type { ImageShape, LoweredStep } from "../pipeline.ts";
import { filterProgram } from "../resample/program.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { filterSteps } from "../resample/steps.ts";
import type { StageTables } from "./choose_form.ts";
import type { Geometry } from "./geometry.ts";
import { itemsPerCycle } from "./layouts.ts";
import type { PlanOutput, PlanStage } from "./plan.ts";
import { rowNeeds } from "./row_ring.ts";

/** Kernel of a stage, with its parameters. */
export type StageKernel = Pick<PlanStage, "kernel" | "params">;

/**
 * Names the kernels of a plan, in the order of its stages.
 *
 * @throws {OnpathError} `device` if the device lacks one.
 */
export function stageKernels(
  steps: readonly LoweredStep[],
  { sampling }: Geometry,
  device: DeviceProfile,
): StageKernel[] {
  const stages: StageKernel[] = sampling === null ? [] : [{ ...sampling }];
  for (const step of steps) {
    if (step.op !== "normalize") continue;
    const { mean, std, range, dtype, layout } = step;
    stages.push({ kernel: "normalize", params: { mean, std, range, dtype, planar: layout === "CHW" } });
  }
  for (const { kernel } of stages) {
    if (device.kernels.includes(kernel)) continue;
    throw new OnpathError(
      "device",
      `Cannot compile for device ${device.name}: it has no kernel "${kernel}"`,
      { device: device.name, kernel, kernels: device.kernels },
    );
  }
  return stages;
}

/** Partition of the output rows if rows are sent, equal to that of `layOut`. */
function answerRows({ payload }: DeviceProfile, width: number, { planes, itemBytes }: PlanOutput) {
  const packetsPerRow = Math.ceil(width / Math.floor(payload / (planes * itemBytes)));
  return { width, packetsPerRow, itemsPerPacket: Math.ceil(width / packetsPerRow) };
}

/** Output items that a filter computes in a cycle. Arriving rows limit it. */
function filterRate({ before, sampling }: Geometry, device: DeviceProfile, channels: Channels): number {
  const { params } = sampling as Extract<Geometry["sampling"], { kernel: "resample" }>;
  const { y, x } = params;
  // The RTL processes one step of a row in a cycle.
  if (device.timing === "rtl") {
    return y.output * x.output / (y.input * filterSteps(filterProgram(params).x).first.length);
  }
  const input = before.y.length * Math.ceil(before.x.length * channels / device.busBytes);
  return Math.min(itemsPerCycle(device, KIND.cells, channels), y.output * x.output / input);
}

/** Says of each kernel what its tables are chosen by. */
export function stageTables(
  kernels: readonly StageKernel[],
  geometry: Geometry,
  device: DeviceProfile,
  channels: Channels,
  { width }: ImageShape,
  output: PlanOutput,
): StageTables[] {
  const kind = geometry.sampling === null ? KIND.samples : KIND.cells;
  return kernels.map(({ kernel, params }) => ({
    kernel,
    forms: KERNELS[kernel]!.forms(params),
    channels,
    itemsPerCycle: kernel === "resample"
      ? filterRate(geometry, device, channels)
      : itemsPerCycle(device, kind, channels),
    buffers: kernel === "resample"
      ? rowNeeds(
        params as ResampleParams,
        geometry.before.x.length,
        answerRows(device, width, output),
        channels,
      )
      : undefined,
  }));
}
