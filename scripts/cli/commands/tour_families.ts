/**
 * Lines of the tour for the families of work besides images: a small example of each.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { offload } from "../../../runtime/offload.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { findFunction, memoizeFunction } from "../../lookup/functions.ts";
import { namedMethod } from "../../quantize/methods.ts";
import { syntheticQueries } from "../../quantize/queries.ts";
import { quantizeCache } from "../../quantize/run.ts";
import { syntheticTensors } from "../../quantize/synthetic_cache.ts";
import { bytesAfter, snrText } from "../../report/cache_page.ts";
import { percent } from "../../report/text.ts";
import { columnTable, count } from "../text.ts";

/** Result of a family's example. Plain data. */
interface Example {
  /** Name of the family. */
  readonly family: string;
  /** Input and work. */
  readonly example: string;
  /** Result of the run. */
  readonly result: string;
  /** Command that shows more. */
  readonly command: string;
}

/** Example of a family, and the device that ran it. Plain data. */
export interface TourFamily extends Example {
  /** Name of the device. */
  readonly device: string;
}

/** Runs a family's example. */
type RunExample = (device: Device, signal: AbortSignal) => Promise<Example>;

/** Examples, in the order of the lines. */
const FAMILIES: readonly RunExample[] = [lookUpValues, quantizeKeyValues];

/**
 * Runs the examples.
 *
 * @param device Device of the tour. The model runs what it refuses.
 * @param signal Aborts the runs with its reason.
 */
export async function runFamilies(device: Device, signal: AbortSignal): Promise<TourFamily[]> {
  await using model = createModelDevice();
  const families: TourFamily[] = [];
  for (const run of FAMILIES) {
    try {
      families.push({ ...await run(device, signal), device: device.profile.name });
    } catch (error) {
      if (!(error instanceof OnpathError && error.code === "device")) throw error;
      families.push({ ...await run(model, signal), device: model.profile.name });
    }
  }
  return families;
}

/** Formats the examples as a table. */
export function familiesTable(families: readonly TourFamily[], command: string): string {
  return columnTable(
    ["family", "example", "result", "device", "more"],
    families.map((each) => [
      each.family,
      each.example,
      each.result,
      each.device,
      `${command} ${each.command}`,
    ]),
  );
}

/** Values of the lookup's run: every 32nd bit pattern of bf16. */
const VALUES = Uint16Array.from({ length: 2048 }, (_, n) => 32 * n);

async function lookUpValues(device: Device, signal: AbortSignal): Promise<Example> {
  const memo = memoizeFunction(findFunction("fp8-e4m3"), "bf16");
  const input = tensor(VALUES, { dtype: "bf16", shape: [VALUES.length] });
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
  await offload(plan, input, device, { resources: { memo }, signal });
  return {
    family: "lookup",
    example: `${count(VALUES.length)} values of bf16 to FP8 e4m3`,
    result: `exact, tables of ${count(memo.form.bytes)} bytes in place of ${count(memo.naiveBytes)}`,
    command: "lookup",
  };
}

async function quantizeKeyValues(device: Device, signal: AbortSignal): Promise<Example> {
  const sizes = { layers: 1, blocks: 1, heads: 2, tokens: 256, channels: 128 };
  const { cache } = syntheticTensors(
    { dtype: "bf16", layout: "LBHNC", content: "separate", sizes, names: ["k", "v"] },
    1,
  );
  const { reports } = await quantizeCache(
    cache,
    [namedMethod("kivi2", "tokens"), namedMethod("kivi2", "channels")],
    { device, signal, queries: syntheticQueries(16, 1), limit: 1, onProgress: () => {} },
  );
  const before = reports.reduce((sum, { total }) => sum + total.bytes.before, 0);
  const after = reports.reduce((sum, { total }) => sum + bytesAfter(total), 0);
  const { values, logits } = reports[0]!.total;
  return {
    family: "KV cache",
    example: `${sizes.heads} heads x ${sizes.tokens} tokens x ${sizes.channels} channels, to 2 bits (KIVI)`,
    result: `${count(before)} to ${count(after)} bytes, K at ${snrText(values.snr)}, top-1 of q·k kept ${
      percent(logits!.topKept)
    }`,
    command: "quantize --synthetic --method kivi2",
  };
}
