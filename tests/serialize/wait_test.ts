import assert from "node:assert/strict";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import {
  bounded,
  DEFAULT_TIMEOUT_MS,
  MAX_TIMEOUT_MS,
  timedOut,
  type Waiter,
  waitFor,
} from "../../serialize/wait.ts";
import { newFlow } from "../../serialize/flow.ts";
import { refusal } from "../support/failure.ts";

/** Timers that fire by hand, and a count of those that run. */
function withTimers<T>(run: (timers: Map<number, { call: () => void; ms: number }>) => T): T {
  const timers = new Map<number, { call: () => void; ms: number }>();
  const [set, clear] = [globalThis.setTimeout, globalThis.clearTimeout];
  let next = 1;
  globalThis.setTimeout = ((call: () => void, ms: number) => {
    timers.set(next, { call, ms });
    return next++;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((id: number) => void timers.delete(id)) as typeof clearTimeout;
  try {
    return run(timers);
  } finally {
    [globalThis.setTimeout, globalThis.clearTimeout] = [set, clear];
  }
}

/** A signal that counts its listeners. */
function countedSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = ((...args: Parameters<typeof add>) => (listeners++, add(...args))) as typeof add;
  signal.removeEventListener =
    ((...args: Parameters<typeof remove>) => (listeners--, remove(...args))) as typeof remove;
  return { controller, signal, listeners: () => listeners };
}

Deno.test("waitFor() is a member while it waits, and leaves timer, listener and set behind in no case", async () => {
  const ends: [string, (waiter: Waiter, abort: () => void, fire: () => void) => void, RegExp | null][] = [
    ["resolve", ({ resolve }) => resolve(), null],
    ["reject", ({ reject }) => reject(new Error("gone")), /gone/],
    ["abort", (_, abort) => abort(), /stopped/],
    ["timeout", (_waiter, _abort, fire) => fire(), /Cannot wait longer for it: 77 ms have passed/],
  ];
  for (const [name, end, message] of ends) {
    const waiters = new Set<Waiter>();
    const { controller, signal, listeners } = countedSignal();
    const waited = withTimers((timers) => {
      const promise = waitFor("it", waiters, { timeoutMs: 77, signal });
      assert.deepEqual([waiters.size, timers.size, listeners()], [1, 1, 1], name);
      const [timer] = timers.values();
      assert.equal(timer!.ms, 77);
      end([...waiters][0]!, () => controller.abort(new Error("stopped")), timer!.call);
      assert.deepEqual([waiters.size, timers.size, listeners()], [0, 0, 0], name);
      return promise;
    });
    if (message === null) await waited;
    else await assert.rejects(waited, message);
  }
});

Deno.test("waitFor() waits 30 s where nothing is given", () => {
  assert.equal(DEFAULT_TIMEOUT_MS, 30_000);
  assert.equal(MAX_TIMEOUT_MS, 2_147_483_647);
  withTimers((timers) => {
    const waiters = new Set<Waiter>();
    void waitFor("it", waiters, {});
    assert.deepEqual([...timers.values()].map(({ ms }) => ms), [30_000]);
    [...waiters][0]!.resolve();
  });
});

Deno.test("waitFor() accepts 0 to 2^31 - 1 ms and refuses what goes beyond, before it waits", () => {
  const waiters = new Set<Waiter>();
  withTimers((timers) => {
    for (const timeoutMs of [0, MAX_TIMEOUT_MS]) {
      void waitFor("it", waiters, { timeoutMs });
      [...waiters][0]!.resolve();
    }
    for (const timeoutMs of [-1, MAX_TIMEOUT_MS + 1, NaN]) {
      assert.throws(() => waitFor("it", waiters, { timeoutMs }), refusal("size", /ms for it: expected 0 to/));
    }
    const signal = AbortSignal.abort(new Error("before"));
    assert.throws(() => waitFor("it", waiters, { signal }), /before/);
    assert.deepEqual([waiters.size, timers.size], [0, 0]);
  });
});

Deno.test("bounded() gives what the promise gives, and handles a failure that comes after the wait", async () => {
  const { signal, listeners } = countedSignal();
  assert.equal(await bounded("it", Promise.resolve(5), { signal }), 5);
  await assert.rejects(bounded("it", Promise.reject(new Error("no")), { signal }), /no/);
  assert.equal(listeners(), 0);
  const late = Promise.reject(new Error("late"));
  assert.throws(() => bounded("it", late, { timeoutMs: -1 }), refusal("size"));
  const aborted = Promise.reject(new Error("late"));
  const stopped = AbortSignal.abort(new Error("stopped"));
  assert.throws(() => bounded("it", aborted, { signal: stopped }), /stopped/);
  // An unhandled rejection would fail this test.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("checkInteger() accepts whole numbers from its least to its most, and gives them back", () => {
  for (const value of [3, 4, 7]) assert.equal(checkInteger("a number of", value, 3, 7), value);
  for (const value of [2, 8, 3.5, NaN, Infinity]) {
    assert.throws(() => checkInteger("a number of", value, 3, 7), (error) => {
      assert(error instanceof OnpathError && error.code === "size" && error.name === "OnpathError");
      assert.deepEqual(error.details, { what: "a number of", value, least: 3, most: 7 });
      assert.deepEqual(Object.keys(error.toJSON()), ["code", "message", "details"]);
      return true;
    });
  }
  assert.deepEqual(new OnpathError("gap", "Cannot go on").details, {});
});

Deno.test("newFlow() counts up and wraps behind 2^32 - 1", () => {
  const first = newFlow();
  assert(Number.isInteger(first) && first >= 0 && first < 2 ** 32);
  assert.equal(newFlow(), (first + 1) % 2 ** 32);
  assert.equal(newFlow(), (first + 2) % 2 ** 32);
});

Deno.test("timedOut() says what is left of another timeout in two digits, and keeps the number as data", () => {
  const error = timedOut("it", 299.99999999997);
  assert.equal(error.message, "Cannot wait longer for it: 300 ms have passed");
  assert.deepEqual(error.details, { timeoutMs: 299.99999999997 });
  assert.match(timedOut("it", 0.1279).message, /: 0.13 ms/);
});
