/**
 * Table of docs/kv_cache.md for a cache of realistic shape: bytes, loss and seconds of whole runs on the model, there
 * and back with the report.
 *
 *     deno run -A scripts/quantize/cache_table.ts     prints the table; a minute
 *
 * @module
 */

import process from "node:process";
import { createModelDevice } from "../../runtime/device/model.ts";
import { markdownTable } from "../io/markdown.ts";
import type { Cache } from "./cache.ts";
import type { Loss } from "./cache_report.ts";
import { namedMethod } from "./methods.ts";
import { syntheticQueries } from "./queries.ts";
import { quantizeCache } from "./run.ts";
import { syntheticTensors } from "./synthetic_cache.ts";

/** Axes of the cache. */
export const TABLE_SIZES = { layers: 32, blocks: 1, heads: 8, tokens: 1024, channels: 128 };

/** Names of the methods. */
const NAMES = ["fp8", "int4", "kivi2", "rotated3"] as const;

/** Seed of the cache and of its queries, those of `offload quantize`. */
const SEED = 1;

/** Synthetic queries of each head. */
const QUERIES = 16;

/**
 * Makes the rows of the table.
 *
 * @param sizes Axes of the cache.
 * @returns Cells of each row; the last one is the time.
 */
export async function cacheRows(sizes: typeof TABLE_SIZES): Promise<string[][]> {
  const shape = { dtype: "bf16", layout: "LBHNC", content: "separate", sizes, names: ["k", "v"] } as const;
  const { cache } = syntheticTensors(shape, SEED);
  const rows: string[][] = [];
  for (const name of NAMES) rows.push(await rowOf(name, cache));
  return rows;
}

/** Formats rows of {@linkcode cacheRows} in Markdown. */
export function cacheTable(rows: readonly (readonly string[])[]): string {
  const head = [
    ...["method", "bytes before", "bytes after", "ratio", "SNR of K, dB", "SNR of V, dB"],
    ...["mean q·k error", "attention moved", "top-1 kept", "seconds"],
  ];
  return markdownTable(head, head.map((_, at) => at === 0 ? "left" : "right"), rows);
}

async function rowOf(name: string, cache: Cache): Promise<string[]> {
  await using device = createModelDevice();
  const begun = performance.now();
  const { reports: [keys, values] } = await quantizeCache(
    cache,
    [namedMethod(name, "tokens"), namedMethod(name, "channels")],
    {
      device,
      signal: new AbortController().signal,
      queries: syntheticQueries(QUERIES, SEED),
      limit: 1,
      onProgress: () => {},
    },
  );
  const seconds = (performance.now() - begun) / 1000;
  const parts = [keys!.total, values!.total];
  const sum = (pick: (loss: Loss) => number) => parts.reduce((total, loss) => total + pick(loss), 0);
  const before = sum(({ bytes }) => bytes.before), after = sum(({ bytes }) => bytes.codes + bytes.metadata);
  const logits = keys!.total.logits!;
  return [
    name,
    before.toLocaleString("en-US"),
    after.toLocaleString("en-US"),
    (before / after).toFixed(2),
    ...parts.map(({ values }) => values.snr.toFixed(1)),
    logits.meanLogitError.toPrecision(2),
    `${(100 * logits.meanSoftmaxError).toPrecision(2)}%`,
    `${(100 * logits.topKept).toFixed(1)}%`,
    seconds.toFixed(1),
  ];
}

if (import.meta.main) process.stdout.write(`${cacheTable(await cacheRows(TABLE_SIZES))}\n`);
