/**
 * The suite that every workload passes on every device that runs it: right results however packets are lost, doubled,
 * reordered or corrupted; two of everything; stopping; refusals.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { RunReport } from "../../runtime/run_report.ts";
import { Session } from "../../runtime/session.ts";
import { OFFSET } from "../../serialize/header.ts";
import { slotAddress } from "../../serialize/packets.ts";
import { refusal } from "../support/failure.ts";
import type { Open, Register } from "./suite_types.ts";
import { settle, test, withoutUnhandled } from "./helpers.ts";
import { CORRUPTS, DOUBLES, LOSES, REVERSES, sealAgain, spoiledDevice } from "./spoiled_device.ts";
import type { WorkloadSample } from "./workload_samples.ts";

/** A session of any workload: the suite does not know the types of samples. */
export interface AnySession {
  readonly run: (input: unknown, options?: unknown) => Promise<{ output: unknown; report: RunReport }>;
  readonly runMany: (
    inputs: readonly unknown[],
  ) => Promise<{ outputs: readonly unknown[]; report: RunReport }>;
}

/** Opens a session of a sample. */
export async function openSample(sample: WorkloadSample, device: Device, plan?: Plan): Promise<AnySession> {
  const open = Session.open as unknown as (...args: unknown[]) => Promise<AnySession>;
  return await open(plan ?? sample.compile(device.profile), device, sample.resources, {
    workload: sample.workload,
  });
}

/**
 * Registers the suite.
 *
 * @param device Name of the device.
 * @param open Opens it; the suite closes it.
 * @param samples Samples of the workloads that it runs.
 */
export function workloadSuite(device: string, open: Open, samples: readonly WorkloadSample[]): void {
  for (const sample of samples) {
    const register: Register = (criterion, run) =>
      test(`${sample.name} on ${device}: ${criterion}`, async () => {
        const opened = await open();
        try {
          await run(opened);
        } finally {
          await opened.close();
        }
      });
    registerResults(sample, register);
    registerFaults(sample, register);
    registerStops(sample, register);
  }
  if (samples.length > 1) registerPairs(device, open, samples);
}

function registerResults(sample: WorkloadSample, register: Register): void {
  const { inputs, check } = sample;

  register("inputs one after another, and many together, are each right", async (device) => {
    const session = await openSample(sample, device);
    for (const input of inputs) check(input, (await session.run(input)).output);
    const { outputs, report } = await session.runMany(inputs);
    inputs.forEach((input, n) => check(input, outputs[n]));
    assert.equal(report.resent, 0);
    assert.deepEqual(Object.keys(report.outcomes), ["accepted"]);
  });

  register("concurrent runs of one session are each right", async (device) => {
    const session = await openSample(sample, device);
    const results = await Promise.all([...inputs, ...inputs].map((input) => session.run(input)));
    results.forEach(({ output }, n) => check(inputs[n % inputs.length], output));
  });

  register("two sessions of one plan are each right, one after another and at once", async (device) => {
    const plan = sample.compile(device.profile);
    const [a, b] = [await openSample(sample, device, plan), await openSample(sample, device, plan)];
    for (const input of inputs) {
      check(input, (await a.run(input)).output);
      check(input, (await b.run(input)).output);
    }
    const results = await Promise.all(inputs.flatMap((input) => [a.run(input), b.run(input)]));
    results.forEach(({ output }, n) => check(inputs[n >> 1], output));
  });
}

function registerFaults(sample: WorkloadSample, register: Register): void {
  const { inputs: [input], check } = sample;
  for (const [name, spoiler] of Object.entries({ LOSES, DOUBLES, REVERSES, CORRUPTS })) {
    register(`a device that ${name.toLowerCase()} answers gives the same result`, async (device) => {
      const session = await openSample(sample, spoiledDevice(device, spoiler));
      const { output, report } = await session.run(input);
      check(input, output);
      if (spoiler === LOSES || spoiler === CORRUPTS) assert(report.resent > 0, "nothing was sent again");
      if (spoiler === DOUBLES) assert((report.outcomes.duplicate ?? 0) > 0, JSON.stringify(report.outcomes));
    });
  }

  const faults = {
    magic: [OFFSET.magic, 1],
    version: [OFFSET.version, 2],
    kind: [OFFSET.kind, 64],
    plan: [OFFSET.plan, 1],
    reserved: [OFFSET.reserved, 1],
  } as const;
  for (const reason of Object.keys(faults) as (keyof typeof faults)[]) {
    const [offset, bits] = faults[reason];
    register(`a request with a wrong ${reason} is dropped by that name and sent again`, async (device) => {
      const session = await openSample(
        sample,
        spoiledDevice(device, {
          before: ({ input: slots }, number) => {
            if (number > 0) return;
            slots.engine.bytes[slotAddress(slots, 0) + offset]! ^= bits;
            sealAgain(slots, 0);
          },
        }),
      );
      const { output, report } = await session.run(input);
      check(input, output);
      assert((report.counters.dropped[reason] ?? 0) >= 1, JSON.stringify(report.counters.dropped));
      assert(report.resent >= 1);
    });
  }

  register("answers that stay away end in a gap after the retries", async (device) => {
    const session = await openSample(sample, spoiledDevice(device, { after: () => 0 }));
    await assert.rejects(session.run(input, { retries: 1 }), refusal("gap", /2 tries/));
  });
}

function registerStops(sample: WorkloadSample, register: Register): void {
  const { inputs, check } = sample;

  register("a run that is aborted leaves, and the others go on", async (device) => {
    await withoutUnhandled(async () => {
      const session = await openSample(sample, device);
      const controller = new AbortController();
      const reason = new Error("enough");
      const stopped = session.run(inputs[0], { signal: controller.signal });
      const others = inputs.slice(1).map((input) => session.run(input));
      controller.abort(reason);
      await assert.rejects(stopped, (error) => error === reason);
      const results = await Promise.all(others);
      results.forEach(({ output }, n) => check(inputs[n + 1], output));
      check(inputs[0], (await session.run(inputs[0])).output);
      await settle();
    });
  });

  register("a run on a closed device is refused", async (device) => {
    const session = await openSample(sample, device);
    await device.close();
    await assert.rejects(session.run(inputs[0]), refusal("device", /closed/));
  });

  for (const options of [{ retries: -1 }, { retries: NaN }, { timeoutMs: NaN }, { signal: 5 }, null, 5]) {
    register(`options ${JSON.stringify(options)} are refused before anything is sent`, async (device) => {
      const session = await openSample(sample, device);
      await assert.rejects(session.run(inputs[0], options), refusal("size"));
      assert.equal(device.counters().packets, 0);
    });
  }
}

/** Sessions of different workloads share a device. */
function registerPairs(device: string, open: Open, samples: readonly WorkloadSample[]): void {
  test(`all workloads on ${device}: sessions of all share the device, one by one and at once`, async () => {
    const opened = await open();
    try {
      const sessions: AnySession[] = [];
      for (const sample of samples) sessions.push(await openSample(sample, opened));
      for (let n = 0; n < 3; n++) {
        for (const [at, { inputs, check }] of samples.entries()) {
          check(inputs[n], (await sessions[at]!.run(inputs[n])).output);
        }
      }
      const runs = samples.flatMap(({ inputs, check }, at) =>
        inputs.map(async (input) => check(input, (await sessions[at]!.run(input)).output))
      );
      await Promise.all(runs);
    } finally {
      await opened.close();
    }
  });
}
