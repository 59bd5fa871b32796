import assert from "node:assert/strict";
import { checkRunOptions, type RunOptions } from "../../runtime/run_options.ts";
import { compile } from "../../kernels/compile.ts";
import type { Device } from "../../runtime/device/device.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { bounded } from "../../serialize/wait.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice } from "./faulty_device.ts";
import { settle, test, withoutUnhandled } from "./helpers.ts";
import { openSession, planFor } from "./session_samples.ts";

/** Options that no run can keep. */
const BAD: Readonly<Record<string, Record<string, unknown>>> = {
  "a timeout of NaN": { timeoutMs: NaN },
  "a timeout of half a millisecond": { timeoutMs: 0.5 },
  "a timeout below 0": { timeoutMs: -1 },
  "a timeout that no timer keeps": { timeoutMs: 2 ** 31 },
  "a timeout as a text": { timeoutMs: "30" },
  "retries of NaN": { retries: NaN },
  "retries without end": { retries: Infinity },
  "retries below 0": { retries: -1 },
  "too many retries": { retries: 1001 },
  "retries as a text": { retries: "2" },
  "no retries by null": { retries: null },
  "a signal that is none": { signal: {} },
  "a signal as a text": { signal: "abort" },
  "a controller as the signal": { signal: new AbortController() },
  "a callback that is none": { onProgress: 1 },
};

test("checkRunOptions() takes the limits themselves and fills in the retries", () => {
  const { signal } = new AbortController();
  const good: [RunOptions, number][] = [
    [{}, 2],
    [{ timeoutMs: 0, retries: 0 }, 0],
    [{ timeoutMs: 2 ** 31 - 1, retries: 1000, signal, onProgress: () => {} }, 1000],
    [{ timeoutMs: undefined, retries: undefined, signal: undefined, onProgress: undefined }, 2],
  ];
  for (const [options, retries] of good) assert.deepEqual(checkRunOptions(options), { retries });
});

test("checkRunOptions() refuses what is no object", () => {
  for (const none of [null, 5, "fast"]) {
    assert.throws(() => checkRunOptions(none as unknown as RunOptions), refusal("size"));
  }
});

/** A device that counts how often it is called. */
function countingDevice(): { device: Device; calls: () => number } {
  let calls = 0;
  const model = faultyDevice(({ answer }) => answer());
  const counted = (name: "load" | "exchange") => (...args: unknown[]) => {
    calls++;
    return (model[name] as (...args: unknown[]) => Promise<never>)(...args);
  };
  const device: Device = {
    ...model,
    load: counted("load"),
    exchange: counted("exchange"),
  };
  return { device, calls: () => calls };
}

for (const [what, options] of Object.entries(BAD)) {
  test(`sessions and streams refuse ${what} before they call the device`, async () => {
    assert.throws(() => checkRunOptions(options), refusal("size"));
    await withoutUnhandled(async () => {
      const { device, calls } = countingDevice();
      const plan = planFor(device);
      const texts = compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }, {
        device,
      });
      await assert.rejects(Session.open(plan, device, undefined, options), refusal("size"));
      await assert.rejects(offload(plan, smallImage(), device, options), refusal("size"));
      await assert.rejects(Session.open(texts, device, undefined, options), refusal("size"));
      assert.equal(calls(), 0);
      const session = await openSession(device);
      const normalizer = await Session.open(texts, device);
      const loaded = calls();
      await assert.rejects(session.run(smallImage(), options), refusal("size"));
      await assert.rejects(normalizer.run("text", options), refusal("size"));
      assert.throws(() => normalizer.stream(options), refusal("size"));
      await settle();
      assert.equal(calls(), loaded);
    });
  });
}

test("bounded() handles what fails after its wait was refused", async () => {
  await withoutUnhandled(async () => {
    const reason = new Error("enough");
    const late = () => settle().then(() => Promise.reject(new Error("late")));
    assert.throws(() => bounded("a thing", late(), { timeoutMs: NaN }), refusal("size"));
    const signal = AbortSignal.abort(reason);
    assert.throws(() => bounded("a thing", late(), { signal }), (error) => error === reason);
    await settle();
    await settle();
  });
});

test("Session.run() aborted while a device loads pages leaves no rejection behind", async () => {
  await withoutUnhandled(async () => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const model = faultyDevice(({ answer }) => answer());
    const device: Device = {
      ...model,
      profile: { ...MODEL_PROFILE },
      exchange: async () => {
        controller.abort(reason);
        await settle();
        throw new Error("no pages today");
      },
    };
    const images = noise(2, 31, 41, 3, 1);
    const plan = compile({ steps: [{ op: "resize", size: [23, 19] }] }, {
      input: images,
      device,
      form: "row-pages",
    });
    const session = await Session.open(plan, device);
    await assert.rejects(session.run(images, { signal: controller.signal }), (error) => error === reason);
    await settle();
    await settle();
  });
});
