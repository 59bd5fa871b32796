import assert from "node:assert/strict";
import { memoize } from "../../../kernels/memoize/memo.ts";
import { compile } from "../../../kernels/compile.ts";
import type { Plan } from "../../../kernels/plan/plan.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { type Tensor, tensor } from "../../../serialize/tensor.ts";
import { installFakeClock } from "../../support/fake_clock.ts";
import { noise } from "../../support/images.ts";
import { sized } from "../../support/long.ts";
import { sameTensor } from "../helpers.ts";
import { LOOKUP_SAMPLES } from "../workload_samples.ts";
import { openVirtualParties, type VirtualOptions } from "./virtual_parties.ts";

/** Rows of two packets, of which the first few complete no answer. */
const ROWS = { steps: [{ op: "resize", size: [112, 224], match: "pillow" }] } as const;
const IMAGES = [1, 2].map((seed) => noise(1, 200, 600, 3, seed));
const ROWS_PLAN: Plan = compile(ROWS, { input: IMAGES[0]!, device: MODEL_PROFILE });

/** Sends images in rows, one after the other, and compares them. */
async function sendRows(options: Omit<VirtualOptions, "plan">) {
  using clock = installFakeClock();
  await using parties = await openVirtualParties({ ...options, plan: ROWS_PLAN });
  const reports = await clock.run(Promise.all(IMAGES.map((each, n) => parties.send(each, `${n}`))), 1e6);
  for (const [n, image] of IMAGES.entries()) {
    const outputs = parties.outputs.get(`${n}`) ?? [];
    assert.equal(outputs.length, 1);
    sameTensor(outputs[0] as Tensor, referencePipeline(ROWS, image));
  }
  const sum = (name: "sent" | "resent") => reports.reduce((all, each) => all + each[name], 0);
  const { timeouts } = parties.loop, { dropped, repeated } = parties.nic();
  return {
    sent: sum("sent"),
    resent: sum("resent"),
    timeouts,
    ms: clock.now(),
    late: dropped["late"] ?? 0,
    repeated,
  };
}

Deno.test("a NIC reports a request again that it took already, so that a lost report does not end the flow", async () => {
  // The first reports of the NIC and of the receiver are lost, so the sender repeats requests that complete no answer.
  const loses: VirtualOptions["loses"] = (from, to, n) => from !== "10.0.0.1" && to === "10.0.0.1" && n < 6;
  const run = await sendRows({ faults: { delayMs: 2 }, seed: 1, loses });
  assert(run.late > 0, JSON.stringify(run));
  assert(run.timeouts <= 6, JSON.stringify(run));
});

Deno.test("images in rows cross paths that each lose 10% or 20% with few timeouts, in little time", async () => {
  const clean = await sendRows({ faults: { delayMs: 2 }, seed: 1 });
  assert.deepEqual([clean.resent, clean.timeouts], [0, 0]);
  // Requests and answers are lost, and so are repeats: more than 1 - 0.9 ** 2, or 1 - 0.8 ** 2, of what was sent first.
  const bounds = [[0.1, 0.32, 0.006, 20], [0.2, 0.85, 0.02, 60]] as const;
  for (const [loss, repeats, timeouts, slower] of bounds) {
    const all = { resent: 0, timeouts: 0, ms: 0 }, seeds = sized(40, 10);
    for (let seed = 1; seed <= seeds; seed++) {
      const run = await sendRows({ faults: { loss, delayMs: 2 }, seed });
      for (const name of Object.keys(all) as (keyof typeof all)[]) all[name] += run[name];
    }
    const requests = seeds * clean.sent, text = `${loss}: ${JSON.stringify({ ...all, requests, clean })}`;
    assert(all.resent < repeats * requests, text);
    assert(all.timeouts < timeouts * requests, text);
    assert(all.ms < slower * seeds * clean.ms, text);
  }
});

Deno.test("requests that stand alone cross paths that each lose 20% without a window that stays small", async () => {
  const sample = LOOKUP_SAMPLES[0]!, plan = sample.compile(MODEL_PROFILE);
  for (let seed = 1; seed <= sized(20, 4); seed++) {
    using clock = installFakeClock();
    const faults = { loss: 0.2, delayMs: 2 };
    await using parties = await openVirtualParties({
      plan,
      resources: sample.resources,
      faults,
      seed,
    });
    const names = Array.from({ length: 60 }, (_, n) => `${n}`);
    const inputs = names.map((name, n) => parties.send(sample.inputs[n % sample.inputs.length], name));
    await clock.run(Promise.all(inputs), 1e6);
    for (const [n, name] of names.entries()) {
      const outputs = parties.outputs.get(name) ?? [];
      assert.equal(outputs.length, 1);
      sample.check(sample.inputs[n % sample.inputs.length], outputs[0]);
    }
    assert(clock.now() < 3000, `${clock.now()} ms`);
  }
});

Deno.test("large inputs take at most 1.12 of the time at 1% loss, with few timeouts", async () => {
  const memo = memoize((x) => 255 - x, { input: "u8", output: "u8" });
  const data = Uint8Array.from({ length: 400 * 600 * 3 }, (_, n) => (n * 7 + (n >> 9)) & 255);
  const input = tensor(data, { dtype: "u8", shape: [400, 600, 3] }), device = MODEL_PROFILE;
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
  const send = async (loss: number, seed: number) => {
    using clock = installFakeClock();
    const faults = { loss, delayMs: 5 };
    await using parties = await openVirtualParties({ plan, resources: { memo }, faults, seed });
    let next = 0;
    const lane = async () => {
      while (next < 24) await parties.send(input, `${next++}`);
    };
    await clock.run(Promise.all(Array.from({ length: 8 }, lane)), 1e6);
    return { ms: clock.now(), timeouts: parties.loop.timeouts };
  };
  const clean = await send(0, 1), seeds = sized(8, 2);
  assert.equal(clean.timeouts, 0);
  let ms = 0, timeouts = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const lossy = await send(0.01, seed);
    [ms, timeouts] = [ms + lossy.ms, timeouts + lossy.timeouts];
  }
  assert(ms < 1.12 * seeds * clean.ms, `${ms / seeds} ms, ${clean.ms} without loss`);
  assert(timeouts <= 6 * seeds, `${timeouts} timeouts in ${seeds} runs`);
});

Deno.test("a flow without any report ends with gap after 5 s and 12 timeouts, not sooner", async () => {
  using clock = installFakeClock();
  const loses: VirtualOptions["loses"] = (_, __, n) => n >= 8;
  await using parties = await openVirtualParties({ plan: ROWS_PLAN, faults: { delayMs: 2 }, seed: 1, loses });
  const sending = parties.send(IMAGES[0], "0");
  await assert.rejects(clock.run(sending, 1e6), { code: "gap", message: /requests stay unacknowledged/ });
  assert(clock.now() >= 5000 && clock.now() < 20_000, `${clock.now()} ms`);
  assert(parties.loop.timeouts >= 12);
});

Deno.test("a flow whose reports bring nothing new ends with gap after 15 s, and one that makes progress does not", async () => {
  for (const isBlocked of [true, false]) {
    using clock = installFakeClock();
    // The NIC never gets request 9, or gets it after 12 copies. It reports that it holds later ones.
    let copies = 0;
    const loses: VirtualOptions["loses"] = (from, _, __, bytes) => {
      if (from !== "10.0.0.1" || bytes.length < HEADER_BYTES) return false;
      const sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(OFFSET.sequence, true);
      return sequence === 9 && (isBlocked || copies++ < 12);
    };
    await using parties = await openVirtualParties({
      plan: ROWS_PLAN,
      faults: { delayMs: 2 },
      seed: 1,
      loses,
    });
    const sending = clock.run(parties.send(IMAGES[0], "0"), 1e6);
    if (isBlocked) {
      await assert.rejects(sending, { code: "gap", message: /requests stay unacknowledged/ });
      assert(clock.now() < 25_000, `${clock.now()} ms`);
    } else {
      await sending;
      assert(copies >= 12);
      sameTensor(parties.outputs.get("0")![0] as Tensor, referencePipeline(ROWS, IMAGES[0]!));
    }
  }
});
