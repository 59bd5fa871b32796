import assert from "node:assert/strict";
import fc from "fast-check";
import { ARRIVED, FreeRings, RequestRing, WAITING } from "../../../runtime/network/request_ring.ts";
import { RoundTrip } from "../../../runtime/network/round_trip.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";
import { datagramAt } from "../../../runtime/network/socket/batch.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { newHeader } from "../../../serialize/header.ts";
import { packetBytes, reserveSlots, slotBytesFor, writePacket } from "../../../serialize/packets.ts";

const draws = fc.record({
  capacity: fc.integer({ min: 1, max: 9 }),
  batches: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 20 }),
  // Longer than a slot, so that packets are copied one by one.
  extra: fc.constantFrom(0, 64),
});

Deno.test("SelectiveRepeat.stageAll() keeps the packets of slots in order, over the end of its ring", () => {
  const slots = reserveSlots(createEngine(2 ** 14), 6, 64);
  fc.assert(fc.property(draws, ({ capacity, batches, extra }) => {
    const total = batches.reduce((sum, each) => sum + each, 0);
    const ring = new RequestRing(capacity, slotBytesFor(64) + extra);
    const repeat = new SelectiveRepeat(total, ring, new RoundTrip());
    const sent: number[][] = [], expected: number[][] = [];
    for (let next = 0; next < total;) {
      const count = Math.min(repeat.room, batches[next % batches.length]!);
      for (let slot = 0; slot < count; slot++, next++) {
        const payload = new Uint8Array(1 + next % 64).fill(next);
        writePacket(slots, slot, { ...newHeader(), sequence: next, length: payload.length }, payload);
        expected.push([...packetBytes(slots, slot)]);
      }
      repeat.stageAll(slots, count);
      const list = repeat.list();
      repeat.take(list, total, next);
      for (let n = 0; n < list.count; n++) sent.push([...datagramAt(list, n)]);
      repeat.acknowledge(next, new Uint8Array(), next);
    }
    assert.deepEqual(sent, expected);
    assert(repeat.isDone);
  }));
});

Deno.test("FreeRings gives rings out again by capacity, whose requests begin anew, within its bounds", () => {
  const rings = new FreeRings(64);
  const first = rings.take(4);
  first.set(1, Uint8Array.of(7));
  first.states[1] = ARRIVED;
  first.tries[1] = first.losses[1] = 3;
  rings.give(first);
  assert.notEqual(rings.take(5), first);
  const again = rings.take(4);
  assert.equal(again, first);
  again.set(1, Uint8Array.of(8, 9));
  assert.deepEqual([again.states[1], again.tries[1], again.losses[1]], [WAITING, 0, 0]);
  assert.notEqual(rings.take(4), first);
  // 64 rings are kept, and then 8 MiB of copies.
  const many = Array.from({ length: 65 }, () => rings.take(1));
  for (const each of many) rings.give(each);
  const kept = Array.from({ length: 65 }, () => rings.take(1));
  assert.deepEqual(many.map((each) => kept.includes(each)), many.map((_, n) => n > 0));
  const large = [rings.take(2 ** 16), rings.take(2 ** 16 + 1), rings.take(2 ** 16 + 2)];
  for (const each of large) rings.give(each);
  assert.notEqual(rings.take(2 ** 16), large[0]);
  assert.notEqual(rings.take(2 ** 16 + 1), large[1]);
  assert.equal(rings.take(2 ** 16 + 2), large[2]);
});
