import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { processorsTable } from "../../scripts/processors_table.ts";
import { CONFIGS, goldensOf } from "../runtime/processor/goldens.ts";
import { longTest } from "../support/long.ts";

const page = readFileSync(new URL("../../docs/processors.md", import.meta.url), "utf8");

longTest("docs/processors.md has the table that scripts/processors_table.ts prints", async () => {
  assert(page.includes(`\n\n${await processorsTable()}\n\n`), "the table is outdated: run the script");
});

Deno.test("docs/processors.md has a row without differences for every golden configuration", () => {
  for (const name of Object.keys(CONFIGS)) {
    const cells = page.split("\n").find((line) => line.startsWith(`| ${name} `))!.split("|").map((cell) =>
      cell.trim()
    );
    const lengths = goldensOf("values").filter(({ config }) => config === name)
      .map(({ dims }) => dims.reduce((product, axis) => product * axis, 1));
    assert.deepEqual(cells.slice(3, 6), lengths.map((length) => `0 of ${length}`), name);
  }
});
