import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import type { FormName } from "../../kernels/image/kernel.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import type { Device } from "../../runtime/device/device.ts";
import { createFallback } from "../../runtime/fallback.ts";
import { offload } from "../../runtime/offload.ts";
import { processorFrom } from "../../runtime/processor/processor.ts";
import { Session } from "../../runtime/session.ts";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";
import { refusal } from "../support/failure.ts";
import { inLayout, noise } from "../support/images.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice } from "./faulty_device.ts";
import { sameTensor, test } from "./helpers.ts";
import { expected, PIPELINE, planFor } from "./session_samples.ts";
import { CACHE_SAMPLES, IMAGE_SAMPLES, LOOKUP_SAMPLES, NORMALIZE_SAMPLE } from "./workload_samples.ts";

const lost = (code: ErrorCode = "device") =>
  Promise.reject(new OnpathError(code, `Cannot run: ${code} lost`));
const never = () => new Promise<never>(() => {});
const openFalling = (device: Device, options = {}) =>
  Session.open(planFor(device), device, undefined, { fallback: "cpu", ...options });

/** Runs with a clock that stands still, unless it is set. */
async function withClock(run: (set: (milliseconds: number) => void) => Promise<void>): Promise<void> {
  const { now } = performance;
  let clock = 0;
  performance.now = () => clock;
  try {
    await run((milliseconds) => clock = milliseconds);
  } finally {
    performance.now = now;
  }
}

for (const code of ["device", "table", "gap"] as const) {
  test(`Session with fallback runs on the host after an error ${code}, and names it`, async () => {
    await using device = faultyDevice(() => lost(code));
    const session = await openFalling(device);
    const { output, report } = await session.run(smallImage());
    sameTensor(output, expected(smallImage()));
    assert.deepEqual([report.direct, report.sent, report.fallbackReason], [1, 0, `Cannot run: ${code} lost`]);
  });
}

test("Session with fallback runs on the host while no answer comes, and after the retries", async () => {
  await using device = faultyDevice(() => Promise.resolve(0));
  const session = await openFalling(device);
  const { output, report } = await session.run(smallImage(), { retries: 1 });
  sameTensor(output, expected(smallImage()));
  assert.match(report.fallbackReason!, /did not come back after 2 tries/);
});

test("Session with fallback opens on a device that refuses or never ends the load", async () => {
  for (const load of [() => lost("table"), () => lost("device"), never]) {
    await using device = faultyDevice(({ answer }) => answer(), load);
    const session = await openFalling(device, { timeoutMs: 5 });
    sameTensor((await session.run(smallImage())).output, expected(smallImage()));
    assert.equal(device.calls(), 0);
  }
});

test("Session with fallback returns to a device that was late, with new memory for packets", async () => {
  await withClock(async (setClock) => {
    await using device = faultyDevice(({ number, answer }) => number === 0 ? never() : answer());
    const session = await openFalling(device);
    const late = await session.run(smallImage(), { timeoutMs: 5 });
    assert.match(late.report.fallbackReason!, /5 ms have passed/);
    sameTensor(late.output, expected(smallImage()));
    setClock(1000);
    const { output, report } = await session.run(smallImage(2));
    sameTensor(output, expected(smallImage(2)));
    assert.deepEqual([report.direct, report.fallbackReason, report.resent], [0, undefined, 0]);
  });
});

test("Session with fallback tries a lost device again after 1 s, 2 s, and so on up to 60 s", async () => {
  await withClock(async (setClock) => {
    let isLost = true;
    await using device = faultyDevice(({ answer }) => isLost ? lost() : answer());
    const session = await openFalling(device);
    let now = 0;
    let calls = 0;
    const runAt = async (time: number, isTry: boolean) => {
      setClock(time);
      const { output, report } = await session.run(smallImage());
      sameTensor(output, expected(smallImage()));
      assert.equal(report.fallbackReason === undefined, !isLost && isTry, `at ${time}`);
      calls += isTry ? 1 : 0;
      assert.equal(device.calls(), calls, `at ${time}`);
    };
    await runAt(0, true);
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      await runAt(now + 1000 * seconds - 1, false);
      await runAt(now += 1000 * seconds, true);
    }
    isLost = false;
    await runAt(now + 59_999, false);
    await runAt(now += 60_000, true);
    await runAt(now, true);
    isLost = true;
    // A device that has worked is tried after 1 s again.
    await runAt(now, true);
    await runAt(now + 999, false);
    await runAt(now + 1000, true);
  });
});

test("createFallback() lets one run try the device, and keeps the others on the host meanwhile", async () => {
  await withClock(async (setClock) => {
    let hosts = 0;
    const { run } = createFallback(() => Promise.resolve(++hosts));
    const onHost = (host: number, reason: string) => Promise.resolve(`host ${host}: ${reason}`);
    const failed = Array.from({ length: 3 }, () => run(() => lost(), onHost));
    assert.deepEqual(await Promise.all(failed), Array(3).fill("host 1: Cannot run: device lost"));
    setClock(1000);
    let end!: (value: string) => void;
    const trying = run(() => new Promise<string>((resolve) => end = resolve), onHost);
    setClock(1e9);
    const asked = () => Promise.resolve("device");
    assert.equal(await run(asked, onHost), "host 1: Cannot run: device lost");
    end("first");
    assert.equal(await trying, "first");
    assert.equal(await run(asked, onHost), "device");
    assert.equal(hosts, 1);
  });
});

test("createFallback() tries again 1 s after a try that ended by another error", async () => {
  await withClock(async (setClock) => {
    const { run } = createFallback(() => Promise.resolve());
    const onHost = () => Promise.resolve("host");
    await run(() => lost(), onHost);
    setClock(1000);
    const stopped = new Error("aborted");
    await assert.rejects(run(() => Promise.reject(stopped), onHost), (error) => error === stopped);
    setClock(1999);
    assert.equal(await run(() => Promise.resolve("device"), onHost), "host");
    setClock(2000);
    assert.equal(await run(() => Promise.resolve("device"), onHost), "device");
  });
});

test("Session with fallback throws errors of inputs, of options and of the caller", async () => {
  await using device = faultyDevice(() => lost("packet"));
  const session = await openFalling(device);
  await assert.rejects(session.run(noise(1, 3, 3, 3, 1)), refusal("shape"));
  await assert.rejects(session.run("photo" as never), refusal("dtype"));
  await assert.rejects(session.run(smallImage(), { retries: -1 }), refusal("size"));
  const reason = new Error("enough");
  await assert.rejects(
    session.run(smallImage(), { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
  assert.equal(device.calls(), 0);
  await assert.rejects(session.run(smallImage()), refusal("packet"));
  const open = Session.open(planFor(device), device, undefined, { fallback: "gpu" as "cpu" });
  await assert.rejects(open, refusal("size", /fallback gpu: expected "cpu"/));
  await using other = createModelDevice(RTL_PROFILE);
  await assert.rejects(Session.open(planFor(device), other, undefined, { fallback: "cpu" }), refusal("plan"));
});

test("Session with fallback throws errors of inputs while the device is lost", async () => {
  await using device = faultyDevice(() => lost());
  const session = await openFalling(device);
  await session.run(smallImage());
  await assert.rejects(session.run(noise(1, 3, 3, 3, 1)), refusal("shape"));
});

test("Session without fallback throws the device's error", async () => {
  await using device = faultyDevice(() => lost());
  const session = await Session.open(planFor(device), device);
  await assert.rejects(session.run(smallImage()), refusal("device", /device lost/));
});

for (const sample of [...IMAGE_SAMPLES, NORMALIZE_SAMPLE, LOOKUP_SAMPLES[4]!, CACHE_SAMPLES[0]!]) {
  test(`Session with fallback gives the same ${sample.name} on the host`, async () => {
    await using device = faultyDevice(() => lost());
    const open = Session.open as unknown as (...args: unknown[]) => Promise<Session>;
    const options = { fallback: "cpu", workload: sample.workload };
    const session = await open(sample.compile(device.profile), device, sample.resources, options);
    const { outputs, report } = await session.runMany(sample.inputs as never);
    outputs.forEach((output, n) => sample.check(sample.inputs[n], output));
    assert.match(report.fallbackReason!, /device lost/);
    assert.equal(report.direct, sample.name.startsWith("image") ? sample.inputs.length : 0);
  });
}

test("Session with fallback runs plans of the RTL, and approximate plans as the model does", async () => {
  const image = inLayout(noise(1, 30, 40, 3, 7), "HWC");
  const forms: [FormName | undefined, number][] = [[undefined, 1], ["universal", 0]];
  for (const [form, direct] of forms) {
    const device = { ...createModelDevice(RTL_PROFILE), exchange: () => lost() };
    const plan = compile({ steps: [{ op: "resize", size: [20, 20] }] }, {
      input: image,
      device: RTL_PROFILE,
      ...(form === undefined ? {} : { form, tolerance: 1 }),
    });
    const { output, report } = await offload(plan, image, device, { fallback: "cpu" });
    await using model = createModelDevice(RTL_PROFILE);
    sameTensor(output, (await offload(plan, image, model)).output);
    assert.equal(report.direct, direct, form);
    assert.match(report.fallbackReason!, /device lost/);
  }
});

test("offload() with fallback tries the device in every call", async () => {
  await using device = faultyDevice(({ number, answer }) => number === 0 ? lost() : answer());
  const plan = planFor(device);
  const first = await offload(plan, smallImage(), device, { fallback: "cpu" });
  const second = await offload(plan, smallImage(), device, { fallback: "cpu" });
  for (const { output } of [first, second]) sameTensor(output, referencePipeline(PIPELINE, smallImage()));
  assert.match(first.report.fallbackReason!, /device lost/);
  assert.equal(second.report.fallbackReason, undefined);
});

test("processorFrom() with fallback processes images without its device", async () => {
  const json = {
    image_processor_type: "CLIPImageProcessor",
    size: { shortest_edge: 16 },
    crop_size: { height: 16, width: 16 },
  };
  const image = inLayout(noise(1, 20, 30, 3, 3), "HWC");
  const right = await processorFrom(json)(image);
  await using device = faultyDevice(() => lost());
  await assert.rejects(processorFrom(json)(image, { device }), refusal("device", /device lost/));
  const found = await processorFrom(json, { fallback: "cpu" })(image, { device });
  assert.deepEqual(found.pixel_values, right.pixel_values);
  assert.throws(() => processorFrom(json, { fallback: "gpu" as "cpu" }), refusal("size"));
});
