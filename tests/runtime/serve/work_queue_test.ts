import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { SYSTEM_CLOCK } from "../../../runtime/serve/clock.ts";
import { createWorkQueue, type WorkQueue } from "../../../runtime/serve/work_queue.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";

/** A queue, and the sizes of its batches. */
function makeQueue(maxQueue: number): { queue: WorkQueue; batches: number[] } {
  const batches: number[] = [];
  const onBatch = (items: number) => void batches.push(items);
  const queue = createWorkQueue({ name: "m", maxQueue, longestMs: 30_000, onBatch, clock: SYSTEM_CLOCK });
  return { queue, batches };
}

const none = () => {};

Deno.test("WorkQueue.run() runs a call at once if the queue is idle, and others later, in order", async () => {
  const { queue, batches } = makeQueue(8);
  const order: number[] = [];
  let started = 0;
  const put = (n: number) => queue.run(() => order.push(n), {}, () => started++);
  assert.equal(put(0), 1);
  const later = [put(1), put(2)];
  assert.deepEqual([order, started, queue.counts()], [[0], 0, { waiting: 2, running: 1 }]);
  assert.deepEqual(await Promise.all(later), [2, 3]);
  assert.deepEqual([order, started, batches], [[0, 1, 2], 2, [1, 2]]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(queue.counts(), { waiting: 0, running: 0 });
  assert.equal(put(3), 4);
});

Deno.test("WorkQueue.run() lets other events in after 32 calls", async () => {
  const { queue, batches } = makeQueue(100);
  const seen: number[] = [];
  let done = 0;
  void queue.run(none, {}, none);
  const calls = Array.from({ length: 70 }, () => queue.run(() => done++, {}, none));
  const look = () => {
    seen.push(done);
    if (done < 70) setImmediate(look);
  };
  setImmediate(look);
  await Promise.all(calls);
  assert.deepEqual(batches, [1, 32, 32, 6]);
  assert.deepEqual(seen.slice(0, 2), [32, 64]);
});

Deno.test("WorkQueue.run() refuses calls beyond its maximum, and runs none whose client has left", async () => {
  const { queue } = makeQueue(2);
  const ran: string[] = [];
  const put = (name: string, wait: Parameters<WorkQueue["run"]>[1] = {}) =>
    queue.run(() => void ran.push(name), wait, none);
  const controller = new AbortController();
  void put("first");
  const [aborted, kept] = [put("aborted", { signal: controller.signal }), put("kept")];
  const refused = Promise.resolve(put("refused"));
  controller.abort(new Error("left"));
  await assert.rejects(refused, refusal("busy", /2 of at most 2 items are queued/));
  await assert.rejects(Promise.resolve(aborted), /left/);
  await kept;
  assert.deepEqual(ran, ["first", "kept"]);
});

Deno.test("WorkQueue.run() ends a call that never starts by its timeout and signal, and one that fails by its error", async () => {
  const { queue } = makeQueue(2);
  assert.throws(() => queue.run(none, { timeoutMs: 0 }, none), refusal("timeout"));
  assert.throws(() => queue.run(none, { signal: AbortSignal.abort(new Error("left")) }, none), /left/);
  const fail = () => {
    throw new OnpathError("size", "Cannot do it: a test");
  };
  assert.throws(() => queue.run(fail, {}, none), refusal("size"));
  await assert.rejects(async () => await queue.run(fail, {}, none), refusal("size"));
  // Neither error stays behind.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(queue.run(() => 5, {}, none), 5);
});
