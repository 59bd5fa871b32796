/**
 * Lines of the tour for the families of work besides images: a small example of each, on the model.
 *
 * @module
 */

import { createModelDevice } from "../../../runtime/device/model.ts";
import { namedMethod } from "../../quantize/methods.ts";
import { syntheticQueries } from "../../quantize/queries.ts";
import { quantizeCache } from "../../quantize/run.ts";
import { syntheticTensors } from "../../quantize/synthetic_cache.ts";
import { bytesAfter, snrText } from "../../report/cache_page.ts";
import { percent } from "../../report/text.ts";
import { columnTable, count } from "../text.ts";

/** Example of a family. Plain data. */
export interface TourFamily {
  /** Name of the family. */
  readonly family: string;
  /** Input and work. */
  readonly example: string;
  /** Result of the run. */
  readonly result: string;
  /** Command that shows more. */
  readonly command: string;
}

/** Examples, in the order of the lines. */
const FAMILIES: readonly ((signal: AbortSignal) => Promise<TourFamily>)[] = [keyValueCache];

/**
 * Runs the examples.
 *
 * @param signal Aborts the runs with its reason.
 */
export async function runFamilies(signal: AbortSignal): Promise<TourFamily[]> {
  const families: TourFamily[] = [];
  for (const run of FAMILIES) families.push(await run(signal));
  return families;
}

/** Formats the examples as a table. */
export function familiesTable(families: readonly TourFamily[], command: string): string {
  return columnTable(
    ["family", "example, on the model", "result", "more"],
    families.map((each) => [each.family, each.example, each.result, `${command} ${each.command}`]),
  );
}

async function keyValueCache(signal: AbortSignal): Promise<TourFamily> {
  const sizes = { layers: 1, blocks: 1, heads: 2, tokens: 256, channels: 128 };
  const { cache } = syntheticTensors(
    { dtype: "bf16", layout: "LBHNC", content: "separate", sizes, names: ["k", "v"] },
    1,
  );
  await using device = createModelDevice();
  const { reports } = await quantizeCache(
    cache,
    [namedMethod("kivi2", "tokens"), namedMethod("kivi2", "channels")],
    { device, signal, queries: syntheticQueries(16, 1), limit: 1, onProgress: () => {} },
  );
  const [before, after] = [
    reports.reduce((sum, { total }) => sum + total.bytes.before, 0),
    reports.reduce((sum, { total }) => sum + bytesAfter(total), 0),
  ];
  const { values, logits } = reports[0]!.total;
  return {
    family: "KV cache",
    example:
      `${sizes.heads} heads x ${sizes.tokens} tokens x ${sizes.channels} channels, synthetic, to 2 bits (KIVI)`,
    result: `${count(before)} to ${count(after)} bytes, K at ${snrText(values.snr)}, top-1 of q·k kept ${
      percent(logits!.topKept)
    }`,
    command: "quantize --synthetic --method kivi2",
  };
}
