import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cacheRows, cacheTable, TABLE_SIZES } from "../../scripts/quantize/cache_table.ts";
import { kvTable } from "../../scripts/quantize/kv_table.ts";
import { syntheticCache } from "../../scripts/quantize/synthetic_cache.ts";
import { longTest } from "../support/long.ts";

longTest("docs/kv_cache.md has the table that scripts/quantize/kv_table.ts prints", () => {
  const page = readFileSync(new URL("../../docs/kv_cache.md", import.meta.url), "utf8");
  assert(page.includes(`\n\n${kvTable()}\n\n`), "the table is outdated: run the script");
});

Deno.test("syntheticCache() has outlier channels in keys alone, and the same values for a seed", () => {
  const shape = { layers: 1, heads: 2, tokens: 64, channels: 32, queries: 4 };
  const cache = syntheticCache(shape, 1);
  assert.deepEqual(cache, syntheticCache(shape, 1));
  assert.notDeepEqual(cache.keys, syntheticCache(shape, 2).keys);
  const outliers = (values: Float32Array) => {
    const means = Array.from({ length: 32 }, (_, c) => {
      let sum = 0;
      for (let t = 0; t < 64; t++) sum += values[t * 32 + c]!;
      return Math.abs(sum / 64);
    });
    return means.filter((mean) => mean > 5).length;
  };
  assert(outliers(cache.keys) >= 2 && outliers(cache.keys) <= 4);
  assert.equal(outliers(cache.values), 0);
  assert.equal(cache.queries.length, 2 * 4 * 32);
});

longTest(
  "docs/kv_cache.md has the rows of scripts/quantize/cache_table.ts, whatever their seconds",
  async () => {
    const page = readFileSync(new URL("../../docs/kv_cache.md", import.meta.url), "utf8");
    const rows = await cacheRows(TABLE_SIZES);
    const cells = (line: string) => line.split("|").slice(1, -2).map((cell) => cell.trim());
    const lines = page.split("\n").filter((line) => line.startsWith("|")).map((line) => cells(line).join());
    for (const row of rows) assert(lines.includes(row.slice(0, -1).join()), `outdated: ${row.join(" | ")}`);
    for (const row of rows) assert(Number(row.at(-1)) > 0);
  },
);

Deno.test("cacheTable() has a row for each method, with bytes of all metadata", async () => {
  const rows = await cacheRows({ layers: 1, blocks: 1, heads: 2, tokens: 64, channels: 64 });
  assert.deepEqual(rows.map((row) => row.slice(0, 4)), [
    ["fp8", "32,768", "16,392", "2.00"],
    ["int4", "32,768", "9,216", "3.56"],
    ["kivi2", "32,768", "6,144", "5.33"],
    ["rotated3", "32,768", "6,656", "4.92"],
  ]);
  assert.match(cacheTable(rows), /^\| method .* seconds \|\n\| -+ \|.*\n\| fp8 /);
});
