import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { BATCHES, MODEL_SIZES, PICTURE_SIZES, planSizes } from "../../scripts/cli/commands/sizes.ts";
import { noise } from "../support/images.ts";
import { sized } from "../support/long.ts";

const U55C = CARD_PROFILES.find(({ name }) => name === "u55c")!;

/** The cells of the table in the docs, without what the formatter pads them with. */
async function documented(): Promise<string[][]> {
  const text = await readFile(new URL("../../docs/tables.md", import.meta.url), "utf8");
  const table = text.split("<!-- sizes -->")[1]!.split("<!-- /sizes -->")[0]!.trim().split("\n");
  return table.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("docs/tables.md has the table that `offload sizes` prints, and every size has an exact plan", async () => {
  const table = await documented();
  const rows = PICTURE_SIZES.flatMap((from) => MODEL_SIZES.map((to) => ({ from, to })));
  assert.equal(table.length, 56);
  rows.forEach(({ from, to }, at) => {
    if (at % sized(1, 4) !== 0) return;
    const row = planSizes(U55C, from, to), cells = table[at]!;
    const number = (cell: number) => Number(cells[cell]!.replaceAll(",", ""));
    assert.deepEqual(cells.slice(0, 4), [row.from.join("x"), String(row.to), row.layout, row.form]);
    assert.deepEqual([number(4), number(6)], [row.bytes, row.bound]);
    assert.deepEqual([7, 8, 9].map(number), row.cycles.map(Math.round));
    assert.equal(row.bound, 0);
    // The promise: within 1.01 of the ideal at a batch of 64.
    assert(row.cycles[2]! <= 1.01 * row.ideal, cells.join(" "));
    assert(row.pages.ratio <= 1.01, cells.join(" "));
  });
  assert.deepEqual(BATCHES, [1, 16, 64]);
});

Deno.test("a row of the table is what the model device counts, packets and all", async () => {
  // 16 images of the size with the most phases, too long for each test run with all 56.
  for (const form of [undefined, "row-pages"] as const) {
    const images = noise(4, 719, 1279, 3, 1);
    await using device = createModelDevice(U55C);
    const plan = compile({ steps: [{ op: "resize", size: [224, 224] }] }, { input: images, device, form });
    const { report } = await offload(plan, images, device);
    const { cycles, stalls, swaps, tableBytes } = report.counters;
    const { body: { cost } } = plan;
    assert.deepEqual([cycles, stalls, swaps, tableBytes], [
      cost.cycles,
      cost.stalls,
      cost.swaps,
      cost.tableBytes,
    ]);
  }
});
