import assert from "node:assert/strict";
import fc from "fast-check";
import { ArrivalOrder } from "../../../runtime/network/arrival_order.ts";
import { RequestRing } from "../../../runtime/network/request_ring.ts";
import { RoundTrip } from "../../../runtime/network/round_trip.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";

Deno.test("ArrivalOrder has the newest and the third newest of all arrivals", () => {
  const times = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(times, (all) => {
    const order = new ArrivalOrder();
    for (const [n, at] of all.entries()) order.note(n, at);
    const sorted = all.toSorted((a, b) => b - a);
    assert.equal(order.newest, sorted[0]);
    assert.equal(order.third, sorted[2] ?? -Infinity);
    assert.equal(order.last, all.lastIndexOf(sorted[0]!));
    assert.deepEqual([order.isPassed(0, order.newest - 1), order.isPassed(0, order.newest + 1)], [
      true,
      false,
    ]);
    assert.equal(order.isPassed(order.last - 1, order.newest), true);
    assert.equal(order.isPassed(order.last, order.newest), false);
  }));
});

/** Eight requests that were sent at once, of which a report names those of `arrived`. */
function reported(path: RoundTrip, ...arrived: readonly number[]): SelectiveRepeat {
  const repeat = new SelectiveRepeat(8, new RequestRing(8, 4), path);
  for (let n = 0; n < 8; n++) repeat.stage(Uint8Array.of(n));
  repeat.take(repeat.list(), 8, 0);
  repeat.acknowledge(0, Uint8Array.of(arrived.reduce((bits, n) => bits | (1 << n), 0)), 20);
  return repeat;
}

Deno.test("SelectiveRepeat repeats a request at once after three later ones, and later after fewer", () => {
  const path = new RoundTrip();
  path.measure(20);
  assert.equal(reported(path, 0, 2, 3, 4).due, 1);
  assert.equal(reported(path, 3, 4, 5).due, 3);
  const two = reported(path, 0, 2, 3);
  assert.equal(two.due, 0);
  two.expire(20 + path.reorderMs);
  assert.equal(two.due, 1);
});

Deno.test("SelectiveRepeat waits for late requests of a path once it has changed their order", () => {
  for (const isSentAgain of [false, true]) {
    const path = new RoundTrip();
    path.measure(20);
    const late = reported(path, 1, 2, 3);
    assert.equal(late.due, 1);
    if (isSentAgain) late.take(late.list(), 1, 21);
    // The first copy arrives after all: a repeat cannot have been answered so soon.
    late.acknowledge(4, new Uint8Array(), 22);
    assert.equal(path.isReordering, true);
    const next = reported(path, 1, 2, 3);
    assert.equal(next.due, 0);
    next.expire(20 + path.reorderMs);
    assert.equal(next.due, 1);
  }
  // A repeat that arrives after a round trip shows a loss.
  const path = new RoundTrip();
  path.measure(20);
  const lost = reported(path, 1, 2, 3);
  lost.take(lost.list(), 1, 21);
  lost.acknowledge(4, new Uint8Array(), 41);
  assert.equal(path.isReordering, false);
});
