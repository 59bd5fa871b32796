import assert from "node:assert/strict";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { openBench, RESIZE } from "./device_bench.ts";
import { deviceSuite } from "./device_suite.ts";
import { test } from "./helpers.ts";

deviceSuite("model", createModelDevice);

test("createModelDevice() counts the lookups of its tables and its cycles", async () => {
  await using device = createModelDevice();
  const bench = await openBench(device, {
    pipeline: { steps: [...RESIZE.steps, { op: "normalize", range: "0-1" }] },
    form: "distinct",
  });
  await bench.exchange();
  // 40 x 40 pixels: a weight index, and for each of 3 channels four terms and one level.
  assert.equal(device.counters().lookups, 40 * 40 * (1 + 3 * (4 + 1)));
  // Two cells of 16 bytes fit the bus of 32; before them the tables are loaded.
  assert.equal(device.counters().cycles, bench.plan.body.cost.load + 40 * 40 / 2);
  assert.equal(device.counters().cycles, bench.plan.body.cost.cycles);
});

test("createModelDevice() gives each device counters of its own", async () => {
  await using one = createModelDevice();
  await using other = createModelDevice();
  await (await openBench(one)).exchange();
  assert.equal(one.counters().packets, 20);
  assert.equal(other.counters().packets, 0);
});

test("MODEL_PROFILE holds a standard frame and every kernel", () => {
  assert.equal(MODEL_PROFILE.payload, 1344);
  assert.deepEqual(MODEL_PROFILE.kernels, ["resize", "remap", "resample", "normalize"]);
});
