import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bar, followBars } from "../../scripts/cli/progress.ts";

/** A follower over bars that keep their calls, and its clock. */
function followed() {
  const calls: (readonly [bar: number, call: string, ...values: unknown[]])[] = [];
  let bars = 0, time = 0;
  const makeBar = (): Bar => {
    const bar = bars++;
    return {
      start: (total, value, { stage }) => void calls.push([bar, "start", total, value, stage]),
      update: (value) => void calls.push([bar, "update", value]),
      stop: () => void calls.push([bar, "stop"]),
    };
  };
  return { calls, follower: followBars(makeBar, () => time), pass: (ms: number) => time += ms };
}

Deno.test("followBars(): a bar appears after half a second, and each stage has one with its name", () => {
  const { calls, follower: { onProgress, stop }, pass } = followed();
  onProgress({ stage: "words", done: 0, total: 9 });
  assert.deepEqual(calls, []);
  pass(501);
  onProgress({ stage: "words", done: 5, total: 9 });
  onProgress({ stage: "words", done: 9, total: 9 });
  onProgress({ stage: "merges", done: 0, total: 4 });
  onProgress({ stage: "merges", done: 3, total: 4 });
  stop();
  stop();
  assert.deepEqual(calls, [
    [0, "start", 9, 5, "words: "],
    [0, "update", 9],
    [0, "stop"],
    [1, "start", 4, 0, "merges: "],
    [1, "update", 3],
    [1, "stop"],
  ]);
});

Deno.test("followBars(): no bar goes back or exceeds its total, whatever is reported", () => {
  const reports = fc.array(
    fc.record({
      stage: fc.constantFrom(undefined, "a", "b"),
      total: fc.integer({ min: 1, max: 4 }),
      done: fc.nat(4),
    }).map(({ stage, total, done }) => ({ stage, total, done: Math.min(done, total) })),
  );
  fc.assert(fc.property(reports, (all) => {
    const { calls, follower, pass } = followed();
    pass(501);
    all.forEach(follower.onProgress);
    follower.stop();
    const shown = new Map<number, { total: number; value: number; isOpen: boolean }>();
    for (const [bar, call, first, second] of calls) {
      const open = [...shown.values()].filter(({ isOpen }) => isOpen);
      if (call === "start") {
        assert.equal(open.length, 0, "one bar at a time");
        shown.set(bar, { total: first as number, value: second as number, isOpen: true });
        continue;
      }
      const state = shown.get(bar)!;
      assert(state.isOpen);
      if (call === "stop") state.isOpen = false;
      else {
        assert((first as number) >= state.value && (first as number) <= state.total);
        state.value = first as number;
      }
    }
    assert(![...shown.values()].some(({ isOpen }) => isOpen));
  }));
});
