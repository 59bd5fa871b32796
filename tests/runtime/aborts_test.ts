import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { yieldToEventLoop } from "../../runtime/device/serial.ts";
import { Session } from "../../runtime/session.ts";
import type { Device } from "../../runtime/device/device.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { tiny } from "../kernels/tokenize/small_vocabularies.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice, gate } from "./faulty_device.ts";
import { sameTensor, settle, test, withoutUnhandled } from "./helpers.ts";
import { expected, openSession } from "./session_samples.ts";

const STEPS = [{ op: "nfc" }] as const;
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Runs with a clock by which every slice of computing is over at once, however fast the machine is. */
async function withFastClock(run: () => Promise<void>): Promise<void> {
  const { now } = performance;
  let time = 0;
  performance.now = () => time += 1000;
  try {
    await run();
  } finally {
    performance.now = now;
  }
}

test("a run that is aborted while the model computes ends before its exchange does, and the session goes on", async () => {
  await withFastClock(async () => {
    await using device = createModelDevice();
    const pipeline = { steps: [{ op: "resize", size: [200, 100] }] } as const;
    const batch = noise(6, 8, 8, 3, 4);
    const plan = compile(pipeline, { input: batch, device, layout: "cells" });
    const session = await Session.open(plan, device);
    const controller = new AbortController();
    const reason = new Error("enough");
    let turns = 0;
    const run = session.run(batch, { signal: controller.signal });
    const ended = assert.rejects(run, (error) => error === reason).then(() => device.counters().packets);
    while (device.counters().packets === 0) {
      assert(turns++ < 1000, "the model has not begun");
      await yieldToEventLoop();
    }
    controller.abort(reason);
    const packets = await ended;
    assert(packets > 0 && packets < 1024, `the abort was answered after ${packets} packets of 1024`);
    sameTensor((await session.run(batch)).output, referencePipeline(pipeline, batch));
  });
});

test("timers and other events run while the model computes", async () => {
  await withFastClock(async () => {
    await using device = createModelDevice();
    const session = await openSession(device);
    let ticks = 0, ended = false;
    const run = session.run(smallImage()).finally(() => ended = true);
    while (!ended) {
      ticks++;
      await yieldToEventLoop();
    }
    // 20 packets: the model gives way once; an exchange in one piece has two turns around it.
    assert(ticks >= 2, `${ticks} turns`);
    sameTensor((await run).output, expected(smallImage()));
  });
});

test("one run that is aborted in a shared exchange leaves at once, and the others complete", async () => {
  const held = gate<void>();
  await using device = faultyDevice(async ({ number, answer }) => {
    if (number === 0) await held.promise;
    return await answer();
  });
  const vocabulary = await tiny();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
  const session = await Session.open(plan, device, { vocabulary });
  const controller = new AbortController();
  const reason = new Error("not needed any more");
  const texts = ["abc abc ab", "bc bc abc", "é abc"];
  let ended: unknown;
  const runs = texts.map((text, at) => session.run(text, at === 1 ? { signal: controller.signal } : {}));
  const aborted = runs[1]!.catch((error) => ended = error);
  await settle();
  assert.equal(device.calls(), 1, "the runs share an exchange");
  controller.abort(reason);
  await settle();
  assert.equal(ended, reason);
  held.open();
  await aborted;
  const encoder = createEncoder(vocabulary);
  for (const at of [0, 2]) assert.deepEqual((await runs[at]!).output.ids, encoder.encode(texts[at]!));
  assert.equal(device.calls(), 1);
  assert.deepEqual((await session.run(texts[1]!)).output.ids, encoder.encode(texts[1]!));
});

test("the device is told to stop once no run of its exchange waits any more, and not before", async () => {
  let signal: AbortSignal | undefined;
  const held = gate<number>();
  await using device = faultyDevice(({ number, options, answer }) => {
    if (number > 0) return answer();
    signal = options?.signal;
    return held.promise;
  });
  const vocabulary = await tiny();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
  const session = await Session.open(plan, device, { vocabulary });
  const controllers = [new AbortController(), new AbortController()];
  const runs = controllers.map(({ signal }) => session.run("abc", { signal }));
  const all = Promise.allSettled(runs);
  await settle();
  controllers[0]!.abort();
  await settle();
  assert.equal(signal?.aborted, false);
  controllers[1]!.abort();
  await settle();
  assert.equal(signal?.aborted, true);
  held.open(0);
  await all;
  assert.deepEqual([...(await session.run("abc")).output.ids], [258]);
});

test("sessions of text and of normalisation: a run in the queue leaves at once when its signal fires", async () => {
  const held = gate<void>();
  await using device = faultyDevice(async ({ number, answer }) => {
    if (number === 0 || number === 2) await (number === 0 ? held.promise : second.promise);
    return await answer();
  });
  const second = gate<void>();
  const vocabulary = await tiny();
  const tokens = await Session.open(
    compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device }),
    device,
    { vocabulary },
  );
  const texts = await Session.open(
    compile({ steps: [{ op: "normalize_text", steps: STEPS }] }, { device }),
    device,
  );
  const right = {
    tokenize: async () => assert.deepEqual([...(await tokens.run("abc")).output.ids], [258]),
    text_normalize: async () =>
      assert.equal(decode((await texts.run("e\u0301")).output), normalizeText("e\u0301", STEPS)),
  };
  for (const [session, end] of [[tokens, held], [texts, second]] as const) {
    const running = session.run("abc");
    await settle();
    const controller = new AbortController();
    const reason = new Error("not needed any more");
    let ended: unknown;
    const waiting = session.run("abc", { signal: controller.signal }).catch((error) => ended = error);
    const gone = session.run("abc", { signal: AbortSignal.abort(reason) });
    await assert.rejects(gone, (error) => error === reason);
    await settle();
    assert.equal(ended, undefined);
    controller.abort(reason);
    await settle();
    assert.equal(ended, reason, "the run waited for the exchange before it though it was aborted");
    end.open();
    await Promise.all([running, waiting]);
    await right[session.plan.workload]();
  }
});

test("a run whose timeout is shorter than others' in its exchange ends by it, also after the longest one has left", async () => {
  const held = gate<number>();
  await using device = faultyDevice(({ number, answer }) => number === 0 ? held.promise : answer());
  const vocabulary = await tiny();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
  const session = await Session.open(plan, device, { vocabulary });
  const controller = new AbortController();
  const ends: string[] = [];
  const ending = (name: string, run: Promise<unknown>) =>
    run.catch(({ code }) => ends.push(`${name} ${code}`));
  const all = [
    ending("first", session.run("a", { timeoutMs: 1 })),
    ending("second", session.run("b", { timeoutMs: 2 })),
    ending("last", session.run("c", { timeoutMs: 2 ** 31 - 1, signal: controller.signal })),
  ];
  await settle();
  controller.abort(Object.assign(new Error("gone"), { code: "abort" }));
  await Promise.all(all);
  assert.deepEqual(ends.sort(), ["first timeout", "last abort", "second timeout"]);
  held.open(0);
  // Only the exchange's own timeout leaves a session unusable.
  assert.deepEqual([...(await session.run("abc")).output.ids], [258]);
});

test("a run that its plan cannot serve ends with its error, and leaves no rejection and no other run behind", async () => {
  await withoutUnhandled(async () => {
    const images = noise(4, 31, 41, 3, 1);
    const pipeline = { steps: [{ op: "resize", size: [23, 19] }] } as const;
    await using device: Device = createModelDevice({ ...MODEL_PROFILE, epochs: 5 });
    const plan = compile(pipeline, { input: images, device, form: "row-pages", layout: "cells" });
    const session = await Session.open(plan, device);
    const runs = await Promise.allSettled([session.run(images), session.run(images)]);
    for (const run of runs) {
      assert(run.status === "rejected");
      refusal("table", /23 epochs, device model/)(run.reason);
    }
  });
});
