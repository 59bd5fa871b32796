import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { smallImage } from "./device_bench.ts";
import { faultyDevice, gate } from "./faulty_device.ts";
import { sameTensor, settle, test, withoutUnhandled } from "./helpers.ts";
import { expected, openSession, PACKETS, planFor } from "./session_samples.ts";

const never = () => new Promise<never>(() => {});
const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

test("Session.run() ends with timeout when the device never answers, and the session refuses more", async () => {
  await using device = faultyDevice(({ number, answer }) => number === 0 ? never() : answer());
  const session = await openSession(device);
  await assert.rejects(session.run(smallImage(), { timeoutMs: 5 }), refusal("timeout", /device model: 5 ms/));
  await assert.rejects(session.run(smallImage()), refusal("device", /open a new session/));
  assert.equal(device.calls(), 1);
  await using other = createModelDevice();
  sameTensor((await offload(planFor(other), smallImage(), other)).output, expected(smallImage()));
});

test("Session.open() and offload() end with timeout when the device never loads", async () => {
  await using device = faultyDevice(({ answer }) => answer(), never);
  await assert.rejects(openSession(device, { timeoutMs: 5 }), refusal("timeout", /load plan/));
  await assert.rejects(offload(planFor(device), smallImage(), device, { timeoutMs: 5 }), refusal("timeout"));
});

test("Session.run() passes on what the device rejects with, and a new session works", async () => {
  const failure = new Error("the card is on fire");
  await using device = faultyDevice(({ number, answer }) =>
    number === 0 ? Promise.reject(failure) : answer()
  );
  const session = await openSession(device);
  await assert.rejects(session.run(smallImage()), (error) => error === failure);
  const again = await openSession(device);
  sameTensor((await again.run(smallImage())).output, expected(smallImage()));
});

test("Session.run() passes on what the device throws at once, and a new session works", async () => {
  const failure = new Error("no such card");
  await using device = faultyDevice(({ number, answer }) => {
    if (number === 0) throw failure;
    return answer();
  });
  const session = await openSession(device);
  await assert.rejects(session.run(smallImage()), (error) => error === failure);
  const again = await openSession(device);
  sameTensor((await again.run(smallImage())).output, expected(smallImage()));
});

test("Session.open() rejects when the device throws or rejects on load", async () => {
  const failure = new Error("no bitstream");
  await using throws = faultyDevice(({ answer }) => answer(), () => {
    throw failure;
  });
  await using rejects = faultyDevice(({ answer }) => answer(), () => Promise.reject(failure));
  for (const device of [throws, rejects]) {
    await assert.rejects(openSession(device), (error) => error === failure);
  }
});

test("Session.run() with an aborted signal asks nothing of the device and stays usable", async () => {
  const reason = new Error("too late");
  await using device = faultyDevice(({ answer }) => answer());
  const session = await openSession(device);
  await assert.rejects(
    session.run(smallImage(), { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  );
  assert.equal(device.calls(), 0);
  sameTensor((await session.run(smallImage())).output, expected(smallImage()));
});

test("Session.run() ends when its signal is aborted during the wait, and the session goes on once the device has settled", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const late = gate<number>();
  let isTold = false;
  await using device = faultyDevice(({ number, options, answer }) => {
    if (number > 0) return answer();
    options?.signal?.addEventListener("abort", () => isTold = true);
    queueMicrotask(() => controller.abort(reason));
    return late.promise;
  });
  const session = await openSession(device);
  await assert.rejects(
    session.run(smallImage(1), { signal: controller.signal }),
    (error) => error === reason,
  );
  assert(isTold, "the device was not told that nobody waits any more");
  const next = session.run(smallImage(2));
  await settle();
  assert.equal(device.calls(), 1, "a device that has not settled may still write into the slots");
  late.open(0);
  sameTensor((await next).output, expected(smallImage(2)));
});

test("Session.run() aborted between two windows sends no more, leaves no rejection behind, stays usable", async () => {
  const batch = noise(6, 8, 8, 3, 4);
  const reason = new Error("enough");
  await withoutUnhandled(async () => {
    // As the model: a device may reject at once when the signal that it is given is aborted.
    await using device = faultyDevice(({ options, answer }) =>
      options?.signal?.aborted ? Promise.reject(options.signal.reason) : answer()
    );
    const plan = compile({ steps: [{ op: "resize", size: [200, 100] }] }, { input: batch, device });
    const session = await Session.open(plan, device);
    const controller = new AbortController();
    const onProgress = () => controller.abort(reason);
    const run = session.run(batch, { signal: controller.signal, onProgress });
    await assert.rejects(run, (error) => error === reason);
    await settle();
    assert.equal(device.calls(), 1);
    assert.equal((await session.run(batch)).report.sent, plan.body.layout.cut.packets);
  });
});

test("Session.open() with an aborted signal asks nothing of the device and leaves no rejection behind", async () => {
  const reason = new Error("too late");
  await withoutUnhandled(async () => {
    let loads = 0;
    await using device = faultyDevice(({ answer }) => answer(), () => {
      loads++;
      return Promise.reject(new Error("closed"));
    });
    await assert.rejects(
      openSession(device, { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
    assert.equal(loads, 0);
  });
});

for (const timeoutMs of [-1, NaN, Infinity]) {
  test(`Session.run() refuses a timeout of ${timeoutMs} ms before it sends anything`, async () => {
    await withoutUnhandled(async () => {
      await using device = faultyDevice(({ number, answer }) =>
        number > 0 ? answer() : Promise.reject(new Error("lost"))
      );
      const session = await openSession(device);
      await assert.rejects(session.run(smallImage(), { timeoutMs }), refusal("size", /ms|milliseconds/));
      assert.equal(device.calls(), 0);
      await assert.rejects(session.run(smallImage()), /lost/);
      assert.equal(device.calls(), 1);
    });
  });
}

test("Session.run() that waits in the queue ends when its own signal is aborted", async () => {
  const first = gate<void>();
  await using device = faultyDevice(async ({ answer }) => {
    await first.promise;
    return await answer();
  });
  const session = await openSession(device);
  const running = session.run(smallImage(1));
  const controller = new AbortController();
  const reason = new Error("not needed any more");
  let ended: unknown;
  const waiting = session.run(smallImage(2), { signal: controller.signal }).catch((error) => ended = error);
  controller.abort(reason);
  await settle();
  const endedInTime = ended;
  first.open();
  sameTensor((await running).output, expected(smallImage(1)));
  await waiting;
  assert.equal(endedInTime, reason, "the run waited for the one before it though it was aborted");
});

test("Session.run() ignores an answer that comes after the timeout", async () => {
  await withoutUnhandled(async () => {
    const late = gate<number>();
    await using device = faultyDevice(({ number, answer }) => number === 0 ? late.promise : answer());
    const session = await openSession(device);
    await assert.rejects(session.run(smallImage(), { timeoutMs: 1 }), refusal("timeout"));
    late.open(PACKETS);
    await settle();
    await assert.rejects(session.run(smallImage()), refusal("device"));
  });
});

test("Session.run() passes on what onProgress throws and stays usable", async () => {
  const failure = new Error("no terminal");
  await using device = createModelDevice();
  const session = await openSession(device);
  const onProgress = () => {
    throw failure;
  };
  await assert.rejects(session.run(smallImage(), { onProgress }), (error) => error === failure);
  sameTensor((await session.run(smallImage())).output, expected(smallImage()));
});

test("Session.run() leaves no listener on the signal, however it ends", async () => {
  const { signal } = new AbortController();
  await using device = faultyDevice(({ number, answer }) => {
    assert(listeners(signal) <= 2);
    if (number === 1) return Promise.reject(new Error("lost"));
    if (number === 2) return never();
    if (number === 3) return Promise.resolve(0);
    return answer();
  });
  assert.equal(listeners(signal), 0);
  await (await openSession(device, { signal })).run(smallImage(), { signal });
  assert.equal(listeners(signal), 0);
  for (const options of [{}, { timeoutMs: 1 }, { retries: 0 }]) {
    const session = await openSession(device, { signal });
    await assert.rejects(session.run(smallImage(), { signal, ...options }));
    assert.equal(listeners(signal), 0);
  }
  assert.equal(device.calls(), 4);
});
