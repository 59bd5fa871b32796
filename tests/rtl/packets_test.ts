import fc from "fast-check";
import assert from "node:assert/strict";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { randomBytes } from "../support/random.ts";
import { behaves, ITEM, LONGEST, packetOf, PLAN, seal, verdict } from "./packets.ts";
import { openRtl } from "./rtl.ts";

/** The checks that a kernel without tables makes. */
const CHECKS = DROP_REASONS.filter((name) => !["weight", "page", "epoch", "order"].includes(name));

const echo = await openRtl("packet_echo");
echo.configure(PLAN, KIND.cells, LONGEST, ITEM);

/** Any sound packet of any number of items. */
const sound = fc.tuple(fc.integer({ min: 1, max: LONGEST / ITEM }), fc.nat(99), fc.nat(9999), fc.boolean())
  .map(([items, sequence, seed, checked]) => packetOf(items * ITEM, sequence, 100, seed, checked));

/** A packet with a field, a bit or its end changed, sealed again or not. */
const spoiled = fc.tuple(
  sound,
  fc.oneof(
    fc.record({ at: fc.nat(HEADER_BYTES - 1), bit: fc.nat(7) }),
    fc.record({ at: fc.integer({ min: HEADER_BYTES, max: HEADER_BYTES + LONGEST - 1 }), bit: fc.nat(7) }),
    fc.record({ cut: fc.integer({ min: 1, max: HEADER_BYTES + LONGEST }) }),
    fc.record({ length: fc.oneof(fc.constantFrom(0, 1, 8192, 8193, 65535), fc.nat(2000)) }),
    fc.record({ more: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ word: fc.nat(15), value: fc.constantFrom(0, 1, 0xffff, 0xffffffff, 2 ** 24, 2 ** 24 + 1) }),
  ),
  fc.boolean(),
).map(([packet, change, again]) => {
  let result = packet.slice();
  if ("bit" in change) result[change.at % result.length]! ^= 1 << change.bit;
  if ("cut" in change) result = result.slice(0, change.cut);
  if ("more" in change) result = new Uint8Array([...result, ...randomBytes(change.more, change.more)]);
  const view = new DataView(result.buffer);
  if ("length" in change) view.setUint16(20, change.length, true);
  if ("word" in change) view.setUint32(4 * change.word, change.value, true);
  if (again && result.length >= HEADER_BYTES) view.setUint32(OFFSET.crc, seal(result), true);
  return result;
});

/** A packet for each check, which fails that one alone. */
const ONE_OF_EACH = ([
  ["none", () => {}],
  ["magic", (view) => view.setUint8(0, 0)],
  ["version", (view) => view.setUint8(4, 2)],
  ["kind", (view) => view.setUint8(5, 0)],
  ["flags", (view) => view.setUint16(6, view.getUint16(6, true) | 2 ** 15, true)],
  ["length", (view) => view.setUint16(20, 8193, true)],
  ["overlap", (view) => view.setUint16(22, view.getUint16(20, true) + 1, true)],
  ["packets", (view) => view.setUint32(16, 2 ** 24 + 1, true)],
  ["sequence", (view) => view.setUint32(12, view.getUint32(16, true), true)],
  ["position", (view) => view.setUint16(38, 1, true)],
  ["reserved", (view) => view.setUint32(44, 1, true)],
  ["plan", (view) => view.setUint32(24, PLAN ^ 1, true)],
  ["items", (view) => view.setUint16(20, 5 * ITEM - 1, true)],
] as [string, (view: DataView) => void][]).map(([name, change]) => {
  const packet = packetOf(5 * ITEM, 3, 7, 5);
  const view = new DataView(packet.buffer);
  change(view);
  view.setUint32(OFFSET.crc, seal(packet), true);
  return { name, packet };
}).concat(
  { name: "truncated", packet: packetOf(5 * ITEM, 3, 7, 5).slice(0, HEADER_BYTES - 1) },
  { name: "crc", packet: packetOf(5 * ITEM, 3, 7, 5).with(HEADER_BYTES, 0x5a) },
);

const pauses = fc.record({
  send: fc.integer({ min: 0, max: 12 }),
  take: fc.integer({ min: 0, max: 12 }),
  seed: fc.nat(),
});

Deno.test("RTL: a run of many slices keeps the beat that waits where a slice ends", () => {
  // The host takes slowly, so that at nearly every end of a slice a beat is offered that was not taken.
  const packets = Array.from({ length: 400 }, (_, n) => packetOf(LONGEST, n, 400, n));
  for (const seed of [1, 2, 3]) behaves(packets, echo.run(packets, { send: 0, take: 12, seed }));
});

Deno.test("RTL: sound packets come back as they went, whatever pauses on either end", () => {
  fc.assert(
    fc.property(fc.array(sound, { minLength: 1, maxLength: 30 }), pauses, (packets, pauses) => {
      behaves(packets, echo.run(packets, pauses));
    }),
    { numRuns: 60 },
  );
});

Deno.test("RTL: spoiled packets are dropped by the name that the host gives, and the others pass", () => {
  assert.deepEqual(ONE_OF_EACH.map(({ name }) => name).sort(), [...CHECKS].sort(), "some check is not met");
  for (const { name, packet } of ONE_OF_EACH) assert.equal(verdict(packet), name);
  const each = ONE_OF_EACH.map(({ packet }) => packet);
  const some = fc.array(fc.oneof(sound, spoiled, spoiled, fc.constantFrom(...each)), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(some, pauses, (packets, pauses) => {
      behaves(packets, echo.run(packets, pauses));
    }),
    {
      numRuns: 250,
      examples: [
        [each, { send: 0, take: 0, seed: 1 }],
        [each.toReversed(), { send: 6, take: 6, seed: 2 }],
      ],
    },
  );
});

Deno.test("RTL: every length and every cut of a packet ends as on the host", () => {
  const lengths = Array.from({ length: LONGEST / ITEM }, (_, at) => packetOf((at + 1) * ITEM, 0, 1, at));
  behaves(lengths, echo.run(lengths));
  const whole = packetOf(5 * ITEM, 3, 7, 5);
  const cuts = Array.from({ length: whole.length }, (_, at) => whole.slice(0, at + 1));
  behaves(cuts, echo.run(cuts));
});

Deno.test("RTL: bytes of any number are checked and sealed: items of one byte", async () => {
  const bytes = await openRtl("packet_echo");
  bytes.configure(PLAN, KIND.cells, LONGEST, 1);
  const packets = Array.from({ length: 200 }, (_, at) => packetOf(at + 1, 0, 1, at));
  assert.deepEqual(bytes.run(packets).answers, packets);
});

Deno.test("RTL: a beat every cycle: no bubble between packets, long and short", () => {
  for (const items of [1, 2, 7, LONGEST / ITEM]) {
    const packets = Array.from({ length: 300 }, (_, at) => packetOf(items * ITEM, at % 100, 100, at));
    const beats = packets.reduce((sum, packet) => sum + Math.ceil(packet.length / 32), 0);
    const { cycles, answers } = echo.run(packets);
    assert.equal(answers.length, packets.length);
    // Once through: a packet is stored twice, and each store and CRC has its registers.
    const latency = 2 * Math.ceil(packets[0]!.length / 32) + 24;
    assert(cycles <= beats + latency, `${items} items: ${cycles} cycles for ${beats} beats`);
  }
});

Deno.test("RTL: a reset in the middle leaves nothing behind", async () => {
  const other = await openRtl("packet_echo");
  other.configure(PLAN, KIND.cells, LONGEST, ITEM);
  const packets = Array.from({ length: 20 }, (_, at) => packetOf(LONGEST, at, 100, at));
  for (const cycles of [1, 30, 47, 48, 100, 200]) {
    other.interrupt(packets, cycles);
    other.card.reset();
    other.configure(PLAN, KIND.cells, LONGEST, ITEM);
    behaves(packets, other.run(packets, { send: 3, take: 3, seed: cycles }));
  }
});
