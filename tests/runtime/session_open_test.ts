import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { Session } from "../../runtime/session.ts";
import { tensor } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { toyConnection, ToyFlow, toyProgram } from "../support/toy_flows.ts";

const plan = compile({ steps: [{ op: "center_crop", size: [8, 8] }] }, {
  input: { dtype: "u8", shape: [16, 16, 3], layout: "HWC" },
  device: MODEL_PROFILE,
});

const image = tensor(new Uint8Array(768).fill(5), { dtype: "u8", shape: [16, 16, 3], layout: "HWC" });
// deno-lint-ignore no-explicit-any -- arguments of the wrong kind
const open = Session.open as (...values: any[]) => Promise<Session>;

Deno.test("Session.open() refuses what is no plan, no device or no options, by what it found", async () => {
  const device = createModelDevice();
  for (
    const [value, found] of [[undefined, "undefined"], [null, "null"], [[], "an array"], [
      5,
      "of type number",
    ]]
  ) {
    await assert.rejects(
      open(value, device),
      refusal("plan", new RegExp(`with a plan that is ${found}: expected a plan from compile`)),
    );
    await assert.rejects(
      open(plan, value),
      refusal(
        "device",
        new RegExp(`with a device that is ${found}: expected a device from createModelDevice`),
      ),
    );
  }
  // Both are asked for: a plan's mark, and the device that it is for.
  for (const value of [{ ...plan, format: "onpath.other" }, { ...plan, target: undefined }]) {
    await assert.rejects(
      open(value, device),
      refusal("plan", /with a plan that is .*: expected a plan from compile/),
    );
  }
  await assert.rejects(open(plan, device, undefined, 5), refusal("size", /options/));
  await assert.rejects(open(plan, device, undefined, { retries: -1 }), refusal("size"));
  const signal = AbortSignal.abort(new Error("before"));
  await assert.rejects(open(plan, device, undefined, { signal }), /before/);
  assert.equal(device.loaded(), null);
});

Deno.test("Session.open() refuses a plan of another device, and of other numbers of this one", async () => {
  const faster = createModelDevice({ ...MODEL_PROFILE, clockMHz: MODEL_PROFILE.clockMHz + 1 });
  await assert.rejects(open(plan, faster), refusal("plan", /another profile of that device/));
  const other = createModelDevice({ ...MODEL_PROFILE, name: "other" });
  await assert.rejects(open(plan, other), refusal("plan", /compiled for model/));
  assert.equal(other.loaded(), null);
});

Deno.test("Session.open() loads the plan, and run() gives output and account", async () => {
  const device = createModelDevice();
  const session = await Session.open(plan, device);
  assert.equal(session.plan, plan);
  assert.equal(device.loaded()?.plan, plan);
  const { output, report } = await session.run(image);
  assert(output.data.every((level) => level === 5));
  const { sent, resent, escapes, hostBytes, retries, removed, outcomes, counters } = report;
  assert(sent > 0);
  assert.deepEqual([resent, escapes, hostBytes, retries, removed], [0, 0, 0, 0, 0]);
  assert.deepEqual([outcomes, counters], [{ accepted: sent }, device.counters()]);
  const many = await session.runMany([image, image]);
  assert.deepEqual([many.outputs.length, many.report.sent], [2, 2 * sent]);
});

Deno.test("Session refuses options and signals before it starts, and streams of inputs that come whole", async () => {
  const device = createModelDevice();
  const session = await Session.open(plan, device);
  await assert.rejects(session.run(image, { timeoutMs: -1 }), refusal("size"));
  await assert.rejects(session.run(image, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  assert.throws(() => session.stream({ retries: -1 }), refusal("size"));
  assert.throws(() => session.stream(), refusal("pipeline", /cannot grow/));
  assert.equal(device.counters().packets, 0);
});

/** A workload whose inputs are flows, and whose streams record their steps. */
function toyWorkload(steps: string[] = []) {
  const connection = {
    ...toyConnection(),
    begin: (flow: ToyFlow) => ({ flows: [flow], result: () => flow.number }),
    stream: (run: (flow: ToyFlow) => Promise<void>) => ({
      push: async (chunk: string) => {
        if (chunk === "sent") await run(new ToyFlow(9, 1));
        steps.push(`begin ${chunk}`);
        await new Promise((resolve) => setTimeout(resolve, chunk === "slow" ? 5 : 0));
        steps.push(`end ${chunk}`);
        if (chunk === "bad") throw new Error("bad chunk");
        return chunk;
      },
      end: () => Promise.resolve(steps.push("over")),
    }),
  };
  const program = { ...toyProgram(plan.id), model: () => assert.fail("not run") };
  return { name: "toy", open: () => ({ program, connect: () => connection }) };
}

/** A model device that loads anything and answers nothing. */
const silent = () => ({
  ...createModelDevice(),
  loaded: () => null,
  load: () => Promise.resolve(),
  exchange: () => Promise.resolve(0),
});

Deno.test("Session.run() refuses a flow that has nothing to send and is not done", async () => {
  const session = await open(plan, silent(), undefined, { workload: toyWorkload() }) as unknown as {
    runMany: (flows: ToyFlow[]) => Promise<{ outputs: number[] }>;
  };
  const stalled = new ToyFlow(1, 2);
  stalled.due = 0;
  await assert.rejects(session.runMany([new ToyFlow(3, 0), stalled]), refusal("gap", /1 of 2 flows/));
  assert.deepEqual((await session.runMany([new ToyFlow(3, 0)])).outputs, [3]);
});

Deno.test("Session.stream() takes steps in their order, and goes on after one that fails", async () => {
  const steps: string[] = [];
  const session = await open(plan, silent(), undefined, { workload: toyWorkload(steps) }) as unknown as {
    stream: (options?: object) => { push: (chunk: string) => Promise<string>; end: () => Promise<unknown> };
  };
  const { push, end } = session.stream();
  const all = [push("slow"), push("bad"), push("next"), end()];
  await assert.rejects(all[1]!, /bad chunk/);
  assert.deepEqual([await all[0], await all[2]], ["slow", "next"]);
  await all[3];
  const order = ["slow", "bad", "next"].flatMap((chunk) => [`begin ${chunk}`, `end ${chunk}`]);
  assert.deepEqual(steps, [...order, "over"]);
  // The device answers nothing, so that what is sent stays missing.
  await assert.rejects(session.stream({ retries: 4 }).push("sent"), refusal("gap", /after 5 tries/));
});
