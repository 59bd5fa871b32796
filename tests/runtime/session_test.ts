import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import type { Progress } from "../../runtime/run_options.ts";
import { slice, tensor, toLayout } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { asWindow, inLayout, noise } from "../support/images.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice } from "./faulty_device.ts";
import { sameTensor, test } from "./helpers.ts";
import { expected, openSession, PACKETS, PIPELINE, planFor } from "./session_samples.ts";

test("Session.run() reports what it sent and what came back", async () => {
  await using device = createModelDevice();
  const session = await openSession(device);
  const { output, report } = await session.run(smallImage());
  sameTensor(output, expected(smallImage()));
  assert.deepEqual([report.sent, report.resent], [PACKETS, 0]);
  assert.deepEqual(report.outcomes, { accepted: PACKETS });
  assert.deepEqual(report.counters, device.counters());
  for (const time of [report.serializeMs, report.deviceMs, report.reassembleMs]) {
    assert(Number.isFinite(time) && time >= 0);
  }
});

test("Session.run() takes the input in any layout and strides", async () => {
  await using device = createModelDevice();
  const session = await openSession(device);
  const image = smallImage(5);
  const right = expected(image);
  const inputs = [
    inLayout(image, "CHW"),
    inLayout(image, "NHWC"),
    inLayout(image, "NCHW"),
    toLayout(image, "CHW"),
  ];
  for (const input of [...inputs, asWindow(image, 3)]) sameTensor((await session.run(input)).output, right);
});

test("Session.run() refuses another dtype, shape or number of channels and stays usable", async () => {
  await using device = createModelDevice();
  const session = await openSession(device);
  const floats = tensor(new Float32Array(1800), { dtype: "f32", shape: [20, 30, 3], layout: "HWC" });
  await assert.rejects(session.run(floats), refusal("dtype", /f32: expected u8/));
  await assert.rejects(
    session.run(inLayout(noise(1, 30, 20, 3, 1), "HWC")),
    refusal("shape", /\[30, 20, 3\].*\[20, 30, 3\]/),
  );
  await assert.rejects(session.run(inLayout(noise(1, 20, 30, 4, 1), "HWC")), refusal("shape"));
  await assert.rejects(session.run(noise(2, 20, 30, 3, 1)), refusal("shape"));
  const nameless = tensor(new Uint8Array(1800), { dtype: "u8", shape: [20, 30, 3] });
  await assert.rejects(session.run(nameless), refusal("shape", /its own layout is missing/));
  await assert.rejects(session.run(slice(smallImage(), [0, 0, 0], [20, 29, 3])), refusal("shape"));
  sameTensor((await session.run(smallImage())).output, expected(smallImage()));
  assert.equal(device.counters().packets, PACKETS);
});

test("Session.open() and offload() refuse a plan for another device", async () => {
  await using device = createModelDevice();
  const plan = compile(PIPELINE, { input: smallImage(), device: { ...MODEL_PROFILE, name: "rtl" } });
  await assert.rejects(Session.open(plan, device), refusal("plan", /device model: it was compiled for rtl/));
  await assert.rejects(offload(plan, smallImage(), device), refusal("plan"));
});

test("offload() refuses a wrong input before the device is asked for anything", async () => {
  let loads = 0;
  await using device = faultyDevice(({ answer }) => answer(), (model, plan) => {
    loads++;
    return model.load(plan);
  });
  await assert.rejects(offload(planFor(device), noise(1, 2, 2, 3, 1), device), refusal("shape"));
  assert.deepEqual([loads, device.calls()], [0, 0]);
});

test("Session.run() gives every run a buffer of its own", async () => {
  await using device = createModelDevice();
  const session = await openSession(device);
  const [one, two] = [await session.run(smallImage(1)), await session.run(smallImage(2))];
  assert.notEqual(one.output.data.buffer, two.output.data.buffer);
  sameTensor(one.output, expected(smallImage(1)));
  sameTensor(two.output, expected(smallImage(2)));
});

test("Session.run() queues concurrent runs: one exchange at a time, each result right", async () => {
  let under = 0;
  let most = 0;
  await using device = faultyDevice(async ({ answer }) => {
    most = Math.max(most, ++under);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const count = await answer();
    under--;
    return count;
  });
  const session = await openSession(device);
  const images = [1, 2, 3, 4, 5].map((seed) => smallImage(seed));
  const wrong = session.run(noise(1, 2, 2, 3, 1));
  const results = await Promise.all([
    ...images.map((image) => session.run(image)),
    assert.rejects(wrong, refusal("shape")),
  ]);
  images.forEach((image, index) => sameTensor(results[index]!.output, expected(image)));
  assert.equal(most, 1);
  assert.equal(device.calls(), 5);
});

for (const retries of [-1, 0.5, NaN, 1001]) {
  test(`Session.run() refuses ${retries} retries and stays usable`, async () => {
    await using device = createModelDevice();
    const session = await openSession(device);
    await assert.rejects(session.run(smallImage(), { retries }), refusal("size", /retries/));
    sameTensor((await session.run(smallImage())).output, expected(smallImage()));
  });
}

test("Session.run() sends more packets than its window holds, in windows of 1024", async () => {
  const batch = noise(9, 30, 40, 3, 4);
  const pipeline = { steps: [{ op: "resize", size: [130, 100] }] } as const;
  const counts: number[] = [];
  const memory = new Set<ArrayBuffer>();
  await using device = faultyDevice(({ exchange, answer }) => {
    counts.push(exchange.count);
    memory.add(exchange.input.engine.bytes.buffer).add(exchange.output.engine.bytes.buffer);
    return answer();
  });
  const progress: Progress[] = [];
  const plan = compile(pipeline, { input: batch, device, layout: "cells" });
  assert.equal(plan.body.layout.cut.packets, 9 * 130 * 2);
  const { output, report } = await offload(plan, batch, device, {
    onProgress: (state) => progress.push(state),
  });
  sameTensor(output, referencePipeline(pipeline, batch));
  assert.deepEqual(counts, [1024, 1024, 292]);
  assert.equal(report.sent, 2340);
  assert.deepEqual(progress, [1024, 2048, 2340].map((done) => ({ done, total: 2340 })));
  const [larger] = [...memory];
  assert.equal(memory.size, 1);
  assert(larger!.byteLength < 4 * 2 ** 20, `${larger!.byteLength} bytes`);
});

test("Session.open() reserves no more memory for a batch of 64 than for one of 4", async () => {
  const sizes = [];
  for (const images of [4, 64]) {
    let bytes = 0;
    await using device = faultyDevice(({ exchange, answer }) => {
      bytes = exchange.input.engine.bytes.length;
      return answer();
    });
    const batch = noise(images, 8, 8, 3, images);
    const plan = compile({ steps: [{ op: "resize", size: [300, 100] }] }, {
      input: batch,
      device,
      layout: "cells",
    });
    assert(plan.body.layout.cut.packets > 1024);
    await offload(plan, batch, device);
    sizes.push(bytes);
  }
  assert.equal(sizes[0], sizes[1]);
});

test("Session.run() lets go of an output that its caller let go of", async () => {
  const program = `
    import { compile, createModelDevice, Session, zeros } from "onpath";
    const image = zeros({ dtype: "u8", shape: [20, 30, 3], layout: "HWC" });
    const device = createModelDevice();
    const plan = compile({ steps: [{ op: "resize", size: [40, 40] }] }, { input: image, device });
    const session = await Session.open(plan, device);
    const run = async () => new WeakRef((await session.run(image)).output.data.buffer);
    const output = await run();
    for (let i = 0; i < 5; i++) { await new Promise((resolve) => setTimeout(resolve, 0)); gc(); }
    console.log(output.deref() === undefined ? "free" : "held", session.plan.id === plan.id);
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", program],
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stderr: "null",
  });
  const { stdout } = await child.output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "free true");
});
