/**
 * `clean`: transforms a file of records by a fitted pipeline on a device.
 *
 * @module
 */

import { resolve } from "node:path";
import type { Command } from "commander";
import { type ColumnDomain, scanDomains } from "../../../kernels/tabular/domain.ts";
import type { FittedPipeline } from "../../../kernels/tabular/fitted/steps.ts";
import { codedInputs, planRecords } from "../../../kernels/tabular/plan.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { RTL_PROFILE } from "../../../runtime/device/rtl/profile.ts";
import { XRT_PROFILE } from "../../../runtime/device/xrt/device/card_device.ts";
import { offloadRecordsStream } from "../../../runtime/records_stream.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { openSink, openSource, recordsFormat, type SourceOptions } from "../../records/files.ts";
import { fitFile, type FitMode, importFile, MAX_EXACT_BYTES } from "../../records/fit_file.ts";
import type { PassOptions, RecordSource } from "../../records/source.ts";
import { type Context, print, printJson } from "../context.ts";
import { planDevice, resolveDevice, withDevice } from "../devices.ts";
import { loadFitted, loadRecordsPipeline } from "../documents.ts";
import { EXIT } from "../failures.ts";
import { followProgress } from "../progress.ts";
import { timed } from "../summary.ts";
import { count } from "../text.ts";
import type { CleanOptions } from "./clean_options.ts";
import { type Cleaned, cleanJson, cleanText } from "./clean_report.ts";

/** Maximum cells for the default device, the RTL: some seconds of simulation. */
export const MAX_SIMULATED_CELLS = 2 ** 20;

/**
 * Transforms a file of records.
 *
 * @param input Path of the input.
 * @param output Path of the output.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function cleanRecords(
  input: string,
  output: string,
  options: CleanOptions,
  command: Command,
  context: Context,
): Promise<void> {
  checkUse(input, output, options, command);
  const { signal } = context;
  for (const path of [output, options.saveFitted]) if (path !== undefined) await checkFolderOf(path);
  const times: Record<string, number> = {};
  const { source, fitted, fit } = await timed(times, "fit", () => prepare(input, options, signal));
  if (options.saveFitted !== undefined) {
    await writeWhole(options.saveFitted, [new TextEncoder().encode(JSON.stringify(fitted))], signal);
  }
  const { domains, rows } = await timed(times, "scan", () => scanFile(source, fitted, signal));
  const { known, fallbackReason } = await chooseDevice(fitted, rows, options, signal);
  const plan = await timed(times, "plan", () => planRecords(fitted, { domains, device: known.profile }));
  const sink = await openSink(output, plan.columns);
  try {
    const done = await timed(times, "run", () =>
      withDevice(known, async (device) => {
        const sum = { sent: 0, resent: 0, out: 0, counters: device.counters() };
        await pass(source, "bytes transformed", signal, async (batches) => {
          const results = offloadRecordsStream(plan, batches, device, { signal, timeoutMs: options.timeout });
          for await (const { output, sent, resent, counters } of results) {
            sink.write(output);
            sum.sent += sent;
            sum.resent += resent;
            sum.out += output.rows;
            sum.counters = counters;
          }
        });
        return sum;
      }));
    const bytes = sink.finish();
    const { sent, resent, counters, out } = done;
    const files = { input, output };
    const cleaned: Cleaned = {
      files,
      plan,
      fallbackReason,
      fit,
      rows: { in: rows, out },
      sent,
      resent,
      counters,
      bytes,
      times,
    };
    if (options.json) printJson(cleanJson(cleaned));
    else print(cleanText(cleaned));
  } finally {
    sink.abandon();
  }
}

function checkUse(input: string, output: string, options: CleanOptions, command: Command): void {
  const refuse = (message: string) =>
    command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
  const given = [options.steps, options.fitted, options.onnx].filter((each) => each !== undefined).length;
  if (given !== 1) refuse("expected one of --steps <file>, --fitted <file> and --onnx <file>");
  if (options.steps === undefined && (options.fit !== undefined || options.fitMode !== undefined)) {
    refuse("--fit and --fit-mode require --steps <file>");
  }
  for (const path of [input, output, options.fit]) {
    if (path !== undefined && recordsFormat(path) === undefined) {
      refuse(`expected a name that ends in .csv, .tsv, .arrow, .feather or .ipc, found ${path}`);
    }
  }
  if (output.toLowerCase().endsWith(".arrows")) {
    refuse("Arrow streams (.arrows) are read only, expected .arrow");
  }
  // It is written before the records are read, so they would be lost.
  const saved = options.saveFitted === undefined ? undefined : resolve(options.saveFitted);
  if ([input, output, options.fit].some((path) => path !== undefined && resolve(path) === saved)) {
    refuse("--save-fitted names a file of the records, expected one of its own");
  }
}

/** Opens the input, and fits or reads the pipeline. The types of a fitted pipeline are those of the input. */
async function prepare(
  input: string,
  options: CleanOptions,
  signal: AbortSignal,
): Promise<{ source: RecordSource; fitted: FittedPipeline; fit: string }> {
  const { types = {}, drop, missing, delimiter } = options;
  const open = (path: string, more: SourceOptions = {}) =>
    openSource(path, { types, drop, missing, delimiter, signal, ...more });
  if (options.steps !== undefined) {
    const pipeline = await loadRecordsPipeline(options.steps, signal);
    const source = await open(options.fit ?? input);
    const mode: FitMode = options.fitMode ?? (source.bytes <= MAX_EXACT_BYTES ? "exact" : "stream");
    const fitted = await pass(
      source,
      "bytes fitted",
      signal,
      (_, follow) => fitFile(pipeline, source, mode, follow),
    );
    const how = mode === "exact" ? "exact" : "in a stream: percentiles within 0.1%, means to their last bits";
    const fit = `${options.steps}, fitted to ${options.fit ?? input}, ${how}`;
    return {
      source: options.fit === undefined ? source : await open(input, { types: typesOf(fitted, types) }),
      fitted,
      fit,
    };
  }
  const fitted = options.fitted !== undefined
    ? await loadFitted(options.fitted, signal)
    : await importFile(options.onnx!, (await open(input)).columns.map(({ name }) => name), signal);
  const source = await open(input, { types: typesOf(fitted, types) });
  return { source, fitted, fit: options.fitted ?? `${options.onnx}, imported` };
}

/** Types of a fitted pipeline's inputs, which an option may override. */
function typesOf(fitted: FittedPipeline, given: NonNullable<CleanOptions["types"]>) {
  return { ...Object.fromEntries(fitted.inputs.map(({ name, type }) => [name, type])), ...given };
}

/** Finds the domains of the columns that a device may read, and counts the rows. */
async function scanFile(
  source: RecordSource,
  fitted: FittedPipeline,
  signal: AbortSignal,
): Promise<{ domains: readonly ColumnDomain[]; rows: number }> {
  const scan = scanDomains(codedInputs(fitted));
  let rows = 0;
  await pass(source, "bytes scanned", signal, async (batches) => {
    for await (const batch of batches) {
      scan.add(batch);
      rows += batch.rows;
    }
  });
  return { domains: scan.domains(), rows };
}

/** Reads a source once with a progress bar. */
async function pass<T>(
  source: RecordSource,
  unit: string,
  signal: AbortSignal,
  use: (batches: ReturnType<RecordSource["batches"]>, options: PassOptions) => Promise<T>,
): Promise<T> {
  const { onProgress, stop } = await followProgress(unit);
  try {
    const options = { signal, onBytes: (done: number) => onProgress({ done, total: source.bytes }) };
    return await use(source.batches(options), options);
  } finally {
    stop();
  }
}

/** Finds the named device; the default is the RTL for few cells, and otherwise the model. */
async function chooseDevice(
  { outputs }: FittedPipeline,
  rows: number,
  options: CleanOptions,
  signal: AbortSignal,
) {
  if (options.emulate || options.xclbin !== undefined || options.device === XRT_PROFILE.name) {
    return { known: planDevice({ target: XRT_PROFILE }, options), fallbackReason: undefined };
  }
  if (options.device !== undefined) {
    return { known: await resolveDevice(options.device, signal), fallbackReason: undefined };
  }
  const cells = rows * outputs.length;
  if (cells <= MAX_SIMULATED_CELLS) {
    return { known: await resolveDevice(RTL_PROFILE.name, signal), fallbackReason: undefined };
  }
  const fallbackReason = `${
    count(cells)
  } cells take long to simulate; --device rtl simulates them nevertheless`;
  return { known: await resolveDevice(MODEL_PROFILE.name, signal), fallbackReason };
}
