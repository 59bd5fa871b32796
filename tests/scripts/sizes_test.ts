import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { RTL_PROFILE, rtlProfile, WIDE_PAGES } from "../../runtime/device/rtl/profile.ts";
import { offload } from "../../runtime/offload.ts";
import {
  BATCHES,
  type FilterRow,
  FILTERS,
  MODEL_SIZES,
  PICTURE_SIZES,
  planSizes,
  printSizes,
} from "../../scripts/cli/commands/sizes.ts";
import { noise } from "../support/images.ts";
import { sized } from "../support/long.ts";

const U55C = CARD_PROFILES.find(({ name }) => name === "u55c")!;

/** The cells of a table in the docs, without what the formatter pads them with. */
async function documented(name = "sizes"): Promise<string[][]> {
  const text = await readFile(new URL("../../docs/tables.md", import.meta.url), "utf8");
  const table = text.split(`<!-- ${name} -->`)[1]!.split(`<!-- /${name} -->`)[0]!.trim().split("\n");
  return table.slice(2).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("docs/tables.md has the table that `offload sizes` prints, and every size has an exact plan", async () => {
  const table = await documented();
  const rows = PICTURE_SIZES.flatMap((from) => MODEL_SIZES.map((to) => ({ from, to })));
  assert.equal(table.length, 56);
  rows.forEach(({ from, to }, at) => {
    if (at % sized(1, 4) !== 0) return;
    const row = planSizes(U55C, from, to), cells = table[at]!;
    assert(!("error" in row), cells.join(" "));
    const number = (cell: number) => Number(cells[cell]!.replaceAll(",", ""));
    assert.deepEqual(cells.slice(0, 4), [row.from.join("x"), String(row.to), row.layout, row.form]);
    assert.deepEqual([number(4), number(6)], [row.bytes, row.bound]);
    assert.deepEqual([7, 8, 9].map(number), row.cycles.map(Math.round));
    assert.equal(row.bound, 0);
    // The promise: within 1.01 of the ideal at a batch of 64.
    assert(row.cycles[2]! <= 1.01 * row.ideal, cells.join(" "));
    assert("ratio" in row.pages && row.pages.ratio <= 1.01, cells.join(" "));
    for (const [column, filter] of FILTERS.entries()) {
      const each: FilterRow = row.filters[filter], cell = cells[14 + column]!;
      if ("error" in each) {
        assert.equal(cell, "-", cells.join(" "));
        assert.match(each.error, /no tables of resample within 0 levels fit/);
      } else {
        assert.equal(Number(cell.replaceAll(",", "")), Math.round(each.cycles));
        assert(each.ratio >= 1 && each.ratio <= 1.002, cells.join(" "));
      }
    }
  });
  assert.deepEqual(BATCHES, [1, 16, 64]);
});

Deno.test("docs/tables.md has what the RTL makes of the usual sizes, and which it refuses", async () => {
  const table = await documented("sizes rtl");
  const rows = PICTURE_SIZES.flatMap((from) => MODEL_SIZES.map((to) => ({ from, to })));
  assert.equal(table.length, rows.length);
  let refused = 0;
  rows.forEach(({ from, to }, at) => {
    if (at % sized(1, 8) !== 5 % sized(1, 8)) return;
    const row = planSizes(RTL_PROFILE, from, to);
    const count = (value: number) => Math.round(value).toLocaleString("en-US");
    const filters = FILTERS.map((filter) => {
      const each: FilterRow = row.filters[filter];
      return "error" in each ? "-" : count(each.cycles);
    });
    const plan = "error" in row ? Array(7).fill("-") : [
      row.form,
      count(row.bytes),
      ...row.cycles.map(count),
      ..."error" in row.pages
        ? ["-", "-"]
        : [`${row.pages.count} x ${count(row.pages.bytes)}`, `${row.pages.batch}`],
    ];
    if ("error" in row) refused++;
    assert.deepEqual(table[at], [from.join("x"), `${to}`, ...plan, ...filters]);
  });
  assert(refused > 0, "640x480 to 518 is compared in the quick suite, too");
});

Deno.test("docs/tables.md has what wide pages make of the sizes that the RTL refuses: none of them is left", async () => {
  const table = await documented("sizes wide");
  const refused = (await documented("sizes rtl")).filter((cells) => cells[2] === "-");
  assert.deepEqual(table.map((cells) => cells.slice(0, 2)), refused.map((cells) => cells.slice(0, 2)));
  assert.equal(table.length, 12);
  const profile = rtlProfile(WIDE_PAGES);
  const count = (value: number) => Math.round(value).toLocaleString("en-US");
  table.forEach((cells, at) => {
    if (at % sized(1, 5) !== 0) return;
    const [width, height] = cells[0]!.split("x").map(Number) as [number, number];
    const row = planSizes(profile, [width, height], Number(cells[1]));
    assert(!("error" in row) && !("error" in row.pages), cells.join(" "));
    assert.deepEqual(cells.slice(2), [
      row.form,
      count(row.bytes),
      ...row.cycles.map(count),
      (row.cycles[2]! / row.ideal).toFixed(4),
      `${row.pages.count} x ${count(row.pages.bytes)}`,
      `${row.pages.batch}`,
    ]);
    assert.equal(row.bound, 0);
    assert(row.cycles[2]! <= 1.01 * row.ideal, cells.join(" "));
  });
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

Deno.test("planSizes() plans for the RTL, with pages of cells, and with the filters that it computes", () => {
  const row = planSizes(RTL_PROFILE, [640, 480], 224);
  assert(!("error" in row));
  assert("ratio" in row.pages && row.pages.count === 7 && row.pages.ratio < 1.01);
  for (const filter of FILTERS) {
    const each = row.filters[filter];
    assert("ratio" in each && each.cycles > row.cycles[2]! && each.ratio < 1.01, filter);
  }
});

Deno.test("planSizes() has the reason where no tables fit, and the filters that need none of them", () => {
  const row = planSizes(RTL_PROFILE, [333, 500], 640);
  assert("error" in row);
  assert.match(row.error, /row-pages \(639 columns, 20480 terms of a row phase\).*the device has/);
  for (const filter of FILTERS) assert("ratio" in row.filters[filter], filter);
});

Deno.test("the RTL counts the plan's cycles of bicubic and lanczos rows to 224", async () => {
  const [height, width] = sized([720, 1280], [180, 320]) as [number, number];
  const image = noise(1, height, width, 3, 1);
  for (const filter of FILTERS) {
    await using device = await createRtlDevice();
    const steps = [{ op: "resize", size: [224, 224], match: "pillow", filter }] as const;
    const plan = compile({ steps }, { input: image, device });
    const { report } = await offload(plan, image, device);
    assert.equal(report.counters.cycles, plan.body.cost.cycles, filter);
    assert.equal(report.counters.stalls, plan.body.cost.stalls, filter);
  }
});

Deno.test("printSizes() ends with the reason of its signal, between two pairs of sizes", async () => {
  const controller = new AbortController();
  const reason = new Error("interrupted");
  // A signal's handler runs as a timer does: not before the planning yields.
  setTimeout(() => controller.abort(reason));
  const context = { command: "onpath", photo: new URL("file:///none"), signal: controller.signal };
  await assert.rejects(printSizes({}, context), reason);
});
