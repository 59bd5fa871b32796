import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import type { Direct } from "../../kernels/workload.ts";
import { createCpuDevice, openCpuDevice } from "../../runtime/device/cpu/device.ts";
import { threadStarter } from "../../runtime/device/cpu/thread.ts";
import type { Device } from "../../runtime/device/device.ts";
import { Session } from "../../runtime/session.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { smallImage } from "./device_bench.ts";
import { type FakeJob, fakeThreads } from "./fake_threads.ts";
import { sameTensor, settle, test, withoutUnhandled } from "./helpers.ts";
import { expected, openSession, planFor } from "./session_samples.ts";

const images = (count: number) => Array.from({ length: count }, (_, n) => smallImage(n + 1));

async function runRight(session: Session<ImagePlan>, inputs: readonly Tensor[], options = {}): Promise<void> {
  const { outputs, report } = await session.runMany(inputs, options);
  inputs.forEach((input, n) => sameTensor(outputs[n]!, expected(input), `image ${n}`));
  assert.equal(report.direct, inputs.length);
}

/** Opens a device with faulty threads. */
function openFaulty(workers: number, ...args: Parameters<typeof fakeThreads>) {
  const threads = fakeThreads(...args);
  return { ...threads, device: openCpuDevice({ workers }, threads.start) };
}

const answer = (job: FakeJob) => job.answer();

test("createCpuDevice() with threads computes batches and concurrent runs in input order", async () => {
  await using device = createCpuDevice({ workers: 2 });
  const session = await openSession(device);
  await runRight(session, images(20));
  const inputs = images(20);
  const results = await Promise.all(inputs.map((input) => session.run(input)));
  results.forEach(({ output }, n) => sameTensor(output, expected(inputs[n]!), `run ${n}`));
});

test("a cpu device shares a batch with its threads, with at most two inputs on each", async () => {
  const inFlight = [0, 0];
  const { device, jobs, log } = openFaulty(3, (job) => {
    inFlight[job.thread]!++;
    assert(inFlight[job.thread]! <= 2);
    setTimeout(() => {
      inFlight[job.thread]!--;
      job.answer();
    }, 0);
  });
  const session = await openSession(device);
  assert.equal(log.length, 0);
  await runRight(session, images(12));
  assert(jobs.length > 3 && jobs.length < 12, String(jobs.length));
  assert.deepEqual(new Set(jobs.map(({ thread }) => thread)), new Set([0, 1]));
  // The plan is sent once to each thread.
  assert.equal(jobs.filter(({ plan }) => plan !== undefined).length, 2);
  assert.deepEqual(log.filter((line) => line.startsWith("start")), ["start 0", "start 1"]);
  assert.deepEqual([log.at(-1)!.slice(0, 4), log.filter((line) => line.startsWith("hold")).length > 0], [
    "free",
    true,
  ]);
  await device.close();
  assert.deepEqual(log.slice(-2), ["terminate 0", "terminate 1"]);
});

test("a cpu device with one worker starts no thread, and one input starts none", async () => {
  for (const workers of [0, 1, 2]) {
    const { device, log } = openFaulty(workers, answer);
    const session = await openSession(device);
    await runRight(session, images(1));
    if (workers < 2) await runRight(session, images(5));
    assert.deepEqual(log, [], `${workers} workers`);
    await device.close();
  }
});

test("createCpuDevice() refuses a number of workers outside 0 to 256", () => {
  for (const workers of [-1, 257, 1.5, NaN]) {
    assert.throws(() => createCpuDevice({ workers }), refusal("size"));
  }
  createCpuDevice({ workers: 256 });
});

test("an image in planes, in strides or in a part of its buffer reaches a thread as it is", async () => {
  const { device, jobs } = openFaulty(2, answer);
  const session = await openSession(device);
  const source = smallImage(5);
  const wide = new Uint8Array(source.data.length + 7);
  wide.set(source.data as Uint8Array, 7);
  const moved: Tensor = { ...source, data: wide, offset: 7 };
  const [height, width] = source.shape as [number, number, number];
  const planar: Tensor = { ...source, layout: "CHW", shape: [3, height, width], strides: [1, 3 * width, 3] };
  const { outputs } = await session.runMany([moved, planar, moved, planar, source, source]);
  for (const output of outputs) sameTensor(output, expected(source));
  assert(new Set(jobs.map(({ layout }) => layout)).size === 2);
});

test("an abort ends a batch at once, while a thread computes; the thread's result is dropped", async () => {
  await withoutUnhandled(async () => {
    const held: FakeJob[] = [];
    const { device, log } = openFaulty(2, (job) => job.number < 2 ? held.push(job) : job.answer());
    const session = await openSession(device);
    const controller = new AbortController();
    const reason = new Error("enough");
    const run = session.runMany(images(6), { signal: controller.signal });
    while (held.length < 2) await settle();
    controller.abort(reason);
    await assert.rejects(run, (error) => error === reason);
    // The thread is still at work, so this thread computes.
    await runRight(session, images(3));
    held.forEach(answer);
    await settle();
    await runRight(session, images(8));
    assert.deepEqual(log.filter((line) => line.startsWith("start")), ["start 0"]);
    await device.close();
  });
});

test("a thread that is late ends the run by its timeout and is replaced; the next run is right", async () => {
  const { device, log } = openFaulty(2, (job) => job.thread === 0 || job.answer());
  const session = await openSession(device);
  await assert.rejects(
    session.runMany(images(5), { timeoutMs: 20 }),
    refusal("timeout", /worker thread: 20 ms/),
  );
  assert(log.includes("terminate 0"));
  await runRight(session, images(5));
  assert(log.includes("start 1"));
  await device.close();
});

test("a thread that is late ends no other run", async () => {
  const { device } = openFaulty(2, (job) => job.thread === 0 || job.answer());
  const session = await openSession(device);
  const late = session.runMany(images(5), { timeoutMs: 20 });
  const other = runRight(session, images(7));
  await assert.rejects(late, refusal("timeout"));
  await other;
  await device.close();
});

test("images of a thread that ends are computed again, and another thread starts", async () => {
  const { device, log, jobs } = openFaulty(
    2,
    (job) => job.thread === 0 && job.number === 1 ? job.die() : answer(job),
  );
  const session = await openSession(device);
  await runRight(session, images(12));
  await runRight(session, images(12));
  assert.deepEqual(log.filter((line) => /start|die/.test(line)), ["start 0", "die 0", "start 1"]);
  assert(jobs.some(({ thread, plan }) => thread === 1 && plan !== undefined));
  await device.close();
});

test("an image that ends two threads ends the run with the reason; the next run is right", async () => {
  let isDeadly = true;
  const { device, log } = openFaulty(2, (job) => isDeadly ? job.die() : job.answer());
  const session = await openSession(device);
  await assert.rejects(
    session.runMany(images(3)),
    refusal("device", /^Cannot compute an input: its worker thread has ended: out of memory$/),
  );
  const deaths = log.filter((line) => line.startsWith("die")).length;
  assert(deaths === 2 || deaths === 3, String(deaths));
  isDeadly = false;
  await runRight(session, images(8));
  await device.close();
});

/** Runs inputs of a computation that throws on this thread for one of them. */
function throwing(plan: ImagePlan, bad: Tensor, failure: Error): Direct<Tensor, Tensor> {
  const run = (input: Tensor) => {
    if (input === bad) throw failure;
    return expected(input);
  };
  return { check: () => {}, run, threadPlan: plan };
}

test("an error of a computation on a thread is thrown by this thread, as it is", async () => {
  const failure = new Error("bad image");
  const inputs = images(8);
  const { device } = openFaulty(2, (job) => job.refuse());
  const direct = throwing(planFor(device), inputs[0]!, failure);
  await assert.rejects(device.compute!(direct, inputs, {}), (error) => error === failure);
  const { device: other, jobs } = openFaulty(2, (job) => job.refuse());
  const outputs = await other.compute!(throwing(planFor(device), smallImage(), failure), inputs, {});
  outputs.forEach((output, n) => sameTensor(output, expected(inputs[n]!)));
  assert(jobs.length > 0);
  await Promise.all([device.close(), other.close()]);
});

test("a thread that cannot start ends the run by name, and the next run starts it again", async () => {
  const { device, log } = openFaulty(2, answer, (thread, events) => {
    if (thread === 0) events.onEnd(new Error("no permission"));
    else events.onAnswer(null);
  });
  const session = await openSession(device);
  await assert.rejects(
    session.runMany(images(4)),
    refusal("device", /^Cannot start a worker thread: no permission$/),
  );
  await runRight(session, images(4));
  assert.deepEqual(log.slice(0, 3), ["start 0", "terminate 0", "start 1"]);
  await device.close();
});

test("close() ends a batch in work and all threads, and the device refuses more", async () => {
  await withoutUnhandled(async () => {
    const { device, log, jobs } = openFaulty(2, () => {});
    const session = await openSession(device);
    const run = session.runMany(images(5));
    while (jobs.length === 0) await settle();
    await Promise.all([assert.rejects(run, refusal("device", /closed/)), device.close()]);
    await assert.rejects(session.run(smallImage()), refusal("device", /closed/));
    assert.equal(log.at(-1), "terminate 0");
    await device.close();
  });
});

test("close() while threads start ends them", async () => {
  const { device, log } = openFaulty(2, answer);
  const session = await openSession(device);
  const run = session.runMany(images(5));
  await Promise.resolve();
  await Promise.all([assert.rejects(run, refusal("device", /closed/)), device.close()]);
  await settle();
  await settle();
  assert.deepEqual(log.filter((line) => /start|terminate/.test(line)), ["start 0", "terminate 0"]);
});

test("a thread keeps 16 plans, and gets an evicted one again", async () => {
  const { device, jobs } = openFaulty(2, answer);
  const sessions = await Promise.all(Array.from({ length: 17 }, (_, n) => openSize(device, n + 1)));
  for (const session of [...sessions, sessions[0]!]) {
    await session.runMany(images(3));
  }
  const dropped = jobs.map(({ dropped }) => dropped).filter((key) => key !== undefined);
  const [first] = jobs;
  assert.equal(dropped[0], first!.key);
  assert.equal(dropped.length, 2);
  assert.equal(jobs.filter(({ key, plan }) => key === first!.key && plan !== undefined).length, 2);
  await device.close();
});

function openSize(device: Device, size: number): Promise<Session<ImagePlan>> {
  const plan = compile({ steps: [{ op: "resize", size: [size, size] }] }, { input: smallImage(), device });
  return Session.open(plan, device);
}

test("progress counts every input once, and an error of its callback ends the run", async () => {
  await using device = createCpuDevice({ workers: 2 });
  const session = await openSession(device);
  const seen: number[] = [];
  await session.runMany(images(6), {
    onProgress: ({ done, total }) => {
      assert.equal(total, 6);
      seen.push(done);
    },
  });
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6]);
  const failure = new Error("callback");
  const failing = session.runMany(images(6), {
    onProgress: () => {
      throw failure;
    },
  });
  await assert.rejects(failing, (error) => error === failure);
  assert.deepEqual((await session.runMany([])).outputs, []);
});

const READY = `const { parentPort } = require("node:worker_threads"); parentPort.postMessage(null);`;

test("a real thread that exits is named by its code, before it is ready and after", async () => {
  for (
    const [script, message] of [
      [
        `${READY} parentPort.on("message", () => process.exit(3));`,
        /has ended: the thread ended with code 3$/,
      ],
      ["process.exit(4);", /^Cannot start a worker thread: the thread ended with code 4$/],
    ] as const
  ) {
    const device = openCpuDevice({ workers: 2 }, threadStarter({ script }));
    const session = await openSession(device);
    await assert.rejects(session.runMany(images(4)), refusal("device", message));
    await device.close();
  }
});
