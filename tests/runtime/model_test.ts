import assert from "node:assert/strict";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/mod.ts";
import { openBench, RESIZE } from "./device_bench.ts";
import { deviceSuite } from "./device_suite.ts";
import { test } from "./helpers.ts";

deviceSuite("model", createModelDevice);

test("createModelDevice() counts the lookups of its tables and no cycles", async () => {
  await using device = createModelDevice();
  const bench = await openBench(device, {
    pipeline: { steps: [...RESIZE.steps, { op: "normalize", range: "0-1" }] },
  });
  await bench.exchange();
  // 40 x 40 pixels of 3 channels: weight index and four terms, then one level.
  assert.equal(device.counters().lookups, 40 * 40 * 3 * (1 + 4 + 1));
  assert.equal(device.counters().cycles, null);
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
  assert.deepEqual(MODEL_PROFILE.kernels, ["resize", "normalize"]);
});
