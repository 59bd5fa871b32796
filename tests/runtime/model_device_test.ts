import assert from "node:assert/strict";
import type { DropReason, Exchange, ModelCounts, PacketModel, Program } from "../../kernels/program.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { checkExchange, createSerial, createSlices, yieldToEventLoop } from "../../runtime/device/serial.ts";
import { keepOpen } from "../../runtime/reopen.ts";
import { checkRunOptions } from "../../runtime/run_options.ts";
import { turns } from "../../runtime/turns.ts";
import { createEngine } from "../../serialize/engine.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { reserveSlots } from "../../serialize/packets.ts";
import { refusal } from "../support/failure.ts";
import { ToyDevice } from "../support/toy_flows.ts";

const slots = (count: number) => reserveSlots(createEngine(2 ** 14), count, 8);
const exchangeOf = (count: number, input = 8, output = 8): Exchange => ({
  input: slots(input),
  count,
  output: slots(output),
});

/** A program whose model takes packets by a script. */
function programOf(
  id: number,
  take: (slot: number, answer: number) => number | DropReason = () => 1,
  counts: Partial<ModelCounts> = {},
) {
  const calls: string[] = [];
  const model: PacketModel = {
    resident: { bytes: 100, cycles: 7 },
    begin: () => void calls.push("begin"),
    take: (_input, slot, _output, answer) => {
      calls.push(`${slot}:${answer}`);
      return take(slot, answer);
    },
    end: () => void calls.push("end"),
    counts: () => ({ lookups: 0, cycles: 0, stalls: 0, swaps: 0, pageBytes: 0, ...counts }),
  };
  const program: Program = {
    plan: { id } as Program["plan"],
    restarts: false,
    model: () => model,
    image: () => assert.fail("no image"),
  };
  return { program, calls };
}

Deno.test("createModelDevice() puts answers behind each other and counts packets and drops", async () => {
  const device = createModelDevice();
  const { program, calls } = programOf(1, (slot) => slot === 2 ? "crc" : slot === 3 ? "plan" : slot);
  await device.load(program);
  assert.equal(device.loaded(), program);
  assert.equal(await device.exchange(exchangeOf(6)), 0 + 1 + 4 + 5);
  assert.deepEqual(calls, ["begin", "0:0", "1:0", "2:1", "3:1", "4:1", "5:5", "end"]);
  await device.exchange(exchangeOf(3));
  const { packets, dropped } = device.counters();
  assert.deepEqual([packets, dropped], [4 + 2, { crc: 2, plan: 1 }]);
});

Deno.test("createModelDevice() adds up the counts of its programs, and of tables that are loaded", async () => {
  const device = createModelDevice();
  const counts = { lookups: 1.4, cycles: 10, stalls: 2, swaps: 3, pageBytes: 50 };
  await device.load(programOf(1, undefined, counts).program);
  const first = { packets: 0, dropped: {}, lookups: 1, cycles: 17, stalls: 2, swaps: 3, tableBytes: 150 };
  assert.deepEqual(device.counters(), first);
  // The tables of the same plan are resident.
  await device.load(programOf(1, undefined, counts).program);
  assert.deepEqual(device.counters(), {
    ...first,
    lookups: 3,
    cycles: 27,
    stalls: 4,
    swaps: 6,
    tableBytes: 200,
  });
  await device.load(programOf(2).program);
  assert.deepEqual(device.counters(), {
    ...first,
    lookups: 3,
    cycles: 34,
    stalls: 4,
    swaps: 6,
    tableBytes: 300,
  });
  await device.close();
  assert.deepEqual(device.counters(), {
    ...first,
    lookups: 3,
    cycles: 34,
    stalls: 4,
    swaps: 6,
    tableBytes: 300,
  });
  await device.close();
  assert.deepEqual(device.counters().cycles, 34);
});

Deno.test("createModelDevice() refuses work before a program and once it is closed", async () => {
  const device = createModelDevice();
  await assert.rejects(device.exchange(exchangeOf(1)), refusal("device", /has no program/));
  const { program } = programOf(1);
  await device.load(program);
  await device.close();
  assert.equal(device.loaded(), null);
  await assert.rejects(device.exchange(exchangeOf(1)), refusal("device", /is closed/));
  await assert.rejects(device.load(program), refusal("device", /is closed/));
  await using other = createModelDevice();
  assert.equal(other.profile, MODEL_PROFILE);
});

Deno.test("createModelDevice() keeps its program when the next one is refused", async () => {
  const device = createModelDevice();
  const { program } = programOf(1, undefined, { cycles: 5 });
  await device.load(program);
  const refused = { ...programOf(2).program, model: () => assert.fail("too large") };
  await assert.rejects(device.load(refused), /too large/);
  assert.equal(device.loaded(), program);
  assert.equal(await device.exchange(exchangeOf(2)), 2);
  assert.equal(device.counters().cycles, 12);
});

Deno.test("createModelDevice() answers a signal before the exchange and between slices", async () => {
  const device = createModelDevice();
  const { program, calls } = programOf(1);
  await device.load(program);
  const signal = AbortSignal.abort(new Error("before"));
  await assert.rejects(device.exchange(exchangeOf(1), { signal }), /before/);
  assert.deepEqual(calls, []);
  const { now } = performance;
  let clock = 0;
  performance.now = () => clock;
  try {
    const controller = new AbortController();
    const slow = programOf(2, (slot) => {
      clock += 1;
      if (slot === 20) controller.abort(new Error("meanwhile"));
      return 1;
    });
    await device.load(slow.program);
    await assert.rejects(
      device.exchange(exchangeOf(64, 64, 64), { signal: controller.signal }),
      /meanwhile/,
    );
    // The clock is read after every 16 packets.
    assert.equal(slow.calls.at(-1), "30:30");
  } finally {
    performance.now = now;
  }
});

Deno.test("checkExchange() accepts as many packets as both ends have slots, up to 2^20", () => {
  for (const [count, input, output] of [[0, 1, 1], [3, 3, 5], [3, 5, 3]] as const) {
    checkExchange(exchangeOf(count, input, output));
  }
  for (const [count, input, output] of [[4, 3, 5], [4, 5, 3], [-1, 5, 5], [0.5, 5, 5]] as const) {
    assert.throws(() => checkExchange(exchangeOf(count, input, output)), refusal("size"));
  }
  const large = { ...slots(1), slots: 2 ** 21 };
  checkExchange({ input: large, count: 2 ** 20, output: large });
  assert.throws(() => checkExchange({ input: large, count: 2 ** 20 + 1, output: large }), refusal("size"));
});

Deno.test("createSerial() runs calls one after another, and goes on after one that fails", async () => {
  const serial = createSerial();
  const order: string[] = [];
  const step = (name: string) => async () => {
    order.push(`${name} begins`);
    await yieldToEventLoop();
    order.push(`${name} ends`);
    return name;
  };
  const first = serial(step("a"));
  const failing = serial(() => Promise.reject(new Error("b fails")));
  const last = serial(step("c"));
  await assert.rejects(failing, /b fails/);
  assert.deepEqual([await first, await last], ["a", "c"]);
  assert.deepEqual(order, ["a begins", "a ends", "c begins", "c ends"]);
});

Deno.test("createSlices() is due after more than 10 ms of computing, and starts again after a turn", async () => {
  const { now } = performance;
  let clock = 5;
  performance.now = () => clock;
  try {
    const slices = createSlices();
    clock = 15;
    assert.equal(slices.isDue(), false);
    clock = 15.5;
    assert.equal(slices.isDue(), true);
    let others = 0;
    setTimeout(() => others++, 0);
    await slices.yield();
    assert.equal(slices.isDue(), false);
    clock = 26;
    assert.equal(slices.isDue(), true);
    await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(others, 1);
  } finally {
    performance.now = now;
  }
});

Deno.test("turns() gives a device to one at a time, and tells whether others wait", async () => {
  const device = new ToyDevice();
  assert.equal(turns(device), turns(device));
  assert.notEqual(turns(device), turns(new ToyDevice()));
  const seen: [string, boolean][] = [];
  const turn = (name: string) =>
    turns(device).run(async (othersWait) => {
      seen.push([name, othersWait()]);
      await yieldToEventLoop();
      seen.push([name, othersWait()]);
      if (name === "b") throw new Error("b fails");
      return name;
    });
  const all = [turn("a"), turn("b"), turn("c")];
  await assert.rejects(all[1]!, /b fails/);
  assert.deepEqual([await all[0], await all[2]], ["a", "c"]);
  assert.deepEqual(seen, [["a", true], ["a", true], ["b", true], ["b", true], ["c", false], ["c", false]]);
});

/** Things that are opened, by number, with a list of what happened. */
function things(attempts?: number) {
  const events: string[] = [];
  let count = 0;
  const kept = keepOpen<number>({
    open: () => {
      events.push(`open ${count}`);
      return Promise.resolve(count++);
    },
    close: (value) => {
      events.push(`close ${value}`);
      return Promise.resolve();
    },
    attempts,
  });
  return { events, kept };
}

const lost = (code: "device" | "timeout" | "gap") => () =>
  Promise.reject(new OnpathError(code, `Cannot run: ${code}`));

Deno.test("keepOpen() opens for the first request, and again after a loss, as often as attempts say", async () => {
  for (const [attempts, tries] of [[undefined, 2], [1, 1], [3, 3]] as const) {
    for (const code of ["device", "timeout"] as const) {
      const { events, kept } = things(attempts);
      assert.deepEqual(events, []);
      await assert.rejects(kept.run(lost(code)), refusal(code));
      const expected = Array.from({ length: tries }, (_, n) => [`open ${n}`, `close ${n}`]).flat();
      assert.deepEqual(events, expected);
      assert.equal(await kept.run((value) => Promise.resolve(value)), tries);
    }
  }
  const { events, kept } = things();
  await assert.rejects(kept.run(lost("gap")), refusal("gap"));
  await assert.rejects(kept.run(() => Promise.reject(new Error("other"))), /other/);
  assert.deepEqual(events, ["open 0"]);
  for (const attempts of [0, 101]) assert.throws(() => things(attempts), refusal("size"));
  things(100);
});

Deno.test("keepOpen() closes once for all requests that a loss ends, before it opens again", async () => {
  const { events, kept } = things();
  const results = [1, 2, 3].map((number) =>
    kept.run((value) => value === 0 ? lost("device")() : Promise.resolve([number, value]))
  );
  assert.deepEqual(await Promise.all(results), [[1, 1], [2, 1], [3, 1]]);
  assert.deepEqual(events, ["open 0", "close 0", "open 1"]);
});

Deno.test("keepOpen() closes what is open, once, and refuses requests afterwards", async () => {
  const { events, kept } = things();
  await kept.run(() => Promise.resolve());
  await kept.close();
  await kept.close();
  assert.deepEqual(events, ["open 0", "close 0"]);
  await assert.rejects(kept.run(() => Promise.resolve()), refusal("device", /closed/));
  const unused = things();
  await unused.kept.close();
  await unused.kept[Symbol.asyncDispose]();
  assert.deepEqual(unused.events, []);
});

Deno.test("keepOpen() opens anew after a failure to open, and reports a failure to close once", async () => {
  let opens = 0;
  let fails = true;
  const kept = keepOpen<number>({
    open: () => fails ? Promise.reject(new Error("no card")) : Promise.resolve(opens++),
    close: () => Promise.reject(new Error("stuck")),
  });
  await assert.rejects(kept.run(() => Promise.resolve()), /no card/);
  fails = false;
  assert.equal(await kept.run((value) => Promise.resolve(value)), 0);
  // The second attempt wants the first to be closed.
  await assert.rejects(kept.run(lost("device")), /stuck/);
  assert.equal(await kept.run((value) => Promise.resolve(value)), 1);
});

Deno.test("checkRunOptions() accepts each option up to its limit, and refuses one beyond", () => {
  const { signal } = new AbortController();
  assert.deepEqual(checkRunOptions({}), { retries: 2 });
  assert.deepEqual(checkRunOptions({ signal, timeoutMs: 0, retries: 0, onProgress: () => {} }), {
    retries: 0,
  });
  assert.deepEqual(checkRunOptions({ timeoutMs: 2 ** 31 - 1, retries: 1000 }), { retries: 1000 });
  const wrong = [
    null,
    5,
    { timeoutMs: -1 },
    { timeoutMs: 2 ** 31 },
    { retries: -1 },
    { retries: 1001 },
    { onProgress: 1 },
    { signal: {} },
    { signal: 5 },
    { signal: { throwIfAborted: () => {}, addEventListener: () => {} } },
  ];
  for (const options of wrong) assert.throws(() => checkRunOptions(options as object), refusal("size"));
});
