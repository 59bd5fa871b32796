import assert from "node:assert/strict";
import type { Device, DeviceCounters } from "../../runtime/device/device.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { type RunReport, Session } from "../../runtime/session.ts";
import { sized } from "../support/long.ts";
import { test } from "./helpers.ts";
import { CACHE_SAMPLES, type WorkloadSample } from "./workload_samples.ts";
import { workloadSuite } from "./workload_suite.ts";

// Each of the three kernels: one direction of small floats, MX there and back, a rotated form.
const FEW = [CACHE_SAMPLES[0]!, CACHE_SAMPLES[11]!, CACHE_SAMPLES[14]!];

workloadSuite("rtl", createRtlDevice, sized(CACHE_SAMPLES, FEW));

async function countersOf(device: Device, { compile, inputs }: WorkloadSample): Promise<DeviceCounters> {
  const open = Session.open as unknown as (
    ...args: unknown[]
  ) => Promise<{ run: (input: unknown) => Promise<{ report: RunReport }> }>;
  const session = await open(compile(device.profile), device);
  return (await session.run(inputs[0])).report.counters;
}

for (const sample of sized(CACHE_SAMPLES, FEW)) {
  test(`${sample.name}: the model predicts the cycles that the RTL counts`, async () => {
    await using rtl = await createRtlDevice();
    await using model = createModelDevice(RTL_PROFILE);
    const counted = await countersOf(rtl, sample);
    assert(counted.cycles !== null && counted.cycles > 0);
    assert.deepEqual(counted, await countersOf(model, sample));
  });
}
