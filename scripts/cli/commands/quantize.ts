/**
 * `quantize`: takes a KV cache to fewer bits through a device and back, and reports what it lost.
 *
 * @module
 */

import type { Command } from "commander";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import { cachePage } from "../../report/cache_page.ts";
import { shellWord } from "../../report/text.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { methodText } from "../../quantize/methods.ts";
import { encodeQuantized } from "../../quantize/quantized_file.ts";
import { quantizeCache, type QuantizeRun } from "../../quantize/run.ts";
import { type Context, print, printJson } from "../context.ts";
import { cardDevice, deviceText, withDevice } from "../devices.ts";
import { followProgress } from "../progress.ts";
import type { Row } from "../summary.ts";
import { clockTime, count, factTable, milliseconds } from "../text.ts";
import {
  checkQuantizeUse,
  findInput,
  findMethods,
  findQueries,
  type NamedCache,
  type QuantizeOptions,
} from "./quantize_options.ts";
import { bytesWords, headsText, partsText, shapeWords } from "./quantize_text.ts";

/** Result of the command, for its texts. */
interface Quantized extends QuantizeRun, NamedCache {
  readonly device: DeviceProfile;
  readonly queryText: string;
}

/**
 * Quantizes a cache, writes it, and prints the report.
 *
 * @param input Path of the cache, unless it is synthetic.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function quantizeFile(
  input: string | undefined,
  options: QuantizeOptions,
  command: Command,
  context: Context,
): Promise<void> {
  checkQuantizeUse(input, options, command);
  const { output, report, json, timeout: timeoutMs } = options, { signal } = context;
  for (const path of [output, report]) if (path !== undefined) await checkFolderOf(path);
  const methods = await findMethods(options, signal);
  const known = await cardDevice(options, signal);
  const named = await findInput(input, options, signal);
  const { queries, text: queryText } = await findQueries(named.cache, options, signal);
  const { onProgress, stop } = await followProgress("steps");
  const run = await withDevice(known, async (device) => {
    try {
      const limit = options.maxSaturated;
      return await quantizeCache(named.cache, methods, {
        device,
        signal,
        timeoutMs,
        queries,
        limit,
        onProgress,
      });
    } finally {
      stop();
    }
  });
  const done: Quantized = { ...run, ...named, device: known.profile, queryText };
  if (output !== undefined) await writeWhole(output, encodeQuantized(run.file), signal);
  if (report !== undefined) {
    await writeWhole(report, [new TextEncoder().encode(pageOf(input, done, options, context))], signal);
  }
  if (json) printResult(done, options);
  else printReport(done, options);
}

function pageOf(
  input: string | undefined,
  done: Quantized,
  options: QuantizeOptions,
  context: Context,
): string {
  const { source, cache, device, reports, queryText } = done;
  const { method, valuesMethod, scale, group, stored, layout, content, keys, values, synthetic } = options;
  const flags = {
    method,
    "values-method": valuesMethod,
    scale,
    group,
    stored,
    layout,
    content,
    keys,
    values,
    synthetic: synthetic?.join(","),
    dtype: options.dtype,
    seed: options.seed,
    queries: options.queries,
    "query-count": options.queries === undefined ? options.queryCount : undefined,
    device: device.name,
    report: options.report,
  };
  const words = Object.entries(flags).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name} ${shellWord(String(value))}`);
  return cachePage({
    input: source,
    shape: shapeWords(cache),
    device: device.name,
    queries: queryText,
    reports,
    command: [`${context.command} quantize${input === undefined ? "" : ` ${shellWord(input)}`}`, ...words]
      .join(
        " \\\n  ",
      ),
  });
}

function printReport(done: Quantized, options: QuantizeOptions): void {
  const { source, others, cache, device, reports, times, queryText } = done;
  const written = [options.output, options.report].filter((path) => path !== undefined);
  print(factTable([
    ["cache", [source, shapeWords(cache)]],
    ...(others === 0 ? [] : [["not used", `${count(others)} more tensors of the file`]] as Row[]),
    ["device", deviceText(device)],
    ...reports.map(({ part, method }): Row => [`method of ${part}`, methodText(method)]),
    ["bytes", bytesWords(reports)],
    ["queries", queryText],
    ...workRows(done),
    [
      "host time",
      Object.entries(times).map(([step, time]) => `${step} ${milliseconds(time)}`).join(", "),
    ],
    ...(written.length === 0 ? [] : [["written", written]] as Row[]),
  ]));
  print(`\n${partsText(reports)}`);
  if (options.heads > 0) print(`\n${headsText(reports, options.heads)}`);
  const warnings = reports.flatMap((report) => report.warnings);
  if (warnings.length > 0) print(`\n${warnings.map((text) => `warning: ${text}\n`).join("")}`);
}

/** Rows about packets, and cycles if the device counts them. */
function workRows({ work: { quantize, dequantize }, device: { clockMHz } }: Quantized): Row[] {
  const packets: Row = [
    "packets",
    `${count(quantize.packets)} to quantize, ${count(dequantize.packets)} back`,
  ];
  if (quantize.cycles === null || dequantize.cycles === null) return [packets];
  const cycles = quantize.cycles + dequantize.cycles;
  const time = clockTime(cycles, clockMHz);
  return [packets, ["cycles", `simulated, ${count(cycles)}; at an assumed ${clockMHz} MHz ${time}`]];
}

function printResult(
  { cache, source, device, reports, work, times, queryText }: Quantized,
  options: QuantizeOptions,
): void {
  const { dtype, layout, content, sizes } = cache;
  printJson({
    source,
    cache: { dtype, layout, content, sizes },
    device: device.name,
    queries: queryText,
    maxSaturated: options.maxSaturated,
    parts: reports.map(({ part, method, total, heads }) => ({ part, method, total, heads })),
    warnings: reports.flatMap((report) => report.warnings),
    work,
    milliseconds: times,
    ...(options.output === undefined ? {} : { output: options.output }),
    ...(options.report === undefined ? {} : { report: options.report }),
  });
}
