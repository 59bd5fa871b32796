import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { pipelineFor } from "../../runtime/processor/pipeline.ts";
import { processorFrom } from "../../runtime/processor/processor.ts";
import { canvasProcessor, sharpProcessor } from "../../scripts/bench/processor_peers.ts";
import { readInput } from "../../scripts/io/input.ts";
import { processorFacts } from "../../scripts/processors_table.ts";
import { CONFIGS, goldensOf } from "../runtime/processor/goldens.ts";
import { longTest } from "../support/long.ts";

const page = readFileSync(new URL("../../docs/processors.md", import.meta.url), "utf8");

/** Rows of the table, without the padding of cells. */
const rows = page.split("<!-- processors -->")[1]!.split("<!-- /processors -->")[0]!.trim().split("\n").slice(
  2,
)
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

longTest("docs/processors.md has the values and prices that scripts/processors_table.ts prints", async () => {
  const facts = await processorFacts();
  assert.deepEqual(
    rows.map((cells) => ({ values: cells.slice(0, 4), price: cells.slice(9) })),
    facts,
    "the table is outdated: run the script",
  );
});

Deno.test("docs/processors.md has a row without differences for every golden configuration and photograph", () => {
  assert.deepEqual(
    rows.map((cells) => [cells[0], cells[2], cells[3]]),
    goldensOf("values").map(({ config, photo, dims }) => [
      config,
      photo,
      `0 of ${dims.reduce((product, axis) => product * axis, 1)}`,
    ]),
  );
  for (const cells of rows) {
    const times = cells.slice(4, 9);
    assert(times.every((cell) => cell === "—" || Number(cell) > 0), cells.join(" "));
    assert(Number(times[0]) > 0 && Number(times[3]) > 0, cells.join(" "));
  }
});

Deno.test("peers of processors compute nearly the processor's values, or name no counterpart", async () => {
  const image = await readInput(fileURLToPath(new URL("../../scripts/photos/rocket.jpg", import.meta.url)));
  const [height, width] = image.shape as [number, number];
  // Mean difference in units of the values; a shift by a pixel makes at least 3 times as much.
  const cases = {
    "clip-vit-base-patch32": 0.02,
    "llava-1.5-7b-hf": 0.02,
    "crop-larger": 0.03,
    "box-unit": 0.02,
  };
  for (const [name, most] of Object.entries(cases)) {
    const processor = processorFrom(CONFIGS[name]);
    const { pixel_values: { data } } = await processor(image);
    const { pipeline, ...size } = pipelineFor(processor.config, { height, width });
    const runs = [sharpProcessor(pipeline, image, size), canvasProcessor(pipeline, image, size)];
    assert.equal(runs[0] === undefined, name === "box-unit", name);
    for (const run of runs) {
      if (run === undefined) continue;
      const values = await run();
      assert.equal(values.length, data.length);
      const sum = values.reduce((total, value, at) => total + Math.abs(value - data[at]!), 0);
      assert(sum / data.length <= most, `${name}: ${sum / data.length}`);
    }
  }
});
