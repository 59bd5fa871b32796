/**
 * Compilation of an image pipeline for one shape and one device.
 *
 * @module
 */

import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import { HEADER_BYTES } from "../../../serialize/header.ts";
import { checkChecksum, type Checksum } from "../../../serialize/packets.ts";
import { type Channels, checkChannels, itemBytes } from "../../../serialize/sampling.ts";
import { countElements } from "../../../serialize/tensor.ts";
import { identifyPlan } from "../../plan/plan.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import { profileOf } from "../../target/profiles.ts";
import type { TableForm } from "../kernel.ts";
import { KERNELS } from "../kernels.ts";
import {
  type ImagePipeline,
  type ImageShape,
  type LoweredStep,
  lowerPipeline,
  parsePipeline,
  type Pipeline,
  type PipelineInput,
} from "../pipeline.ts";
import { resampleBuffers } from "../resample/model.ts";
import { filterProgram } from "../resample/program.ts";
import { filterSteps } from "../resample/steps.ts";
import { chooseTables } from "./choose_form.ts";
import { checkInput, checkOptions, type CompileOptions, imageShape } from "./compile_options.ts";
import { explain } from "./explain.ts";
import { foldGeometry } from "./geometry.ts";
import { chooseLayout, type LaidOut, type LayoutTask } from "./layouts.ts";
import { separableMap } from "./map.ts";
import { blockBudget, bramBlocks, sumBlocks } from "./memory.ts";
import { windowPackets } from "./packets.ts";
import type { ImageBody, ImagePlan, PlanInput, PlanLayout, PlanOutput, PlanStage } from "./plan.ts";
import { costPlan, pagesOf } from "./price.ts";
import { answersPerRequest } from "./rows.ts";
import { stageKernels, stageTables } from "./stages.ts";

/**
 * Compiles a pipeline for one input shape and one device.
 * It chooses the layout by the time of host, wire and core, and the table form by its memory blocks. The plan
 * lists the compared alternatives.
 *
 * @param pipeline Steps of the user; see {@linkcode parsePipeline}.
 * @param options Input, target and constraints.
 * @returns Plan: plain data, equal for equal arguments.
 * @throws {OnpathError} `pipeline`, `dtype`, `shape`, `size`, `device` or `table` when something does not
 * fit.
 *
 * @example
 * ```ts
 * import { compile, MODEL_PROFILE } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const plan = compile(
 *   { steps: [{ op: "resize", size: [224, 224] }] },
 *   { input: { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" }, device: MODEL_PROFILE },
 * );
 * assert.equal(plan.body.layout.name, "cells");
 * assert.equal(plan.body.stages[0]!.form, "two-pass");
 * assert.equal(plan.body.bounds[0]!.levels, 0);
 * ```
 */
export function compile(
  pipeline: Pipeline | ImagePipeline | PipelineInput,
  options: CompileOptions,
): ImagePlan {
  const checked = toPlainData(parsePipeline(pipeline));
  const device = profileOf(options.device);
  const checksum = checkChecksum(options.checksum);
  const tolerance = checkOptions(options);
  const input = checkInput(options.input);
  const { images, ...read } = imageShape(input);
  const { steps, output: shape } = lowerPipeline(checked, read);
  // Packets have the channels of the result, because `to_rgb` is done on the host.
  const image = { ...read, channels: shape.channels };
  const geometry = foldGeometry(steps, image);
  const kernels = stageKernels(steps, geometry, device);
  const channels = checkChannels(image.channels);
  const output = describeOutput(steps, shape, images, input);

  const { sampling } = geometry;
  const tables = stageTables(kernels, geometry, device, channels, shape, output);
  const pagesAllowed = options.layout === undefined || options.layout === "cells" ||
    options.layout === "tiles";
  const chosen = chooseTables(tables, device, tolerance, options.form, pagesAllowed);
  const stages = kernels.map((stage, at): PlanStage => ({
    ...stage,
    form: chosen.forms[at]!.form,
    index: chosen.forms[at]!.index,
  }));
  const paged = chosen.forms[0]?.pages ?? null;
  const task: LayoutTask = {
    device,
    images,
    height: image.height,
    width: image.width,
    channels,
    output: [shape.height, shape.width],
    outputBytes: output.planes * output.itemBytes,
    map: sampling === null || sampling.kernel === "resize" ? separableMap(geometry, "pairs") : undefined,
    filter: sampling?.kernel === "resample"
      ? {
        ...geometry.before,
        buffers: resampleBuffers(sampling.params, channels),
        rowCycles: device.timing === "rtl" ? filterSteps(filterProgram(sampling.params).x).first.length : 0,
      }
      : undefined,
    sampled: sampling !== null,
    maxRows: paged === null ? Infinity : 1,
  };
  const { chosen: laid, weighed: layouts } = chooseLayout(task, options.layout, paged !== null);
  const layout = planLayout(laid, channels, output, checksum);
  const blocks = sumBlocks(chosen.tables);
  const built = chosen.forms[0] === undefined ? undefined : device.built?.[chosen.forms[0].form];
  const buffers = bramBlocks(Math.ceil(laid.buffers / 4), 32) * (laid.buffers > 0 ? 1 : 0);
  const draft: Omit<ImageBody, "notes" | "cost" | "pages"> = {
    pipeline: checked,
    options: { tolerance, form: options.form ?? null, layout: options.layout ?? null },
    input,
    geometry,
    stages,
    layout,
    tables: chosen.tables,
    memory: { ...(built ?? { bram: blocks.bram + buffers, uram: blocks.uram }), budget: blockBudget(device) },
    output,
    bounds: boundsOf(stages, chosen.forms),
    layouts,
    forms: chosen.weighed,
  };
  return finishPlan(device, draft, paged, chosen.slots);
}

/**
 * Converts a pipeline to the form that a file returns: without undefined fields and negative zeros. A decoded
 * plan then equals the encoded one.
 */
function toPlainData(pipeline: Pipeline): Pipeline {
  return JSON.parse(JSON.stringify(pipeline)) as Pipeline;
}

/** Adds pages, cost, notes and the envelope, in dependency order. */
function finishPlan(
  target: DeviceProfile,
  draft: Omit<ImageBody, "notes" | "cost" | "pages">,
  paged: TableForm["pages"],
  slots: number,
): ImagePlan {
  const withPages = { ...draft, pages: pagesOf({ target, body: draft }, paged, slots) };
  const priced = { ...withPages, cost: costPlan({ target, body: withPages }) };
  const body = { ...priced, notes: explain({ body: priced }) };
  const { layout, output } = body;
  const packets = {
    request: layout.payload,
    answer: layout.answers.itemsPerPacket * output.planes * output.itemBytes,
    answersPerRequest: answersPerRequest({ target, body }),
    inFlight: windowPackets({ target, body }),
  };
  return identifyPlan({ workload: "image", target, packets, body });
}

function describeOutput(
  steps: readonly LoweredStep[],
  { height, width, channels }: ImageShape,
  images: number,
  input: PlanInput,
): PlanOutput {
  const normalize = steps.find((step) => step.op === "normalize");
  const dtype = normalize?.dtype ?? "u8";
  const planar = normalize?.layout === "CHW";
  const one = planar ? [channels, height, width] : [height, width, channels];
  const batched = input.layout.startsWith("N");
  const shape = batched ? [images, ...one] : one;
  countElements(shape);
  return {
    dtype,
    shape,
    layout: batched ? (planar ? "NCHW" : "NHWC") : planar ? "CHW" : "HWC",
    planes: planar ? channels : 1,
    itemBytes: DTYPE_BYTES[dtype] * (planar ? 1 : channels),
  };
}

function planLayout(
  laid: LaidOut,
  channels: Channels,
  output: PlanOutput,
  checksum: Checksum,
): PlanLayout {
  const { name, kind, cut, answers, buffers } = laid;
  const item = itemBytes(kind, channels);
  const bytes = (part: typeof cut, bytesPerItem: number) =>
    part.images * part.height * part.width * bytesPerItem + part.packets * HEADER_BYTES;
  return {
    name,
    kind,
    channels,
    cut,
    answers,
    buffers,
    payload: cut.itemsPerPacket * item,
    bytesOut: bytes(cut, item),
    bytesBack: bytes(answers, output.planes * output.itemBytes),
    checksum,
  };
}

function boundsOf(stages: readonly PlanStage[], forms: readonly TableForm[]): ImageBody["bounds"] {
  return stages.map(({ kernel, params }, at) => ({ kernel, ...KERNELS[kernel]!.bound(params, forms[at]!) }));
}
