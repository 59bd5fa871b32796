import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { lookupFlowCycles } from "../../kernels/lookup/cycles.ts";
import { memoize } from "../../kernels/memoize/memo.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { Session } from "../../runtime/session.ts";
import { tensor } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { sized } from "../support/long.ts";
import { test } from "./helpers.ts";
import { countersOf } from "./sample_counts.ts";
import { LOOKUP_SAMPLES } from "./workload_samples.ts";
import { workloadSuite } from "./workload_suite.ts";

workloadSuite("rtl", createRtlDevice, sized(LOOKUP_SAMPLES, LOOKUP_SAMPLES.slice(3, 6)));

for (const sample of LOOKUP_SAMPLES) {
  test(`${sample.name}: the model predicts the cycles, lookups and table bytes that the RTL counts`, async () => {
    await using rtl = await createRtlDevice();
    await using model = createModelDevice(RTL_PROFILE);
    const counted = await countersOf(rtl, sample);
    assert(counted.cycles !== null && counted.cycles > 0);
    assert.deepEqual(counted, await countersOf(model, sample));
  });
}

test("lookups on the RTL give the model's bytes and lookups, in the cycles that are predicted", async () => {
  await using rtl = await createRtlDevice();
  await using model = createModelDevice();
  for (
    const memo of [
      memoize((x) => 255 - x, { input: "u8", output: "u8" }),
      memoize((x) => x * x, { input: "u8", output: "f32" }),
      memoize((x) => x >= 1 ? 255 : x > 0 ? Math.floor(256 * x) : 0, { input: "bf16", output: "u8" }),
      memoize((x) => x / 2, { input: "bf16", output: "bf16" }),
    ]
  ) {
    const { dtype, itemBytes } = memo.domain;
    const count = 20_000;
    const data = dtype === "u8"
      ? Uint8Array.from({ length: count }, (_, n) => 7 * n)
      : Uint16Array.from({ length: count }, (_, n) => (977 * n) % 0x7f80);
    const input = tensor(data, { dtype, shape: [count] });
    const runs = [];
    for (const device of [rtl, model]) {
      const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
      const session = await Session.open(plan, device, { memo });
      const before = device.counters();
      const { output } = await session.run(input);
      const after = device.counters();
      runs.push({
        plan,
        output,
        lookups: after.lookups - before.lookups,
        cycles: after.cycles! - before.cycles!,
      });
    }
    const [own, plain] = runs as [typeof runs[number], typeof runs[number]];
    assert.deepEqual(own.output.data, plain.output.data);
    assert.equal(own.lookups, plain.lookups);
    const { packets: { request, answer, inFlight } } = own.plan;
    const bytes = count * itemBytes;
    const payloads = Array.from(
      { length: Math.ceil(bytes / request) },
      (_, n) => Math.min(request, bytes - n * request),
    );
    const sizes = {
      itemBytes: itemBytes as 1 | 2,
      outputBytes: (answer * itemBytes / request) as 1 | 2 | 4,
    };
    const { cycles, ideal } = lookupFlowCycles(sizes, payloads, inFlight);
    assert.equal(own.cycles, cycles, `${dtype} to ${memo.output}`);
    // A beat a cycle on the busier side; a window waits for its first packet and for its last answer.
    assert(
      cycles <= ideal + 120 * Math.ceil(payloads.length / inFlight),
      `${cycles} cycles, ideally ${ideal}`,
    );
  }
});

test("a lookup of more codes than the RTL holds is refused there by name, and runs on the model", async () => {
  const memo = memoize((a, b) => a + b, { input: [{ bits: 9 }, { bits: 8 }], output: "u16" });
  const input = tensor(Uint16Array.of(511, 255, 1, 2), { dtype: "u16", shape: [2, 2] });
  await using rtl = await createRtlDevice();
  await using model = createModelDevice();
  const planFor = (device: typeof rtl | typeof model) =>
    compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
  await assert.rejects(Session.open(planFor(rtl), rtl, { memo }), refusal("device"));
  const session = await Session.open(planFor(model), model, { memo });
  assert.deepEqual([...(await session.run(input)).output.data], [766, 3]);
});
