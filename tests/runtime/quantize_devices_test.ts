import assert from "node:assert/strict";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { sized } from "../support/long.ts";
import { test } from "./helpers.ts";
import { countersOf } from "./sample_counts.ts";
import { CACHE_SAMPLES } from "./workload_samples.ts";
import { workloadSuite } from "./workload_suite.ts";

// Each of the three kernels: one direction of small floats, MX there and back, a rotated form.
const FEW = [CACHE_SAMPLES[0]!, CACHE_SAMPLES[11]!, CACHE_SAMPLES[14]!];

workloadSuite("rtl", createRtlDevice, sized(CACHE_SAMPLES, FEW));

for (const sample of sized(CACHE_SAMPLES, FEW)) {
  test(`${sample.name}: the model predicts the cycles that the RTL counts`, async () => {
    await using rtl = await createRtlDevice();
    await using model = createModelDevice(RTL_PROFILE);
    const counted = await countersOf(rtl, sample);
    assert(counted.cycles !== null && counted.cycles > 0);
    assert.deepEqual(counted, await countersOf(model, sample));
  });
}
