import fc from "fast-check";
import assert from "node:assert/strict";
import { argumentAddress, counterAddress, DOOR_COUNTER, REGISTER } from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { ITEM, LONGEST, packetOf, PLAN } from "./packets.ts";
import { openRtl, type Rtl } from "./rtl.ts";

/** Beats that the door of the build `door_echo` stores, of 64 bytes. */
const STORE = 64;
/** First register of the door: those of the echo come before. */
const DOOR = 0x800;

type Counts = Record<keyof typeof DOOR_COUNTER, number>;

async function openDoor(limit: number): Promise<Rtl> {
  const rtl = await openRtl("door_echo");
  rtl.configure(PLAN, KIND.cells, LONGEST, ITEM);
  rtl.card.write(DOOR + argumentAddress(0), limit);
  rtl.card.write(DOOR + REGISTER.control, 1);
  return rtl;
}

function countsOf({ card }: Rtl): Counts {
  return Object.fromEntries(
    Object.entries(DOOR_COUNTER).map(([name, place]) => [name, card.read(DOOR + counterAddress(place))]),
  ) as Counts;
}

/** Beats of a packet with `items` items. */
const beatsOf = (items: number) => Math.ceil((HEADER_BYTES + ITEM * items) / 64);

const packetsOf = (items: readonly number[]) =>
  items.map((count, at) => packetOf(count * ITEM, 0, 1, at + 1));

Deno.test("onpath_door: whole packets leave in their order, and all others are counted, whatever pauses", async () => {
  const rtl = await openDoor(0);
  let lost = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: LONGEST / ITEM })),
        { minLength: 1, maxLength: 60 },
      ),
      fc.constantFrom(0, 2, 8, 23, 24, STORE, STORE + 1, 2 ** 31),
      fc.record({
        send: fc.integer({ min: 0, max: 12 }),
        take: fc.integer({ min: 0, max: 14 }),
        seed: fc.nat(),
      }),
      (items, limit, pauses) => {
        rtl.card.write(DOOR + argumentAddress(0), limit);
        rtl.card.write(DOOR + REGISTER.control, 1);
        const packets = packetsOf(items);
        const before = countsOf(rtl);
        const { answers, answered, drops } = rtl.run(packets, pauses, packets.map((_, at) => at));
        const after = countsOf(rtl);
        const since = (name: keyof Counts) => after[name] - before[name];
        // Sockets are the numbers of the packets: increasing, so in order and none twice.
        answered.forEach((number, at) => {
          assert(at === 0 || number > answered[at - 1]!);
          assert.deepEqual(answers[at], packets[number]);
        });
        assert.deepEqual(drops.filter((count) => count !== 0), [], "the echo has dropped a packet");
        assert.equal(since("stored"), answers.length);
        assert.equal(since("packets"), answers.length);
        assert.equal(since("stored") + since("dropped"), packets.length);
        assert.equal(since("beatsIn"), items.reduce((sum, count) => sum + beatsOf(count), 0));
        assert.equal(since("beatsOut"), answered.reduce((sum, number) => sum + beatsOf(items[number]!), 0));
        assert.equal(after.held, 0);
        assert(after.most <= STORE, `${after.most} beats`);
        lost += since("dropped");
      },
    ),
    { numRuns: 200 },
  );
  assert(lost > 100, `${lost} dropped`);
});

Deno.test("onpath_door: a packet of fewer beats than the limit always fits, one of more never", async () => {
  const rtl = await openDoor(0);
  for (const limit of [3, 4, 8, 22]) {
    rtl.card.write(DOOR + argumentAddress(0), limit);
    rtl.card.write(DOOR + REGISTER.control, 1);
    for (const send of [0, 5, 11]) {
      // The header fills a beat.
      const fits = packetsOf([4 * (limit - 2)]);
      const excess = packetsOf([4 * limit]);
      assert.equal(rtl.run(fits, { send }).answers.length, 1, `${limit} beats less one, pauses ${send}`);
      assert.equal(rtl.run(excess, { send }).answers.length, 0, `${limit} beats and one, pauses ${send}`);
    }
  }
});

Deno.test("onpath_door: a kernel of half the rate loses nothing of a burst that fits, and half of a long one", async () => {
  const rtl = await openDoor(0);
  const burst = packetsOf([84, 40, 20]);
  assert.equal(rtl.run(burst).answers.length, burst.length);
  assert.equal(countsOf(rtl).dropped, 0);
  const long = packetsOf(Array.from({ length: 200 }, () => 84));
  const { answers } = rtl.run(long);
  const { dropped, most } = countsOf(rtl);
  assert.equal(answers.length + dropped, long.length);
  assert(answers.length >= 90 && answers.length <= 110, `${answers.length} answers`);
  assert(most > STORE - beatsOf(84), `${most} beats`);
  // A sender of the kernel's rate loses nothing.
  const before = dropped;
  assert.equal(rtl.run(long, { send: 9, seed: 5 }).answers.length, long.length);
  assert.equal(countsOf(rtl).dropped, before);
});
