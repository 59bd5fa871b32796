/**
 * Compilation of an image pipeline for one shape and one device.
 *
 * @module
 */

import { filterProgram } from "../resample/program.ts";
import { filterSteps } from "../resample/steps.ts";
import { type FormName, FORMS, type TableForm } from "../kernel.ts";
import {
  type ImagePipeline,
  type ImageShape,
  type LoweredStep,
  lowerPipeline,
  parsePipeline,
  type Pipeline,
  type PipelineInput,
} from "../pipeline.ts";
import { named } from "../../excerpt.ts";
import { KERNELS } from "../kernels.ts";
import { resampleBuffers } from "../resample/model.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { type Channels, checkChannels, itemBytes, MAX_AXIS } from "../../../serialize/sampling.ts";
import { checkAxes, countElements, LAYOUTS } from "../../../serialize/tensor.ts";
import { checkChecksum, type Checksum } from "../../../serialize/packets.ts";
import { checkInteger, kindOf, OnpathError } from "../../../serialize/errors.ts";
import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import { HEADER_BYTES, KIND } from "../../../serialize/header.ts";
import { profileOf } from "../../target/profiles.ts";
import { type DeviceProfile, LAYOUT_NAMES, type LayoutName } from "../../target/profile.ts";
import { chooseTables, type StageTables } from "./choose_form.ts";
import { explain } from "./explain.ts";
import { foldGeometry, type Geometry } from "./geometry.ts";
import { identifyPlan } from "../../plan/plan.ts";
import { windowPackets } from "./packets.ts";
import { answersPerRequest } from "./rows.ts";
import { chooseLayout, itemsPerCycle, type LaidOut, type LayoutTask } from "./layouts.ts";
import { separableMap } from "./map.ts";
import { blockBudget, bramBlocks, sumBlocks } from "./memory.ts";
import type { ImageBody, ImagePlan, PlanInput, PlanLayout, PlanOutput, PlanStage } from "./plan.ts";
import { costPlan, pagesOf } from "./price.ts";
import { rowNeeds } from "./row_ring.ts";

/** Target and constraints of a compilation. */
export interface CompileOptions {
  /** Shape and axis order of the input. A tensor can be passed. */
  readonly input: {
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly layout?: PlanInput["layout"] | undefined;
  };
  /** Target device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** CRC-32C in every packet (default), or `link` to rely on the link's check. */
  readonly checksum?: Checksum | undefined;
  /** Accepted error in levels, in addition to that of the match: 0 to 255. Default 0. */
  readonly tolerance?: number | undefined;
  /** Form of the resize tables. By default the planner chooses. */
  readonly form?: FormName | undefined;
  /** Layout of the requests. By default the planner chooses. */
  readonly layout?: LayoutName | undefined;
}

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
  checkName("layout", options.layout, LAYOUT_NAMES);
  checkName("form", options.form, FORMS);
  const tolerance = options.tolerance ?? 0;
  if (!(tolerance >= 0 && tolerance <= 255)) {
    throw new OnpathError("pipeline", `Cannot compile with a tolerance of ${tolerance}: expected 0 to 255`, {
      tolerance,
    });
  }
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
  const kind = sampling === null ? KIND.samples : KIND.cells;
  const tables = kernels.map(({ kernel, params }): StageTables => ({
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
        answerRows(device, shape.width, output),
        channels,
      )
      : undefined,
  }));
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

/**
 * Converts a pipeline to the form that a file returns: without undefined fields and negative zeros. A decoded
 * plan then equals the encoded one.
 */
function toPlainData(pipeline: Pipeline): Pipeline {
  return JSON.parse(JSON.stringify(pipeline)) as Pipeline;
}

/** Refuses the name of an option's value that is not listed. */
function checkName(option: string, value: unknown, known: readonly string[]): void {
  if (value === undefined || known.includes(value as string)) return;
  throw new OnpathError(
    "pipeline",
    `Cannot compile with ${option} ${named(value)}: expected one of ${known.join(", ")}`,
    { option, known },
  );
}

function checkInput(input: CompileOptions["input"]): PlanInput {
  const { dtype, shape, layout } = Object(input) as Partial<CompileOptions["input"]>;
  if (dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot compile for an input of dtype ${String(dtype)}: expected u8`, {
      expected: "u8",
      found: dtype,
    });
  }
  if (layout === undefined || !LAYOUTS.includes(layout)) {
    throw new OnpathError(
      "shape",
      `Cannot compile for an input of layout ${String(layout)}: expected one of ${LAYOUTS.join(", ")}`,
      { layout },
    );
  }
  if (!Array.isArray(shape)) {
    throw new OnpathError(
      "shape",
      `Cannot compile for an input whose shape is ${kindOf(shape)}: expected an array`,
      {
        shape: kindOf(shape),
      },
    );
  }
  checkAxes(shape, layout);
  countElements(shape);
  return { dtype, shape: [...shape], layout };
}

function imageShape({ shape, layout }: PlanInput): ImageShape & { images: number } {
  const length = (axis: string) => layout.includes(axis) ? shape[layout.indexOf(axis)]! : 1;
  return {
    images: checkInteger("batch size", length("N"), 1, 2 ** 20),
    height: checkInteger("image height", length("H"), 1, MAX_AXIS),
    width: checkInteger("image width", length("W"), 1, MAX_AXIS),
    channels: checkChannels(length("C")),
  };
}

function stageKernels(
  steps: readonly LoweredStep[],
  { sampling }: Geometry,
  device: DeviceProfile,
): Pick<PlanStage, "kernel" | "params">[] {
  const stages: Pick<PlanStage, "kernel" | "params">[] = sampling === null ? [] : [{ ...sampling }];
  for (const step of steps) {
    if (step.op !== "normalize") continue;
    const { mean, std, range, dtype, layout } = step;
    stages.push({ kernel: "normalize", params: { mean, std, range, dtype, planar: layout === "CHW" } });
  }
  for (const { kernel, params } of stages) {
    const variant = kernel === "resample" ? wideVariant(params as ResampleParams, device) : "";
    if (device.kernels.includes(kernel) && variant === "") continue;
    throw new OnpathError(
      "device",
      `Cannot compile for device ${device.name}: it has no kernel "${kernel}"${variant}`,
      { device: device.name, kernel, kernels: device.kernels },
    );
  }
  return stages;
}

/** Names the filters that a device with built kernels lacks: those whose column results exceed 8 bits. */
function wideVariant(params: ResampleParams, { depths }: DeviceProfile): string {
  if (depths === undefined || filterProgram(params).between === "u8") return "";
  return ` for filter ${params.filter} of match "${params.match}", which rounds at the end alone`;
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
