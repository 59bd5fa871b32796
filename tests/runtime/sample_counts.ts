/**
 * Counters of a device after samples of a workload.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Device, DeviceCounters } from "../../runtime/device/device.ts";
import type { WorkloadSample } from "./workload_samples.ts";
import { openSample } from "./workload_suite.ts";

/** Counters of the first run of a sample. */
export async function countersOf(device: Device, sample: WorkloadSample): Promise<DeviceCounters> {
  const session = await openSample(sample, device);
  return (await session.run(sample.inputs[0])).report.counters;
}

/** Runs samples one after another, each over the program of the last, and returns what the device counted. */
export async function countAll(
  device: Device,
  samples: readonly WorkloadSample[],
): Promise<Omit<DeviceCounters, "cycles" | "stalls">> {
  for (const sample of samples) {
    const session = await openSample(sample, device);
    const { output, report } = await session.run(sample.inputs[0]);
    sample.check(sample.inputs[0], output);
    assert(report.counters.cycles! > 0);
  }
  // Cycles of a card depend on when its movers deliver the packets.
  const { cycles: _cycles, stalls: _stalls, ...counters } = device.counters();
  return counters;
}
