/**
 * `lookup`: a function of every element of an array, by tables.
 *
 * @module
 */

import type { Command } from "commander";
import { compile } from "../../../kernels/compile.ts";
import { lookupKernelImage } from "../../../kernels/lookup/rtl.ts";
import type { LookupPlan } from "../../../kernels/lookup/plan.ts";
import type { Memo } from "../../../kernels/memoize/memo.ts";
import { yieldToEventLoop } from "../../../runtime/device/serial.ts";
import { offload } from "../../../runtime/offload.ts";
import type { DType } from "../../../serialize/dtype.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type Tensor, tensor } from "../../../serialize/tensor.ts";
import { readNpy } from "../../io/npy.ts";
import { checkOutput, encodeOutput, outputFormat } from "../../io/output.ts";
import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { checkFolderOf, writeWhole } from "../../io/write.ts";
import { findFunction, FUNCTIONS, memoizeFunction, type NamedFunction } from "../../lookup/functions.ts";
import { type Context, print, printJson } from "../context.ts";
import {
  type Compiled,
  DEFAULT_DEVICE,
  deviceText,
  fallbackRows,
  planDevice,
  planFor,
  withDevice,
} from "../devices.ts";
import { EXIT } from "../failures.ts";
import type { SharedOptions } from "../options.ts";
import { followProgress } from "../progress.ts";
import { type Row, runRows, sessionTimes, timed } from "../summary.ts";
import { bytes, columnTable, count, factTable, shapeText } from "../text.ts";

/** Options of `lookup`. */
export interface LookupOptions extends Omit<SharedOptions, "layout"> {
  /** Path of the input. */
  readonly input?: string | undefined;
  /** Path of the output. */
  readonly output?: string | undefined;
  /** Type of the elements, where the file names only their bits. */
  readonly dtype?: "bf16" | undefined;
  /** Maximum wait for one answer of the device, in milliseconds. */
  readonly timeout?: number | undefined;
}

/**
 * Looks every element of an array up, or lists the functions.
 *
 * @param name Name of the function; undefined to list all.
 * @param options Options of the command line.
 * @param command Reports wrong use.
 * @param context Provides the abort signal.
 */
export async function lookUp(
  name: string | undefined,
  options: LookupOptions,
  command: Command,
  { signal }: Context,
): Promise<void> {
  const { input: from, output: to } = options;
  if (name === undefined) {
    if (from !== undefined || to !== undefined) refuseUse(command, "expected the name of a function");
    return await listFunctions(options, signal);
  }
  if (from === undefined) return refuseUse(command, "required option '--input <file>' not specified");
  if (to === undefined) return refuseUse(command, "required option '--output <file>' not specified");
  const named = findFunction(name);
  const format = outputFormat(to)!;
  await checkFolderOf(to);
  const planned = await planFor<LookupPlan<DType>>(options.device, signal, options);
  const times: Record<string, number> = {};
  const input = await timed(times, "read", () => readArray(from, options.dtype, signal));
  const memo = await timed(times, "memoize", () => memoizeFunction(named, operandOf(named, name, input)));
  checkOutput(format, { dtype: memo.output, shape: input.shape });
  const { plan, fallbackReason } = planLookup(planned, memo, input);
  const { output, report } = await withDevice(planDevice(plan, options), async (device) => {
    const { onProgress, stop } = await followProgress();
    try {
      const resources = { memo };
      return await offload(plan, input, device, {
        resources,
        signal,
        timeoutMs: options.timeout,
        onProgress,
      });
    } finally {
      stop();
    }
  });
  Object.assign(times, sessionTimes(report));
  await timed(times, "write", async () => writeWhole(to, await encodeOutput(format, output), signal));
  const { dtype, shape } = output;
  if (options.json) {
    printJson({
      function: name,
      memo: plan.body.memo,
      plan: plan.id,
      device: plan.target.name,
      instead: fallbackReason,
      input: { file: from, ...plan.body.input },
      output: { file: to, dtype, shape },
      sent: report.sent,
      resent: report.resent,
      outcomes: report.outcomes,
      counters: report.counters,
      milliseconds: times,
    });
    return;
  }
  print(factTable([
    ["function", `${name}: ${named.summary}`],
    ["device", deviceText(plan.target)],
    ...fallbackRows(fallbackReason),
    ["input", `${shapeText(input)} ${input.dtype}`],
    ["output", `${shapeText(output)} ${dtype}`],
    memoRow(memo),
    ["out to device", `${count(report.sent)} packets`],
    ...runRows(report, times, plan),
    ["written", to],
  ]));
}

/** Row about the form of a memo's tables. */
export function memoRow({ form: { name, bytes: size, error }, naiveBytes }: Memo): Row {
  const exactness = error.codes === 0 ? "without error" : `within ${error.ulps} ulps`;
  return ["tables", `form ${name}, ${bytes(size)} ${exactness}; one plain table has ${bytes(naiveBytes)}`];
}

/** Compiles, and falls back to the model if the RTL lacks the tables and no device is named. */
function planLookup(
  planned: (
    make: Parameters<Awaited<ReturnType<typeof planFor<LookupPlan<DType>>>>>[0],
  ) => Compiled<LookupPlan<DType>>,
  memo: Memo,
  input: Tensor,
): Compiled<LookupPlan<DType>> {
  return planned((device) => {
    const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
    if (device.name === DEFAULT_DEVICE) lookupKernelImage(plan, memo);
    return plan;
  });
}

/** Operand type of a function for an array. */
function operandOf(
  { operands }: NamedFunction,
  name: string,
  { dtype }: Tensor,
): NamedFunction["operands"][number] {
  const operand = operands.find((each) => each === dtype);
  if (operand !== undefined) return operand;
  const hint = dtype === "u16" && operands.includes("bf16") ? "; --dtype bf16 reads u16 as bits of bf16" : "";
  throw new OnpathError(
    "dtype",
    `Cannot look up ${name} of ${dtype}: expected ${operands.join(" or ")}${hint}`,
    { found: dtype, expected: operands },
  );
}

async function readArray(path: string, dtype: "bf16" | undefined, signal: AbortSignal): Promise<Tensor> {
  const array = readNpy(await readBounded(path, { maxBytes: MAX_INPUT_BYTES, signal }), path);
  if (dtype === undefined) return array;
  if (array.dtype !== "u16") {
    throw new OnpathError("dtype", `Cannot read ${path} as ${dtype}: it holds ${array.dtype}, expected u16`, {
      path,
      found: array.dtype,
    });
  }
  return tensor(array.data as Uint16Array<ArrayBuffer>, { dtype, shape: array.shape });
}

function refuseUse(command: Command, message: string): void {
  command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
}

async function listFunctions({ json }: LookupOptions, signal: AbortSignal): Promise<void> {
  const rows = [];
  for (const [name, named] of FUNCTIONS) {
    for (const operand of named.operands) {
      // Tables are made synchronously: a signal arrives only between two functions.
      await yieldToEventLoop();
      signal.throwIfAborted();
      const { output, form, naiveBytes } = memoizeFunction(named, operand);
      rows.push({
        function: name,
        operand,
        output,
        form: form.name,
        bytes: form.bytes,
        naiveBytes,
        rtl: form.fits,
        summary: named.summary,
      });
    }
  }
  if (json) return printJson(rows);
  print(columnTable(
    ["function", "of", "gives", "form", "bytes", "one table", "rtl", "result"],
    rows.map((row) => [
      row.function,
      row.operand,
      row.output,
      row.form,
      row.bytes,
      row.naiveBytes,
      row.rtl ? "yes" : "no",
      row.summary,
    ]),
    { keys: 2 },
  ));
}
