/**
 * `run`: runs one input through a pipeline or a plan.
 *
 * @module
 */

import type { Command } from "commander";
import type { Checksum } from "../../../serialize/packets.ts";
import { compile } from "../../../kernels/compile.ts";
import type { FormName } from "../../../kernels/image/kernel.ts";
import type { LayoutName } from "../../../kernels/target/profile.ts";
import { offload } from "../../../runtime/offload.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { readInput } from "../../io/input.ts";
import { checkOutput, encodeOutput, outputFormat } from "../../io/output.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { type Context, print, printJson } from "../context.ts";
import { type Compiled, deviceText, fallbackRows, planFor, withDevice } from "../devices.ts";
import { loadPipeline, loadPlan, savePlan } from "../documents.ts";
import { EXIT } from "../failures.ts";
import { checkWaveform, type SharedOptions } from "../options.ts";
import { followProgress } from "../progress.ts";
import { boundsRow, runRows, sessionTimes, tablesRow, timed, trafficRows } from "../summary.ts";
import { factTable } from "../text.ts";
import { notForRun } from "../workloads.ts";
import { type WaveformOptions, waveformRows, withWaveform } from "../waveform.ts";

/** Options of `run`. */
export interface RunCommandOptions extends SharedOptions, WaveformOptions {
  /** Path of the input. */
  readonly input: string;
  /** Path of the output. */
  readonly output: string;
  /** Path of a plan, in place of a pipeline. */
  readonly plan?: string | undefined;
  /** Path of the plan to write. */
  readonly planOut?: string | undefined;
  /** A CRC-32C in every packet, or only the link's own check. */
  readonly checksum?: Checksum | undefined;
  /** Extra levels by which tables may differ from the match. */
  readonly tolerance?: number | undefined;
  /** Form of the resize's tables. */
  readonly form?: FormName | undefined;
  /** Layout of packets; `layout` names the input's axes. */
  readonly packetLayout?: LayoutName | undefined;
  /** Maximum wait for one answer of the device, in milliseconds. */
  readonly timeout?: number | undefined;
}

/**
 * Runs one input.
 *
 * @param pipeline Path of the pipeline, unless the options name a plan.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function runOnce(
  pipeline: string | undefined,
  options: RunCommandOptions,
  command: Command,
  context: Context,
): Promise<void> {
  checkUse(pipeline, options, command);
  const { signal } = context;
  const format = outputFormat(options.output)!;
  for (const path of [options.output, options.planOut, options.vcd]) {
    if (path !== undefined) await checkFolderOf(path);
  }
  const times: Record<string, number> = {};
  const makePlan = await planMaker(pipeline, options, signal);
  const input = await timed(
    times,
    "decode",
    () => readInput(options.input, { layout: options.layout, signal }),
  );
  const { plan, fallbackReason } = await timed(times, "compile", () => makePlan(input));
  checkOutput(format, plan.body.output);
  if (options.planOut !== undefined) await savePlan(options.planOut, plan, signal);

  const { result: { output, report }, waveform } = await withWaveform(
    plan,
    options,
    (known) =>
      withDevice(known, async (device) => {
        const { onProgress, stop } = await followProgress();
        try {
          return await offload(plan, input, device, { signal, timeoutMs: options.timeout, onProgress });
        } finally {
          stop();
        }
      }),
  );
  Object.assign(times, sessionTimes(report));
  await timed(times, "write", async () => {
    await writeWhole(options.output, await encodeOutput(format, output), signal);
  });

  if (options.json) {
    const { dtype, shape, layout } = output;
    printJson({
      plan: plan.id,
      device: plan.target.name,
      instead: fallbackReason,
      input: { file: options.input, ...plan.body.input },
      output: { file: options.output, dtype, shape, layout },
      packets: plan.body.layout.cut.packets,
      bytesOut: plan.body.layout.bytesOut,
      bytesBack: plan.body.layout.bytesBack,
      bounds: plan.body.bounds,
      notes: plan.body.notes,
      direct: report.direct,
      sent: report.sent,
      resent: report.resent,
      outcomes: report.outcomes,
      counters: report.counters,
      milliseconds: times,
      ...(options.planOut === undefined ? {} : { planFile: options.planOut }),
      ...(waveform === undefined ? {} : { waveform }),
    });
    return;
  }
  print(factTable([
    ["device", deviceText(plan.target)],
    ...fallbackRows(fallbackReason),
    ...trafficRows(plan),
    tablesRow(plan),
    ...runRows(report, times, plan),
    boundsRow(plan),
    ...waveformRows(waveform),
    ["written", options.planOut === undefined ? options.output : [options.output, options.planOut]],
  ]));
}

/** Rejects missing options, and options that contradict each other. */
function checkUse(pipeline: string | undefined, options: RunCommandOptions, command: Command): void {
  // Commander would report a required option as missing before it reports the mistyped one.
  for (const name of ["input", "output"] as const) {
    if (options[name] === undefined) command.error(`error: required option '--${name} <file>' not specified`);
  }
  checkWaveform(options, command);
  const wrong = (pipeline === undefined) === (options.plan === undefined)
    ? "expected either a pipeline's file or --plan <file>"
    : options.plan !== undefined && options.checksum !== undefined
    ? "--checksum cannot change a plan, which fixes it"
    : undefined;
  if (wrong !== undefined) command.error(`error: ${wrong}`, { exitCode: EXIT.usage, code: "onpath.use" });
}

/** Reads the pipeline or the plan first, because the input may be large. */
async function planMaker(
  path: string | undefined,
  options: RunCommandOptions,
  signal: AbortSignal,
): Promise<(input: Tensor) => Compiled> {
  if (path === undefined) {
    const plan = await loadPlan(options.plan!, signal);
    if (plan.workload !== "image") throw notForRun(plan);
    return () => ({ plan, fallbackReason: undefined });
  }
  const pipeline = await loadPipeline(path, signal);
  const planned = await planFor(options.device, signal, options);
  const { checksum, tolerance, form, packetLayout: layout } = options;
  return (input) =>
    planned((device) => compile(pipeline, { input, device, checksum, tolerance, form, layout }));
}
