import assert from "node:assert/strict";
import { createEngine } from "../../../serialize/engine.ts";
import { packetBytes, type PacketSlots, reserveSlots } from "../../../serialize/packets.ts";
import { AnswerOrder } from "../../../serialize/text/answer_order.ts";
import { HeldPackets } from "../../../serialize/text/held_packets.ts";
import { createTextWriter } from "../../../serialize/text/text_writer.ts";

const slots: PacketSlots = reserveSlots(createEngine(2 ** 14), 4, 64);
const writer = createTextWriter({ plan: 1, checksum: "crc32c" });

/** Writes a packet that holds its number. */
function write(number: number, slot = 0): void {
  const text = new Uint8Array(1 + number % 60).fill(number);
  const packet = { flow: 1, sequence: number, packets: 1000, overlap: 0, position: 0, ends: false };
  writer.packet(packet, text, 0, text.length, slots, slot);
}

Deno.test("HeldPackets.keep() keeps as many packets as the limit, none twice", () => {
  for (const most of [1, 3]) {
    const held = new HeldPackets(most);
    for (let number = 0; number < most; number++) {
      write(number);
      assert.equal(held.count, number);
      assert.equal(held.keep(number, slots, 0), true);
      assert.equal(held.keep(number, slots, 0), false);
    }
    assert.equal(held.keep(most, slots, 0), false);
    assert.equal(held.count, most);
    assert.equal(held.putBack(0, slots, 0), true);
    assert.equal(held.putBack(0, slots, 0), false);
    assert.equal(held.keep(most, slots, 0), true);
    assert.equal(held.count, most);
    held.clear();
    assert.deepEqual([held.count, held.putBack(most, slots, 0)], [0, false]);
  }
});

Deno.test("HeldPackets.putBack() restores header and payload to the last byte", () => {
  const held = new HeldPackets(60);
  const expected = Array.from({ length: 60 }, (_, number) => {
    write(number, 1);
    held.keep(number, slots, 1);
    return packetBytes(slots, 1).slice();
  });
  write(61, 1);
  for (let number = 59; number >= 0; number--) {
    slots.engine.bytes.fill(0xa5, slots.address);
    assert.equal(held.putBack(number, slots, 2), true);
    assert.deepEqual(packetBytes(slots, 2), expected[number]);
    assert.equal(slots.engine.bytes[slots.address + 2 * slots.slotBytes + expected[number]!.length], 0xa5);
  }
});

Deno.test("AnswerOrder takes a packet at its turn, keeps later ones and drops earlier ones", () => {
  const order = new AnswerOrder(2);
  write(0);
  assert.equal(order.check(0, 0, slots, 0), null);
  assert.equal(order.check(0, 1, slots, 0), "early");
  assert.equal(order.check(0, 1, slots, 0), "duplicate");
  assert.equal(order.check(1, 0, slots, 0), "early");
  // There is no room for a third.
  assert.equal(order.check(1, 1, slots, 0), "duplicate");
  assert.equal(order.next(slots, 0), false);
  assert.equal(order.advance(0, 2), false);
  assert.equal(order.answered, 0);
  assert.equal(order.check(0, 0, slots, 0), "duplicate");
  assert.equal(order.next(slots, 0), true);
  assert.equal(order.check(0, 1, slots, 0), null);
  assert.equal(order.advance(1, 2), true);
  assert.equal(order.answered, 1);
  assert.equal(order.next(slots, 0), true);
  assert.equal(order.advance(0, 1), true);
  assert.equal(order.next(slots, 0), false);
  assert.equal(order.answered, 2);
});

Deno.test("AnswerOrder numbers 256 parts of a packet apart from the next packet", () => {
  const order = new AnswerOrder(300);
  write(0);
  for (let part = 0; part < 256; part++) assert.equal(order.advance(part, 256), part === 255);
  assert.equal(order.check(0, 255, slots, 0), "duplicate");
  assert.equal(order.check(1, 0, slots, 0), null);
  assert.equal(order.check(1, 255, slots, 0), "early");
  assert.equal(order.check(2, 0, slots, 0), "early");
});

Deno.test("AnswerOrder.begin() forgets what was kept and starts at the first part", () => {
  const order = new AnswerOrder(1);
  write(0);
  order.advance(0, 1);
  order.advance(0, 2);
  assert.equal(order.check(5, 0, slots, 0), "early");
  order.begin();
  assert.equal(order.answered, 0);
  assert.equal(order.check(0, 0, slots, 0), null);
  assert.equal(order.check(5, 0, slots, 0), "early");
});
