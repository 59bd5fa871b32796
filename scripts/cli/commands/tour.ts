/**
 * `tour`: runs one photograph through a device and compares it with the reference.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../../kernels/compile.ts";
import type { Match } from "../../../kernels/image/geometry/names.ts";
import { offload } from "../../../runtime/offload.ts";
import type { ImagePipeline } from "../../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import { type Tensor, toNumbers } from "../../../serialize/tensor.ts";
import { readInput } from "../../io/input.ts";
import { encodeOutput } from "../../io/output.ts";
import { checkFolderOf, makeFolder, writeWhole } from "../../io/write.ts";
import { type Context, print, printJson } from "../context.ts";
import { deviceText, fallbackRows, planFor, withDevice } from "../devices.ts";
import type { SharedOptions } from "../options.ts";
import {
  boundsRow,
  distinctWeights,
  runRows,
  sessionTimes,
  tablesRow,
  timed,
  trafficRows,
} from "../summary.ts";
import { factTable } from "../text.ts";
import { cacheRow, tourCache } from "./tour_cache.ts";
import { compareSizes, sizesTable } from "./tour_sizes.ts";
import { type WaveformOptions, waveformRows, withWaveform } from "../waveform.ts";

/** Options of `tour`. */
export interface TourOptions extends SharedOptions, WaveformOptions {
  /** Folder for the results, created if missing. */
  readonly out: string;
  /** Computation that the resize equals. */
  readonly match: Match;
}

const PHOTOGRAPH = { name: "coffee.png", by: "Rachel Michetti", rights: "given to the public domain" };

/**
 * Creates the tour's two pipelines: for the resized picture, and for a model's input tensor.
 *
 * @param match Computation that the resize equals.
 */
export function tourPipelines(match: Match): { picture: ImagePipeline; tensor: ImagePipeline } {
  const resize = { op: "resize", size: [224, 224], match } as const;
  const normalize = {
    op: "normalize",
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    range: "0-1",
    dtype: "f16",
    layout: "CHW",
  } as const;
  return { picture: { steps: [resize] }, tensor: { steps: [resize, normalize] } };
}

/** Runs both pipelines, writes their outputs, and prints a report. */
export async function runTour(options: TourOptions, context: Context): Promise<void> {
  const { out, match, json } = options;
  const { command, photo, signal } = context;
  if (options.vcd !== undefined) await checkFolderOf(options.vcd);
  const planned = await planFor(options.device, signal, options);
  const pipelines = tourPipelines(match);
  const times: Record<string, number> = {};
  const image = await timed(times, "decode", () => readInput(fileURLToPath(photo), { signal }));
  const { plan, fallbackReason } = await timed(
    times,
    "compile",
    () => planned((device) => compile(pipelines.tensor, { input: image, device })),
  );
  const { result, waveform } = await withWaveform(
    plan,
    options,
    (known) =>
      withDevice(known, async (device) => {
        const { output, report } = await offload(plan, image, device, { signal });
        Object.assign(times, sessionTimes(report));
        const picture = await offload(compile(pipelines.picture, { input: image, device }), image, device, {
          signal,
        });
        const own = { bytesOut: plan.body.layout.bytesOut, cycles: report.counters.cycles };
        const sizes = await compareSizes(pipelines.tensor, image, own, device, signal);
        // The build that writes waveforms has one kernel alone.
        const cache = await tourCache(options.vcd === undefined ? device : undefined, signal);
        return { output, report, picture: picture.output, sizes, cache };
      }),
  );
  const { output, report, picture, sizes, cache } = result;
  const difference = {
    units: maxDifference(output, referencePipeline(pipelines.tensor, image)),
    levels: maxDifference(picture, referencePipeline(pipelines.picture, image)),
  };

  await makeFolder(out);
  const files = { npy: join(out, "coffee-224x224.npy"), png: join(out, "coffee-224x224.png") };
  await writeWhole(files.npy, await encodeOutput("npy", output), signal);
  await writeWhole(files.png, await encodeOutput("png", picture), signal);

  if (json) {
    const { body: { input, layout, tables, bounds, notes } } = plan;
    const { dtype, shape, layout: axes } = output;
    printJson({
      photograph: PHOTOGRAPH,
      pipeline: plan.body.pipeline,
      device: plan.target,
      instead: fallbackReason,
      plan: plan.id,
      input,
      output: { dtype, shape, layout: axes },
      packets: layout.cut.packets,
      bytesOut: layout.bytesOut,
      bytesBack: layout.bytesBack,
      tables,
      weights: distinctWeights(plan),
      bounds,
      notes,
      counters: report.counters,
      milliseconds: times,
      difference,
      sizes: sizes.cases,
      cache,
      files,
      ...(waveform === undefined ? {} : { waveform }),
    });
    return;
  }
  const { by, rights } = PHOTOGRAPH;
  print(factTable([
    ["photograph", `${PHOTOGRAPH.name}, a photograph by ${by}, ${rights}`],
    ["pipeline", `resize to 224 x 224 (match ${match}), normalize as for ImageNet to f16 CHW`],
    ["device", deviceText(plan.target)],
    ...fallbackRows(fallbackReason),
    ...trafficRows(plan),
    tablesRow(plan),
    ...runRows(report, times, plan),
    boundsRow(plan),
    [
      "difference",
      `${difference.units} units of f16, ${difference.levels} levels of the picture (against the reference)`,
    ],
    cacheRow(cache),
    ...waveformRows(waveform),
    ["written", [`${files.npy} (a model's input)`, `${files.png} (the resized picture)`]],
  ]));
  print(`\n${sizesTable(sizes)}\nNext: ${command} run --help, ${command} plan --help\n`);
}

/** Computes the maximum absolute difference between two tensors of one shape. */
function maxDifference(found: Tensor, expected: Tensor): number {
  const [a, b] = [toNumbers(found), toNumbers(expected)];
  return a.reduce((max, value, at) => Math.max(max, Math.abs(value - b[at]!)), 0);
}
