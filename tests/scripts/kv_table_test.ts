import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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
