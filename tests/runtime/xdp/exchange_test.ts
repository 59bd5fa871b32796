import assert from "node:assert/strict";
import { exchangeDatagrams } from "../../../runtime/xdp/exchange.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { type PacketSlots, reserveSlots } from "../../../serialize/packets.ts";

const slots = (count: number) => reserveSlots(createEngine(2 ** 20), count, 64);

/**
 * A network that answers, drops or loses packets by their slot, in batches.
 *
 * @param fate `answer`, `drop` or `lose`, by slot.
 */
function network(fate: (slot: number) => "answer" | "drop" | "lose", capacity = 64) {
  const events = { sent: [] as number[], rooms: new Set<number>(), dropped: 0, drained: 0, mostInFlight: 0 };
  let ready = 0, inFlight = 0;
  const link = {
    lostAfterMs: 5,
    send: (_slots: PacketSlots, from: number, count: number, room: number) => {
      const batch = Math.min(count, capacity);
      events.rooms.add(room);
      for (let slot = from; slot < from + batch; slot++) {
        events.sent.push(slot);
        inFlight++;
        const what = fate(slot);
        if (what === "answer") ready++;
        if (what === "drop") {
          events.dropped++;
          inFlight--;
        }
      }
      events.mostInFlight = Math.max(events.mostInFlight, inFlight);
      return batch;
    },
    receive: (slots: PacketSlots, from: number) => {
      const packets = Math.min(ready, 7, slots.slots - from);
      ready -= packets;
      inFlight -= packets;
      return { packets, any: packets > 0 };
    },
    drain: () => void events.drained++,
    close: () => {},
  };
  return { link, events };
}

const exchangeOf = (count: number) => ({ input: slots(count || 1), count, output: slots(count || 1) });

Deno.test("exchangeDatagrams() keeps at most 64 packets in flight, and ends when each is answered or dropped", async () => {
  const { link, events } = network((slot) => slot % 5 === 0 ? "drop" : "answer");
  const watch = { drops: () => 1000 + events.dropped, check: () => {} };
  assert.equal(await exchangeDatagrams(link, exchangeOf(300), 99, watch), 240);
  assert.deepEqual(events.sent, Array.from({ length: 300 }, (_, slot) => slot));
  assert.deepEqual([...events.rooms], [99]);
  assert.equal(events.drained, 1);
  assert(events.mostInFlight <= 64, `${events.mostInFlight}`);
});

Deno.test("exchangeDatagrams() gives lost packets up and sends the others", async () => {
  const { link, events } = network((slot) => slot < 64 || slot === 150 ? "lose" : "answer");
  const watch = { drops: () => events.dropped, check: () => {} };
  assert.equal(await exchangeDatagrams(link, exchangeOf(200), 99, watch), 135);
  assert.equal(events.sent.length, 200);
});

Deno.test("exchangeDatagrams() sends on when the socket takes few packets at a time", async () => {
  const { link, events } = network(() => "answer", 3);
  const watch = { drops: () => 0, check: () => {} };
  assert.equal(await exchangeDatagrams(link, exchangeOf(100), 99, watch), 100);
  assert.equal(events.sent.length, 100);
});

Deno.test("exchangeDatagrams() of no packets sends none", async () => {
  const { link, events } = network(() => "answer");
  assert.equal(await exchangeDatagrams(link, exchangeOf(0), 99, { drops: () => 0, check: () => {} }), 0);
  assert.deepEqual(events.sent, []);
});

Deno.test("exchangeDatagrams() stops for the reason of its check", async () => {
  const { link } = network(() => "lose");
  let checks = 0;
  const check = () => {
    if (++checks > 3) throw new Error("enough");
  };
  const lost = { ...link, lostAfterMs: 10_000 };
  await assert.rejects(exchangeDatagrams(lost, exchangeOf(10), 99, { drops: () => 0, check }), /enough/);
});
