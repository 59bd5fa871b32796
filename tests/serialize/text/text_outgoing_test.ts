import assert from "node:assert/strict";
import { createEngine } from "../../../serialize/engine.ts";
import { FLAG, HEADER_BYTES, MAX_PACKETS, newHeader } from "../../../serialize/header.ts";
import { readPacket, reserveSlots, slotAddress } from "../../../serialize/packets.ts";
import { TextOutgoing } from "../../../serialize/text/text_outgoing.ts";
import { createTextWriter } from "../../../serialize/text/text_writer.ts";

const slots = reserveSlots(createEngine(2 ** 16), 64, 16);
const writer = createTextWriter({ plan: 3, checksum: "crc32c" });
const bytesOf = (length: number, from = 0) => Uint8Array.from({ length }, (_, at) => from + at);
const SIZES = { payload: 4, inFlight: 8 };

/** Writes packets until the flow has nothing to send; how many. */
function sendAll(outgoing: TextOutgoing): number {
  let count = 0;
  while (outgoing.write(slots, count, slots.slots - count) === 1) count++;
  return count;
}

/** Header and payload of a packet. */
function packet(slot: number) {
  const header = newHeader();
  assert.equal(readPacket(slots, slot, header), null);
  const at = slotAddress(slots, slot) + HEADER_BYTES;
  return { ...header, bytes: [...slots.engine.bytes.subarray(at, at + header.length)] };
}

Deno.test("TextOutgoing sends as many packets as may be in flight, and one for each that is answered", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1, bytesOf(100));
  assert.equal(sendAll(outgoing), 8);
  assert.equal(sendAll(outgoing), 0);
  outgoing.acknowledge(3);
  assert.equal(sendAll(outgoing), 3);
  outgoing.acknowledge(11);
  assert.equal(sendAll(outgoing), 8);
  assert.deepEqual([outgoing.sent, outgoing.position], [19, 76]);
});

Deno.test("TextOutgoing.resend() starts with two packets and doubles them with every answer", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1, bytesOf(200));
  sendAll(outgoing);
  outgoing.resend({ flow: 2, ranges: [[10, 20]] });
  assert.deepEqual([outgoing.base, outgoing.position, outgoing.sent], [10, 10, 0]);
  const windows: number[] = [];
  for (let n = 0; n < 5; n++) {
    windows.push(sendAll(outgoing));
    if (n === 0) {
      const { flow, sequence, position, flags, bytes } = packet(0);
      assert.deepEqual([flow, sequence, position, flags & FLAG.first], [2, 0, 10, FLAG.first]);
      assert.deepEqual(bytes, [10, 11, 12, 13]);
    }
    outgoing.acknowledge(outgoing.sent);
  }
  assert.deepEqual(windows, [2, 4, 8, 8, 8]);
});

Deno.test("TextOutgoing.resume() starts a flow at an offset and keeps the window", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1, bytesOf(100));
  sendAll(outgoing);
  outgoing.acknowledge(5);
  outgoing.resume(9, 30);
  assert.equal(sendAll(outgoing), 8);
  assert.deepEqual([packet(0).flow, packet(0).position, packet(7).sequence], [9, 30, 7]);
});

Deno.test("TextOutgoing.write() writes nothing without room, or behind the end of the text", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1, bytesOf(5));
  assert.equal(outgoing.write(slots, 0, 0), 0);
  assert.equal(outgoing.write(slots, 0, 1), 1);
  assert.equal(outgoing.write(slots, 1, 1), 1);
  assert.equal(outgoing.write(slots, 2, 1), 0);
  const [first, last] = [packet(0), packet(1)];
  assert.deepEqual([first.packets, last.packets, last.length], [2, 2, 1]);
  assert.equal(first.flags & FLAG.endOfText, 0);
  assert.equal(last.flags & FLAG.endOfText, FLAG.endOfText);
  assert.equal(last.flags & FLAG.last, FLAG.last);
});

Deno.test("TextOutgoing holds the last byte of a text that grows, until the text ends", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1);
  assert.equal(sendAll(outgoing), 0);
  outgoing.push(bytesOf(1));
  assert.deepEqual([outgoing.length, outgoing.ended, sendAll(outgoing)], [1, false, 0]);
  outgoing.push(bytesOf(4, 1));
  assert.equal(sendAll(outgoing), 1);
  assert.deepEqual([packet(0).packets, packet(0).bytes], [MAX_PACKETS, [0, 1, 2, 3]]);
  assert.equal(packet(0).flags & (FLAG.last | FLAG.endOfText), 0);
  outgoing.end();
  assert.equal(outgoing.ended, true);
  assert.equal(sendAll(outgoing), 1);
  assert.deepEqual([packet(0).packets, packet(0).sequence, packet(0).bytes], [2, 1, [4]]);
  assert.equal(packet(0).flags & FLAG.endOfText, FLAG.endOfText);
});

Deno.test("TextOutgoing.push() takes a part of its memory", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1);
  outgoing.push(bytesOf(10), 2, 5);
  outgoing.push(bytesOf(10), 8);
  assert.deepEqual([...outgoing.from(0)], [2, 3, 4, 8, 9]);
  assert.deepEqual([...outgoing.from(3)], [8, 9]);
});

Deno.test("TextOutgoing.release() gives memory back, and keeps the text behind the offset", () => {
  const outgoing = new TextOutgoing(writer, { payload: 16, inFlight: 1 }, 1);
  const all: number[] = [];
  let released = 0;
  for (let n = 0; n < 400; n++) {
    const piece = Uint8Array.from({ length: 1 + n % 97 }, (_, at) => (n * 31 + at) & 255);
    all.push(...piece);
    outgoing.push(piece);
    released = Math.max(0, all.length - 50 - n % 40);
    outgoing.release(released);
    assert.deepEqual([...outgoing.from(released)], all.slice(released));
  }
  // What is held has grown once at most: its memory is of the order of what is kept.
  assert(outgoing.from(released).buffer.byteLength <= 4096, "released text is kept");
});

Deno.test("TextOutgoing grows for text that does not fit, and sends it from where it was", () => {
  for (const length of [4095, 4096, 4097, 9000]) {
    const outgoing = new TextOutgoing(writer, { payload: 16, inFlight: 1000 }, 1);
    outgoing.push(bytesOf(20));
    assert.equal(sendAll(outgoing), 2);
    outgoing.release(16);
    const more = Uint8Array.from({ length }, (_, at) => at * 7 & 255);
    outgoing.push(more);
    assert.deepEqual(outgoing.from(20), more);
    assert.equal(outgoing.write(slots, 0, 1), 1);
    assert.deepEqual(packet(0).bytes, [19, ...more.subarray(0, 15)]);
  }
});

Deno.test("TextOutgoing moves what it keeps in its memory, then into a larger one", () => {
  const outgoing = new TextOutgoing(writer, SIZES, 1);
  const all = Uint8Array.from({ length: 13_200 }, (_, at) => at * 31 + (at >> 8) & 255);
  const steps = [[4000, 3000], [4200, 3500], [13_200, 3500]] as const;
  let from = 0;
  for (const [to, released] of steps) {
    outgoing.push(all, from, to);
    outgoing.release(released);
    assert.deepEqual(outgoing.from(released), all.subarray(released, to));
    from = to;
  }
  assert.equal(outgoing.length, 13_200);
});

Deno.test("TextOutgoing.isWorn begins behind half of the sequence numbers, or 2^31 bytes", () => {
  const silent = { packet: () => {}, chunks: () => {} };
  const outgoing = new TextOutgoing(
    silent,
    { payload: 1, inFlight: 2 ** 30 },
    1,
    new Uint8Array(2 ** 23 + 2),
  );
  for (let n = 0; n < MAX_PACKETS / 2; n++) outgoing.write(slots, 0, 1);
  assert.deepEqual([outgoing.sent, outgoing.isWorn], [2 ** 23, false]);
  outgoing.write(slots, 0, 1);
  assert.equal(outgoing.isWorn, true);
  outgoing.resume(2, 5);
  assert.equal(outgoing.isWorn, false);
});
