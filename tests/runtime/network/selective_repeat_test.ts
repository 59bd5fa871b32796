import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_TIMEOUT_MS, MIN_TIMEOUT_MS, RoundTrip } from "../../../runtime/network/round_trip.ts";
import { RequestRing } from "../../../runtime/network/request_ring.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";
import { FlowOrder, ORDER_WINDOW } from "../../../runtime/network/flow_order.ts";
import { datagramAt } from "../../../runtime/network/socket/batch.ts";
import { createPacer } from "../../../runtime/network/pacer.ts";

const NONE = new Uint8Array();

function staged(total: number, capacity: number): SelectiveRepeat {
  const repeat = new SelectiveRepeat(total, new RequestRing(capacity, 4), new RoundTrip());
  stage(repeat);
  return repeat;
}

function stage(repeat: SelectiveRepeat): void {
  while (repeat.room > 0) repeat.stage(Uint8Array.of(repeat.first, repeat.room));
}

function take(repeat: SelectiveRepeat, most: number, now: number): number {
  const packets = repeat.list();
  repeat.take(packets, most, now);
  return packets.count;
}

Deno.test("SelectiveRepeat keeps at most its capacity of requests", () => {
  const repeat = staged(10, 4);
  assert.equal(take(repeat, 10, 0), 4);
  assert.deepEqual([repeat.inFlight, repeat.room, repeat.isDone], [4, 0, false]);
  assert.equal(repeat.acknowledge(2, NONE, 1), 2);
  assert.deepEqual([repeat.inFlight, repeat.room, repeat.first], [2, 2, 2]);
});

Deno.test("SelectiveRepeat sends a request again once one that was sent later has arrived", () => {
  const repeat = staged(8, 8);
  take(repeat, 4, 0);
  take(repeat, 4, 100);
  // All but request 1 have arrived.
  assert.equal(repeat.acknowledge(1, Uint8Array.of(0b0111_1110), 101), 7);
  assert.equal(repeat.due, 1);
  assert.equal(take(repeat, 8, 102), 1);
  assert.equal(repeat.resent, 1);
  assert.equal(repeat.acknowledge(8, NONE, 103), 1);
  assert(repeat.isDone);
});

Deno.test("SelectiveRepeat does not send reordered requests again", () => {
  const repeat = staged(8, 8);
  take(repeat, 8, 0);
  assert.equal(repeat.acknowledge(0, Uint8Array.of(0b1000_0000), 5), 1);
  assert.equal(repeat.due, 0);
});

Deno.test("SelectiveRepeat.expire() repeats the oldest requests, then more, then all in flight, and doubles its timeouts", () => {
  // Placed packets have one probe, and sequential ones three: nothing behind a gap of theirs is computed.
  for (const [sequential, probes] of [[undefined, 1], [{}, 3]] as const) {
    const path = new RoundTrip();
    const repeat = new SelectiveRepeat(20, new RequestRing(20, 4), path, sequential);
    stage(repeat);
    take(repeat, 20, 0);
    const first = repeat.deadline;
    assert.equal(repeat.expire(first - 1), false);
    assert.equal(repeat.expire(first), false);
    assert.deepEqual([repeat.due, repeat.inFlight, repeat.timeouts], [probes, 20 - probes, 1]);
    assert.equal(take(repeat, 20, first), probes);
    const second = repeat.deadline;
    assert.equal(second, first + 2 * first);
    assert.equal(repeat.expire(second - 1), false);
    assert.equal(repeat.expire(second), false);
    assert.deepEqual([repeat.due, repeat.inFlight, repeat.timeouts], [16, 4, 2]);
    assert.equal(take(repeat, 20, second), 16);
    const third = repeat.deadline;
    assert.equal(third, second + 4 * first);
    assert.equal(repeat.expire(third), true);
    assert.deepEqual([repeat.due, repeat.inFlight, repeat.timeouts], [20, 0, 3]);
    take(repeat, 20, third);
    assert.equal(repeat.deadline, third + 8 * first);
  }
});

Deno.test("SelectiveRepeat sends only the oldest request again where merely a report was lost", () => {
  const repeat = staged(8, 8);
  take(repeat, 8, 0);
  const late = repeat.deadline;
  repeat.expire(late);
  assert.equal(take(repeat, 8, late), 1);
  assert.equal(repeat.acknowledge(8, NONE, late + 100), 8);
  assert.deepEqual([repeat.isDone, repeat.resent], [true, 1]);
});

Deno.test("SelectiveRepeat measures no request that its timeout has passed", () => {
  const path = new RoundTrip();
  path.measure(20);
  const repeat = new SelectiveRepeat(4, new RequestRing(4, 4), path);
  stage(repeat);
  take(repeat, 4, 0);
  let now = repeat.deadline;
  repeat.expire(now);
  now = repeat.deadline;
  repeat.expire(now);
  // All are lost, and one of them was sent again.
  take(repeat, 1, now);
  assert.equal(repeat.acknowledge(4, NONE, now + 500), 4);
  assert.equal(path.smoothedMs, 20);
});

Deno.test("SelectiveRepeat takes an acknowledgement at once for one of the first copy", () => {
  const path = new RoundTrip();
  path.measure(20);
  const repeat = new SelectiveRepeat(8, new RequestRing(8, 4), path);
  stage(repeat);
  take(repeat, 8, 0);
  const late = repeat.deadline;
  repeat.expire(late);
  take(repeat, 3, late);
  // Too early for the copies that were sent just now, so it shows nothing about the requests in between.
  assert.equal(repeat.acknowledge(1, NONE, late + 1), 1);
  assert.deepEqual([repeat.due, repeat.inFlight], [0, 7]);
});

Deno.test("SelectiveRepeat ignores reports about requests that were not sent", () => {
  const repeat = staged(8, 8);
  take(repeat, 2, 0);
  assert.equal(repeat.acknowledge(2 ** 32 - 1, new Uint8Array(256).fill(255), 1), 2);
  assert.deepEqual([repeat.first, repeat.isDone, repeat.inFlight], [2, false, 0]);
});

Deno.test("SelectiveRepeat completes through any losses, with each request sent at least once", () => {
  const draws = fc.record({
    total: fc.integer({ min: 1, max: 60 }),
    capacity: fc.integer({ min: 1, max: 20 }),
    fates: fc.infiniteStream(fc.boolean()),
  });
  fc.assert(
    fc.property(draws, ({ total, capacity, fates }) => {
      const path = new RoundTrip();
      const repeat = new SelectiveRepeat(total, new RequestRing(capacity, 4), path);
      const arrived = new Set<number>();
      let next = 0;
      for (let now = 0, turns = 0; !repeat.isDone; turns++) {
        assert(turns < 5000, "it does not end");
        while (repeat.room > 0) repeat.stage(Uint8Array.of(next++));
        const packets = repeat.list();
        repeat.take(packets, 7, now);
        for (let n = 0; n < packets.count; n++) {
          const [sequence] = datagramAt(packets, n);
          if (fates.next().value) arrived.add(sequence!);
        }
        now += 3;
        let first = 0;
        while (arrived.has(first)) first++;
        const bitmap = new Uint8Array(8);
        for (let n = 0; n < 64; n++) if (arrived.has(first + n)) bitmap[n >> 3]! |= 1 << (n & 7);
        if (fates.next().value) repeat.acknowledge(first, bitmap, now);
        if (packets.count === 0) now = Math.max(now, repeat.deadline === Infinity ? now : repeat.deadline);
        repeat.expire(now);
      }
      assert.equal(arrived.size, total);
      assert.equal(repeat.inFlight, 0);
      assert.equal(repeat.sent - repeat.resent, total);
    }),
    { numRuns: 200 },
  );
});

Deno.test("RoundTrip follows RFC 6298 within its limits", () => {
  const path = new RoundTrip();
  path.measure(100);
  assert.deepEqual([path.smoothedMs, path.timeoutMs(0)], [100, 300]);
  path.measure(100);
  assert.deepEqual([0, 1, 2, 3].map((n) => path.timeoutMs(n)), [250, 500, 1000, 2000]);
  assert.equal(path.timeoutMs(20), MAX_TIMEOUT_MS);
  for (let n = 0; n < 100; n++) path.measure(0.1);
  assert.deepEqual([path.timeoutMs(0), path.timeoutMs(100)], [MIN_TIMEOUT_MS, 64 * MIN_TIMEOUT_MS]);
});

Deno.test("FlowOrder holds early requests within its window, and keeps answers for repeats", () => {
  const order = new FlowOrder();
  const packet = Uint8Array.of(2);
  assert.equal(order.offer(2, packet), "held");
  packet[0] = 9;
  assert.equal(order.offer(ORDER_WINDOW, packet), "window");
  assert.equal(order.offer(0, packet), "due");
  order.advance();
  assert.equal(order.due, undefined);
  assert.equal(order.offer(0, packet), "late");
  order.keep(0, Uint8Array.of(7));
  assert.equal(order.offer(0, packet), "repeat");
  assert.deepEqual([...order.answers(0)[0]!], [7]);
  assert.equal(order.offer(1, packet), "due");
  order.advance();
  assert.deepEqual([...order.due!], [2]);
  for (let n = 2; n < 2 + ORDER_WINDOW; n++) order.advance();
  assert.equal(order.offer(0, packet), "late");
});

Deno.test("FlowOrder keeps a bounded number of answers", () => {
  const order = new FlowOrder();
  order.advance();
  order.advance();
  for (let n = 0; n < 3000; n++) order.keep(n < 100 ? 0 : 1, Uint8Array.of(1));
  assert.equal(order.answers(0).length, 0);
  assert(order.answers(1).length <= 2048);
});

Deno.test("createPacer() bounds the bytes of any period by its rate and burst", () => {
  const pacer = createPacer({ bytesPerSecond: 1_000_000, burstBytes: 2000 });
  let now = 0, bytes = 0;
  for (let n = 0; n < 1000; n++) {
    now += pacer.take(1408, now);
    bytes += 1408;
    assert(bytes <= 2000 + 1000 * now + 1e-6, `${bytes} bytes after ${now} ms`);
  }
  assert(now > 1400);
  assert.equal(createPacer(undefined).take(1e9, 0), 0);
  assert.throws(() => createPacer({ bytesPerSecond: 0 }), { code: "size" });
});

Deno.test("SelectiveRepeat repeats no request that was put behind longer ones of its turn", () => {
  // Every third request is shorter, so it leaves last, and the others are reported first.
  const draws = fc.record({ total: fc.integer({ min: 3, max: 60 }), reported: fc.nat(), later: fc.nat(100) });
  fc.assert(fc.property(draws, ({ total, reported, later }) => {
    const path = new RoundTrip();
    path.measure(20);
    const repeat = new SelectiveRepeat(total, new RequestRing(64, 4), path);
    for (let n = 0; n < total; n++) repeat.stage(new Uint8Array(n % 3 === 2 ? 3 : 4).fill(n));
    const list = repeat.list();
    repeat.take(list, total, 0, true);
    const order = Array.from({ length: total }, (_, n) => datagramAt(list, n)[0]!);
    assert.deepEqual(
      order.map((n) => n % 3 === 2),
      order.map((_, at) => at >= total - Math.floor(total / 3)),
    );
    const bitmap = new Uint8Array(8);
    for (const n of order.slice(0, 1 + reported % total)) bitmap[n >> 3]! |= 1 << (n & 7);
    repeat.acknowledge(0, bitmap, 20);
    // A report of all that was sent comes before the timeout.
    repeat.expire(20 + Math.min(later, path.timeoutMs(0) - 1));
    assert.equal(repeat.due, 0);
    // A request that was sent before a reported one is lost.
    const [first] = order, [last] = order.slice(-1);
    const other = new SelectiveRepeat(total, new RequestRing(64, 4), path);
    for (let n = 0; n < total; n++) other.stage(new Uint8Array(n % 3 === 2 ? 3 : 4).fill(n));
    other.take(other.list(), total, 0, true);
    const only = new Uint8Array(8);
    only[last! >> 3]! |= 1 << (last! & 7);
    other.acknowledge(0, only, 20);
    other.expire(20 + path.reorderMs);
    const lost = other.list();
    other.take(lost, total, 30);
    assert.equal(lost.count, total - 1);
    assert.equal(datagramAt(lost, 0)[0], first);
  }));
});
