import assert from "node:assert/strict";
import { type BatcherOptions, createBatcher } from "../../../runtime/serve/batcher.ts";
import type { Clock } from "../../../runtime/serve/clock.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";

/** Clock whose time the test sets. */
function fakeClock(): Clock & { readonly advance: (ms: number) => void; readonly timers: () => number } {
  let time = 0;
  let timers: { readonly at: number; readonly call: () => void }[] = [];
  return {
    now: () => time,
    after: (ms, call) => {
      const timer = { at: time + ms, call };
      timers.push(timer);
      return () => timers = timers.filter((each) => each !== timer);
    },
    advance: (ms) => {
      time += ms;
      const due = timers.filter(({ at }) => at <= time);
      timers = timers.filter(({ at }) => at > time);
      for (const { call } of due) call();
    },
    timers: () => timers.length,
  };
}

/** Queue whose batches end when the test ends them. */
function heldBatcher(options: Partial<BatcherOptions<string, string>> = {}) {
  const clock = fakeClock();
  const runs: {
    readonly items: readonly string[];
    readonly signal: AbortSignal;
    readonly end: (e?: unknown) => void;
  }[] = [];
  const batcher = createBatcher<string, string>({
    name: "m",
    maxBatch: 3,
    maxDelayMs: 10,
    maxQueue: 6,
    maxRunning: 1,
    clock,
    run: (items, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        runs.push({
          items,
          signal,
          end: (error) =>
            error === undefined ? resolve(items.map((item) => item.toUpperCase())) : reject(error),
        });
      }),
    ...options,
  });
  const submit = (items: string, signal?: AbortSignal, timeoutMs?: number) =>
    batcher.submit([...items], { signal, timeoutMs });
  return { batcher, clock, runs, submit };
}

/** Lets all promises that can settle do so. */
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

Deno.test("Batcher.submit() starts a batch when it is full, and splits a request over batches", async () => {
  const { clock, runs, submit } = heldBatcher();
  const both = Promise.all([submit("ab"), submit("cd")]);
  assert.deepEqual(runs.map(({ items }) => items.join("")), ["abc"]);
  runs[0]!.end();
  await settled();
  assert.equal(runs.length, 1, "the rest stays for its delay");
  clock.advance(10);
  assert.deepEqual(runs[1]!.items, ["d"]);
  runs[1]!.end();
  assert.deepEqual(await both, [["A", "B"], ["C", "D"]]);
});

Deno.test("Batcher.submit() starts a batch after the delay of its oldest item, not before", async () => {
  const { clock, runs, submit } = heldBatcher();
  const first = submit("a");
  clock.advance(9);
  const second = submit("b");
  assert.equal(runs.length, 0);
  clock.advance(1);
  assert.deepEqual(runs[0]!.items, ["a", "b"]);
  runs[0]!.end();
  assert.deepEqual(await Promise.all([first, second]), [["A"], ["B"]]);
  assert.equal(clock.timers(), 0);
});

Deno.test("Batcher.submit() starts at once without a delay, and after hurry()", async () => {
  const eager = heldBatcher({ maxDelayMs: 0 });
  const first = eager.submit("a");
  assert.equal(eager.runs.length, 1);
  eager.runs[0]!.end();
  await first;
  const { batcher, runs, submit } = heldBatcher();
  const pending = submit("a");
  batcher.hurry();
  assert.equal(runs.length, 1);
  runs[0]!.end();
  assert.deepEqual(await pending, ["A"]);
});

Deno.test("Batcher.submit() runs at most maxRunning batches at once", async () => {
  const { batcher, runs, submit } = heldBatcher({ maxRunning: 2, maxBatch: 1 });
  const all = Promise.all([submit("a"), submit("b"), submit("c")]);
  assert.deepEqual(batcher.counts(), { waiting: 1, running: 2 });
  runs[1]!.end();
  await settled();
  assert.deepEqual(runs.map(({ items }) => items[0]), ["a", "b", "c"]);
  runs[0]!.end();
  runs[2]!.end();
  assert.deepEqual(await all, [["A"], ["B"], ["C"]]);
});

Deno.test("Batcher.submit() takes as many items as the queue holds, and refuses the next as busy", async () => {
  const { batcher, runs, submit } = heldBatcher();
  const running = submit("abc");
  const queued = submit("defghi");
  assert.deepEqual(batcher.counts(), { waiting: 6, running: 1 });
  await assert.rejects(submit("j"), refusal("busy", /6 of at most 6 items are queued for model m/));
  await assert.rejects(submit("abcdefg"), refusal("size", /a batch of 7 with model m: expected at most 6/));
  for (let n = 0; n < 3; n++) {
    runs[n]!.end();
    await settled();
  }
  assert.deepEqual((await Promise.all([running, queued])).map((each) => each.join("")), ["ABC", "DEFGHI"]);
});

Deno.test("Batcher.submit() frees the places of a request that is aborted in the queue", async () => {
  const { batcher, runs, submit } = heldBatcher();
  const running = submit("abc");
  const controller = new AbortController();
  const queued = submit("defghi", controller.signal);
  controller.abort(new Error("left"));
  await assert.rejects(queued, /left/);
  assert.deepEqual(batcher.counts(), { waiting: 0, running: 1 });
  assert.equal(runs[0]!.signal.aborted, false, "its neighbours run on");
  runs[0]!.end();
  await running;
});

Deno.test("Batcher.submit() aborts a batch once all of its requests have left", async () => {
  const { batcher, runs, submit } = heldBatcher({ maxBatch: 2 });
  const [one, two] = [new AbortController(), new AbortController()];
  const both = [submit("a", one.signal), submit("b", two.signal)];
  one.abort(new Error("one"));
  await assert.rejects(both[0]!, /one/);
  assert.equal(runs[0]!.signal.aborted, false);
  two.abort(new Error("two"));
  await assert.rejects(both[1]!, /two/);
  assert.equal(runs[0]!.signal.aborted, true);
  await settled();
  assert.deepEqual(batcher.counts(), { waiting: 0, running: 0 });
});

Deno.test("Batcher.submit() ends a request at its timeout, without that reason for its batch", async () => {
  const { runs, submit } = heldBatcher({ maxDelayMs: 0 });
  await assert.rejects(submit("a", undefined, 0), refusal("timeout", /model m/));
  assert.equal(runs[0]!.signal.aborted, true);
  assert(!(runs[0]!.signal.reason instanceof OnpathError), "a timeout of a request is no loss of the device");
});

Deno.test("Batcher.submit() gives a failed item its own error, and its neighbours their results", async () => {
  const bad = new OnpathError("file", "Cannot read b");
  const { batcher } = heldBatcher({
    maxDelayMs: 0,
    maxBatch: 3,
    run: (items) => Promise.resolve(items.map((item) => item === "b" ? bad : item.toUpperCase())),
  });
  const results = await Promise.allSettled(["a", "b", "c"].map((item) => batcher.submit([item], {})));
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
});

Deno.test("Batcher.submit() runs items alone when one of them may have failed the batch", async () => {
  const sizes: number[] = [];
  const { batcher, clock } = heldBatcher({
    run: (items) => {
      sizes.push(items.length);
      if (items.includes("b")) return Promise.reject(new OnpathError("shape", "Cannot use b"));
      return Promise.resolve(items.map((item) => item.toUpperCase()));
    },
  });
  const all = Promise.allSettled(["a", "b", "c"].map((item) => batcher.submit([item], {})));
  clock.advance(10);
  const results = await all;
  assert.deepEqual(sizes, [3, 1, 1, 1]);
  assert.deepEqual(results.map((each) => each.status === "fulfilled" ? each.value[0] : each.reason.code), [
    "A",
    "shape",
    "C",
  ]);
});

Deno.test("Batcher.submit() passes a device's failure to all requests of the batch, and goes on", async () => {
  const { runs, submit } = heldBatcher();
  const all = Promise.allSettled([submit("a"), submit("b"), submit("c")]);
  runs[0]!.end(new OnpathError("device", "Cannot run: lost"));
  assert.deepEqual((await all).map((each) => (each as PromiseRejectedResult).reason.code), [
    "device",
    "device",
    "device",
  ]);
  const next = submit("xyz");
  runs[1]!.end();
  assert.deepEqual(await next, ["X", "Y", "Z"]);
});

Deno.test("Batcher.submit() refuses results that are too few", async () => {
  const { batcher } = heldBatcher({ run: () => Promise.resolve([]), maxDelayMs: 0 });
  await assert.rejects(batcher.submit(["a"], {}), refusal("device", /returned 0 results/));
});
