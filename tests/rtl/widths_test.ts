import fc from "fast-check";
import assert from "node:assert/strict";
import { randomBytes } from "../support/random.ts";
import { openRtl } from "./rtl.ts";

/** The longest payload of AMD's network layer in one packet, and more. */
const LONGEST = 1472;

const loop = await openRtl("packet_widths");

const anyPacket = fc.record({
  // Tails of 1 to 64 bytes as often as long packets.
  length: fc.oneof(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 1, max: LONGEST })),
  socket: fc.nat(65535),
  seed: fc.nat(9999),
});

Deno.test("widths: packets of any bytes pass 512 bits and come back, with their sockets, whatever pauses", () => {
  fc.assert(
    fc.property(
      fc.array(anyPacket, { minLength: 1, maxLength: 60 }),
      fc.record({
        send: fc.integer({ max: 12, min: 0 }),
        take: fc.integer({ max: 12, min: 0 }),
        seed: fc.nat(),
      }),
      (list, pauses) => {
        const packets = list.map(({ length, seed }) => randomBytes(length, seed));
        const sockets = list.map(({ socket }) => socket);
        const { answers, answered } = loop.run(packets, pauses, sockets);
        assert.deepEqual(answers, packets);
        assert.deepEqual(answered, sockets);
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("widths: every length passes, one behind the other, and behind a longer one", () => {
  const lengths = Array.from({ length: LONGEST }, (_, at) => randomBytes(at + 1, at));
  assert.deepEqual(loop.run(lengths).answers, lengths);
  const mixed = lengths.slice(0, 200).flatMap((packet, at) => [packet, randomBytes(193 - (at % 193), at)]);
  assert.deepEqual(loop.run(mixed, { send: 0, take: 8, seed: 3 }).answers, mixed);
});

Deno.test("widths: a beat every cycle, of the shortest packets too", () => {
  for (const length of [1, 32, 33, 64, 65, 96, 97, 1408]) {
    const packets = Array.from({ length: 400 }, (_, at) => randomBytes(length, at));
    const beats = packets.length * Math.ceil(length / 32);
    const { answers, cycles } = loop.run(packets);
    assert.deepEqual(answers, packets);
    // Two stages of registers, and the half that waits for the other.
    assert(cycles <= beats + 4, `${length} bytes: ${cycles} cycles for ${beats} beats`);
  }
});

Deno.test("widths: cycles are counted from the one in which a packet arrives to the one in which it leaves", () => {
  for (const length of [1, 32, 33, 64, 65, 96, 1408]) {
    const beats = Math.ceil(length / 32);
    // Two stages of registers, and the half that waits for the other.
    assert.equal(loop.run([randomBytes(length, 1)]).cycles, beats + (beats > 1 ? 3 : 2), `${length} bytes`);
  }
});

Deno.test("widths: a reset in the middle leaves no half behind", async () => {
  const other = await openRtl("packet_widths");
  const packets = Array.from({ length: 40 }, (_, at) => randomBytes(65 + 7 * at, at));
  for (let cycles = 1; cycles < 40; cycles++) {
    other.interrupt(packets, cycles);
    other.card.reset();
    assert.deepEqual(other.run(packets, { send: cycles % 3, take: 3, seed: cycles }).answers, packets);
  }
});
