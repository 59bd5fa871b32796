import assert from "node:assert/strict";
import { RoundTrip } from "../../../runtime/network/round_trip.ts";
import { datagramAt } from "../../../runtime/network/socket/batch.ts";
import { RequestRing } from "../../../runtime/network/request_ring.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";
import { MIN_WINDOW, SendWindow, START_WINDOW } from "../../../runtime/network/send_window.ts";

function windowOf(limit: number): SendWindow {
  const window = new SendWindow();
  window.limit(limit);
  return window;
}

Deno.test("SendWindow doubles in a round trip, up to what the other ends take", () => {
  const window = windowOf(300);
  assert.equal(window.size, START_WINDOW);
  window.count(START_WINDOW, 0);
  assert.equal(window.size, 2 * START_WINDOW);
  for (let n = 0; n < 10; n++) window.count(window.size, 0);
  assert.equal(window.size, 300);
  window.limit(20);
  assert.equal(window.size, 20);
});

Deno.test("SendWindow stays open where two paths each lose 20%, and halves where more than half is lost", () => {
  const window = windowOf(100);
  window.count(100, 0);
  for (let n = 0; n < 50; n++) window.count(128, 72);
  assert.equal(window.size, 100);
  window.count(60, 70);
  assert.equal(window.size, 50);
  // After that it grows slowly.
  window.count(64, 0);
  assert.equal(window.size, 54);
});

Deno.test("SendWindow takes timeouts of several flows at once for one", () => {
  const window = windowOf(64);
  window.count(1, 0);
  for (let n = 0; n < 5; n++) window.expire();
  assert.equal(window.size, 32);
  for (let n = 0; n < 9; n++) {
    window.count(1, 0);
    window.expire();
  }
  assert.equal(window.size, MIN_WINDOW);
});

Deno.test("SelectiveRepeat adapts to a path that has become slower, after few timeouts", () => {
  const path = new RoundTrip();
  for (let n = 0; n < 20; n++) path.measure(5);
  const [total, delay] = [1000, 150];
  const repeat = new SelectiveRepeat(total, new RequestRing(32, 4), path);
  const travelling: { readonly at: number; readonly sequence: number }[] = [];
  const arrived = new Set<number>();
  let timeouts = 0, staged = 0, first = 0;
  for (let now = 0; !repeat.isDone; now++) {
    assert(now < 60_000, "it does not end");
    while (repeat.room > 0) repeat.stage(Uint8Array.of(staged & 255, staged++ >> 8));
    const packets = repeat.list();
    repeat.take(packets, 4, now);
    for (let n = 0; n < packets.count; n++) {
      travelling.push({
        at: now + delay,
        sequence: datagramAt(packets, n)[0]! + 256 * datagramAt(packets, n)[1]!,
      });
    }
    while (travelling.length > 0 && travelling[0]!.at <= now) arrived.add(travelling.shift()!.sequence);
    while (arrived.has(first)) first++;
    repeat.acknowledge(first, new Uint8Array(), now);
    const before = repeat.timeouts;
    repeat.expire(now);
    timeouts += Math.max(0, repeat.timeouts - before);
  }
  assert(timeouts <= 12, `${timeouts} timeouts`);
  assert(repeat.resent < 0.25 * total, `${repeat.resent} repeats`);
  assert(path.smoothedMs > 0.5 * delay, `${path.smoothedMs} ms`);
});
