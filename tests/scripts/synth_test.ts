import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Match } from "../../kernels/image/geometry/names.ts";
import { compile } from "../../kernels/compile.ts";
import { RTL_PROFILE, rtlProfile } from "../../runtime/device/rtl/profile.ts";
import { staleTargets, synthFiles } from "../../scripts/synth/document.ts";
import { SYNTH_TARGETS } from "../../scripts/synth/targets.ts";
import { readSources, type SynthTable } from "../../scripts/synth/yosys.ts";
import { refusal } from "../support/failure.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const table = JSON.parse(await readFile(`${ROOT}/docs/synthesis.json`, "utf8")) as SynthTable;

Deno.test("the table of the synthesis names every row that today's sources, parameters or yosys have outdated", async () => {
  const files = await readSources(`${ROOT}/kernels/rtl`);
  assert.deepEqual(staleTargets(table, files).map(({ name }) => name), table.outdated ?? []);
  assert.deepEqual(table.rows.map(({ name }) => name), SYNTH_TARGETS.map(({ name }) => name));
  // A change of any source that a row is made of is noticed; one of a comment makes no row again.
  const stale = staleTargets(table, files).length;
  const after = (text: string) =>
    staleTargets(table, { ...files, "tdp_ram.sv": `${files["tdp_ram.sv"]}${text}` }).length;
  assert(after("\nmodule changed; endmodule") > 5);
  assert.equal(after("\n// changed\n/* changed */"), stale);
});

Deno.test("docs/synthesis.md and what plans read are what the table gives", async () => {
  for (const [place, text] of Object.entries(synthFiles(table))) {
    assert.equal(await readFile(`${ROOT}/${place}`, "utf8"), text, place);
  }
});

Deno.test("plans for the RTL count the blocks that its build was synthesised to, and fit a card by them", () => {
  const input = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
  const row = (name: string) => table.rows.find((each) => each.name === name)!;
  const plan = (match: Match, device = RTL_PROFILE) =>
    compile({ steps: [{ op: "resize", size: [224, 224], match }] }, { input, device });
  assert.equal(plan("exact").body.memory.bram, Math.ceil(row("packet_image").bram));
  assert.equal(plan("opencv").body.memory.bram, Math.ceil(row("packet_image, products").bram));
  assert.equal(plan("pillow").body.memory.bram, Math.ceil(row("packet_rows").bram));
  assert.equal(
    plan("exact", rtlProfile({ LANES: 3 })).body.memory.bram,
    Math.ceil(row("packet_image, 3 lanes").bram),
  );
  // A card with a block less than the build takes is refused, though the plan's own tables would fit.
  const { bram } = plan("exact").body.memory;
  const card = (blocks: number) => ({ ...RTL_PROFILE, bram: blocks, uram: 0, usable: 1 });
  assert.equal(plan("exact", card(bram)).body.memory.budget.bram, bram);
  assert.throws(() => plan("exact", card(bram - 1)), refusal("table", new RegExp(`needs ${bram} BRAM`)));
});
