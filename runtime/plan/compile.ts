/**
 * From a pipeline, a shape and a device to a plan.
 *
 * @module
 */

import {
  type AxisWindow,
  cropAxis,
  type ImageShape,
  KERNELS,
  type LoweredStep,
  lowerPipeline,
  padAxis,
  parsePipeline,
  type Pipeline,
  type PipelineInput,
  showsFill,
  wholeAxis,
} from "../../kernels/mod.ts";
import {
  checkAxes,
  checkChannels,
  type Checksum,
  checkWhole,
  countElements,
  cutRows,
  DTYPE_BYTES,
  HEADER_BYTES,
  itemBytes,
  KIND,
  LAYOUTS,
  MAX_AXIS,
  MAX_PAYLOAD,
  OnpathError,
  type Partition,
} from "../../serialize/mod.ts";
import type { DeviceProfile } from "../device/profile.ts";
import { identifyPlan } from "./identify.ts";
import type { Geometry, Plan, PlanInput, PlanOutput, PlanStage } from "./plan.ts";
import { PLAN_VERSION } from "./plan.ts";

/** What a pipeline is compiled for. */
export interface CompileOptions {
  /** The input: its shape and the names of its axes. A tensor is one. */
  readonly input: {
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly layout?: PlanInput["layout"] | undefined;
  };
  /** The device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** Whether packets carry a CRC-32C (default) or leave the check to the link. */
  readonly checksum?: Checksum | undefined;
}

/**
 * Compiles a pipeline for one input shape and one device.
 *
 * @param pipeline The user's steps; see {@linkcode parsePipeline}.
 * @param options The input, the device, the checksum.
 * @returns The plan: plain data, the same for the same arguments.
 * @throws {OnpathError} `pipeline`, `dtype`, `shape`, `size` or `table`, naming what does not fit.
 *
 * @example
 * ```ts
 * import { compile, MODEL_PROFILE } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * const plan = compile(
 *   { steps: [{ op: "resize", size: [224, 224] }] },
 *   { input: { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" }, device: MODEL_PROFILE },
 * );
 * assert.equal(plan.layout.cut.packets, 672);
 * assert.equal(plan.tables.find(({ name }) => name === "terms")!.entries, 65 * 256);
 * ```
 */
export function compile(pipeline: Pipeline | PipelineInput, options: CompileOptions): Plan {
  const checked = toPlainData(parsePipeline(pipeline));
  const device = copyProfile("profile" in options.device ? options.device.profile : options.device);
  const checksum = options.checksum ?? "crc32c";
  const input = checkInput(options.input);
  const { images, ...image } = imageShape(input);
  const { steps, output: shape } = lowerPipeline(checked, image);
  const geometry = foldGeometry(steps, image);
  const stages = planStages(steps, geometry);
  const { tables, bounds } = describeStages(stages, device);
  const normalize = steps.find((step) => step.op === "normalize");
  const { channels } = image;
  const dtype = normalize?.dtype ?? "u8";
  const planes = normalize?.layout === "CHW" ? channels : 1;
  const sampleBytes = channels * DTYPE_BYTES[dtype];

  const kind = geometry.resize === null ? KIND.samples : KIND.cells;
  const inputItem = itemBytes(kind, channels);
  checkWhole("a device payload in bytes of", device.payload, 64, MAX_PAYLOAD);
  const most = Math.floor(device.payload / Math.max(inputItem, sampleBytes));
  const cut = cutRows(
    shape.width,
    shape.height,
    images,
    most,
    Math.min(most, Math.max(1, 32 / inputItem | 0)),
  );
  const items = images * shape.height * shape.width;
  const batched = input.layout.startsWith("N");
  const output: PlanOutput = {
    dtype,
    ...outputShape(shape, images, batched, planes > 1 || normalize?.layout === "CHW"),
    planes,
    itemBytes: sampleBytes / planes,
  };
  countElements(output.shape);
  const layout: Plan["layout"] = {
    kind,
    channels,
    cut,
    payload: cut.itemsPerPacket * inputItem,
    bytesOut: items * inputItem + cut.packets * HEADER_BYTES,
    bytesBack: items * sampleBytes + cut.packets * HEADER_BYTES,
    checksum,
  };
  return identifyPlan({
    format: "onpath.plan",
    version: PLAN_VERSION,
    pipeline: checked,
    input,
    device,
    geometry,
    stages,
    layout,
    tables,
    output,
    bounds,
    notes: explain(geometry, layout.bytesOut, input, cut, checksum),
  });
}

/**
 * A pipeline as it comes back from a file: no undefined fields, no negative zero. Otherwise a plan
 * that was read would differ from the one that was written.
 */
function toPlainData(pipeline: Pipeline): Pipeline {
  return JSON.parse(JSON.stringify(pipeline)) as Pipeline;
}

/** The fields that plans depend on; the profile itself stays its owner's to change and extend. */
function copyProfile({ name, summary, payload, tableBytes, kernels }: DeviceProfile): DeviceProfile {
  checkWhole("a device table memory in bytes of", tableBytes, 0, Number.MAX_SAFE_INTEGER);
  return { name, summary, payload, tableBytes, kernels: [...kernels] };
}

function checkInput(input: CompileOptions["input"]): PlanInput {
  const { dtype, shape, layout } = input;
  if (dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot compile for an input of dtype ${dtype}: expected u8`, {
      expected: "u8",
      found: dtype,
    });
  }
  if (layout === undefined || !LAYOUTS.includes(layout)) {
    throw new OnpathError(
      "shape",
      `Cannot compile for an input of layout ${layout}: expected one of ${LAYOUTS.join(", ")}`,
      { layout },
    );
  }
  checkAxes(shape, layout);
  countElements(shape);
  return { dtype, shape: [...shape], layout };
}

function imageShape({ shape, layout }: PlanInput): ImageShape & { images: number } {
  const length = (axis: string) => layout.includes(axis) ? shape[layout.indexOf(axis)]! : 1;
  return {
    images: checkWhole("a batch of", length("N"), 1, 2 ** 20),
    height: checkWhole("an image height of", length("H"), 1, MAX_AXIS),
    width: checkWhole("an image width of", length("W"), 1, MAX_AXIS),
    channels: checkChannels(length("C")),
  };
}

/** Folds crops and pads into one window before and one after the resize. */
function foldGeometry(steps: readonly LoweredStep[], image: ImageShape): Geometry {
  let y = wholeAxis(image.height);
  let x = wholeAxis(image.width);
  let before: Geometry["before"] | undefined;
  let resize: Geometry["resize"] = null;
  let fill: readonly number[] | undefined;
  for (const step of steps) {
    if (step.op === "crop") {
      [y, x] = [cropAxis(y, step.top, step.height), cropAxis(x, step.left, step.width)];
    } else if (step.op === "pad") {
      const [top, left, bottom, right] = step.border;
      [y, x] = [padAxis(y, top, bottom), padAxis(x, left, right)];
      if (step.border.some((length) => length > 0)) fill = oneFill(fill, step.fill, [y, x]);
    } else if (step.op === "resize") {
      before = { y, x };
      const [height, width] = step.size;
      resize = {
        match: step.match,
        y: { input: y.length, output: height },
        x: { input: x.length, output: width },
      };
      [y, x] = [wholeAxis(height), wholeAxis(width)];
    }
  }
  return {
    before: before ?? { y, x },
    resize,
    after: before === undefined ? { y: wholeAxis(y.length), x: wholeAxis(x.length) } : { y, x },
    fill: fill ?? new Array<number>(image.channels).fill(0),
  };
}

/** A packet stream has one fill colour; pads that show nothing may have any. */
function oneFill(
  current: readonly number[] | undefined,
  fill: readonly number[],
  windows: readonly AxisWindow[],
): readonly number[] | undefined {
  if (!windows.some(showsFill)) return current;
  if (current !== undefined && current.some((level, channel) => level !== fill[channel])) {
    throw new OnpathError(
      "pipeline",
      `Cannot compile pads of several colours: [${current.join(", ")}] and [${fill.join(", ")}]`,
      { fills: [current, fill] },
    );
  }
  return fill;
}

function planStages(steps: readonly LoweredStep[], geometry: Geometry): PlanStage[] {
  const stages: PlanStage[] = [];
  if (geometry.resize !== null) stages.push({ kernel: "resize", params: geometry.resize });
  for (const step of steps) {
    if (step.op !== "normalize") continue;
    const { mean, std, range, dtype, layout } = step;
    stages.push({ kernel: "normalize", params: { mean, std, range, dtype, planar: layout === "CHW" } });
  }
  return stages;
}

function describeStages(
  stages: readonly PlanStage[],
  device: DeviceProfile,
): Pick<Plan, "tables" | "bounds"> {
  for (const { kernel } of stages) {
    if (!device.kernels.includes(kernel)) {
      throw new OnpathError(
        "device",
        `Cannot compile for device ${device.name}: it has no kernel "${kernel}"`,
        {
          device: device.name,
          kernel,
          kernels: device.kernels,
        },
      );
    }
  }
  const tables = stages.flatMap(({ kernel, params }) =>
    KERNELS[kernel]!.describe(params).map((table) => ({ kernel, ...table }))
  );
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  if (bytes > device.tableBytes) {
    throw new OnpathError(
      "table",
      `Cannot compile for device ${device.name}: the tables need ${bytes} bytes, it holds ${device.tableBytes}`,
      { device: device.name, bytes, most: device.tableBytes, tables },
    );
  }
  const bounds = stages.map(({ kernel, params }) => ({ kernel, ...KERNELS[kernel]!.bound(params) }));
  return { tables, bounds };
}

function outputShape(
  { height, width, channels }: ImageShape,
  images: number,
  batched: boolean,
  planar: boolean,
): Pick<PlanOutput, "shape" | "layout"> {
  const shape = planar ? [channels, height, width] : [height, width, channels];
  if (batched) return { shape: [images, ...shape], layout: planar ? "NCHW" : "NHWC" };
  return { shape, layout: planar ? "CHW" : "HWC" };
}

function explain(
  geometry: Geometry,
  bytesOut: number,
  input: PlanInput,
  cut: Partition,
  checksum: Checksum,
): string[] {
  const imageBytes = countElements(input.shape);
  const share = Math.round((100 * bytesOut) / imageBytes);
  const notes = [
    geometry.resize === null
      ? "bare samples: no step needs neighbours, so every output sample is one input sample"
      : "tile-major cells: every output sample travels with its four neighbours and its weight index",
    cut.packetsPerRow > 1
      ? `${cut.packetsPerRow} packets an output row: no packet crosses a row`
      : `${cut.rowsPerPacket} whole output rows a packet`,
    `${share}% of the image's bytes go to the device`,
  ];
  if (share > 100) {
    notes.push("warning: more bytes go to the device than the image has; sending whole rows would be less");
  }
  if (checksum === "link") notes.push("packets carry no CRC: the link's own check is relied on");
  return notes;
}
