import fc from "fast-check";
import assert from "node:assert/strict";
import { argumentAddress, REGISTER } from "../../kernels/rtl/registers.ts";
import { KIND, OFFSET } from "../../serialize/header.ts";
import { ITEM, LONGEST, packetOf, PLAN, seal, verdict } from "./packets.ts";
import { itemArgument, openRtl } from "./rtl.ts";

/** Echoes of the build `spread_echo`. */
const INSTANCES = 4;

async function openSpread() {
  const rtl = await openRtl("spread_echo");
  rtl.configure(PLAN, KIND.cells, LONGEST, ITEM);
  return rtl;
}

/** A sound packet of a flow. */
function packetIn(flow: number, items: number, sequence: number): Uint8Array {
  const packet = packetOf(items * ITEM, sequence % 7, 100, sequence);
  const view = new DataView(packet.buffer);
  view.setUint32(OFFSET.flow, flow, true);
  view.setUint32(OFFSET.crc, seal(packet), true);
  return packet;
}

const flowOf = (packet: Uint8Array) =>
  new DataView(packet.buffer, packet.byteOffset).getUint32(OFFSET.flow, true);

/** Packets by flow, in their order. */
function byFlow(packets: readonly Uint8Array[]): Map<number, Uint8Array[]> {
  const flows = new Map<number, Uint8Array[]>();
  for (const packet of packets) flows.set(flowOf(packet), [...flows.get(flowOf(packet)) ?? [], packet]);
  return flows;
}

Deno.test("flow_spread and flow_collect keep the order of every flow and lose nothing, whatever pauses", async () => {
  const rtl = await openSpread();
  const flows = new Set<number>();
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          flow: fc.constantFrom(0, 1, 2, 3, 4, 7, 255, 2 ** 31, 2 ** 32 - 1),
          items: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: LONGEST / ITEM })),
          bad: fc.constantFrom(-1, -1, -1, -1, 0, 20, 70),
          socket: fc.nat(65535),
        }),
        { minLength: 1, maxLength: 80 },
      ),
      fc.record({
        send: fc.integer({ min: 0, max: 12 }),
        take: fc.integer({ min: 0, max: 12 }),
        seed: fc.nat(),
      }),
      (list, pauses) => {
        const packets = list.map(({ flow, items, bad }, at) => {
          const packet = packetIn(flow, items, at);
          if (bad >= 0) packet[bad]! ^= 1;
          return packet;
        });
        const { answers, answered, drops } = rtl.run(packets, pauses, list.map(({ socket }) => socket));
        const sound = packets.filter((packet) => verdict(packet) === "none");
        assert.deepEqual(
          byFlow(answers),
          new Map([...byFlow(answers)].map(([flow]) => [flow, byFlow(sound).get(flow)!])),
        );
        assert.equal(answers.length, sound.length);
        assert.equal(drops.reduce((sum, count) => sum + count), packets.length - sound.length);
        // The socket travels with its packet through queues and kernels.
        const socketsOf = (flow: number) =>
          list.filter((each, at) => each.flow === flow && verdict(packets[at]!) === "none").map((
            { socket },
          ) => socket);
        for (const flow of byFlow(answers).keys()) {
          flows.add(flow);
          assert.deepEqual(answered.filter((_, at) => flowOf(answers[at]!) === flow), socketsOf(flow));
        }
      },
    ),
    { numRuns: 60 },
  );
  assert(flows.size >= 8, `${flows.size} flows`);
});

Deno.test("flow_spread: four instances take a beat of 512 bits a cycle, and one flow has the rate of one", async () => {
  const rtl = await openSpread();
  const packets = 240;
  // Beats of 512 bits in a packet of the longest payload, header included.
  const beats = 1 + LONGEST / 64;
  const within = (flows: number, cycles: number): boolean => {
    const sent = Array.from({ length: packets }, (_, at) => packetIn(at % flows, LONGEST / ITEM, at));
    let at = 0;
    sent.forEach((packet, n) => {
      rtl.card.input.set(packet, at);
      rtl.card.ends[n] = at += packet.length;
    });
    try {
      assert.equal(rtl.card.run(packets, {}, cycles), packets);
      return true;
    } catch (error) {
      assert.match((error as Error).message, /did not end/);
      rtl.card.reset();
      rtl.configure(PLAN, KIND.cells, LONGEST, ITEM);
      return false;
    }
  };
  const [wide, narrow] = [packets * beats, 2 * packets * beats];
  assert(within(INSTANCES, Math.ceil(1.03 * wide) + 200), "four flows");
  assert(within(8 * INSTANCES, Math.ceil(1.03 * wide) + 200), "many flows");
  assert(within(1, Math.ceil(1.03 * narrow) + 200), "one flow");
  assert(!within(1, narrow), "one flow is not faster than one instance");
});

Deno.test("whole_queue: answers longer than the queue leave too, beside short ones", async () => {
  const rtl = await openRtl("spread_echo");
  // What the store of a kernel holds: more wide beats than the queue's 32.
  const items = Math.floor(4000 / ITEM);
  rtl.configure(PLAN, KIND.cells, items * ITEM, ITEM);
  const packets = Array.from({ length: 24 }, (_, at) => packetIn(at % 5, at % 3 === 0 ? 2 : items, at));
  for (const take of [0, 9]) {
    const { answers } = rtl.run(packets, { take, seed: 3 });
    assert.equal(answers.length, packets.length);
    assert.deepEqual(
      byFlow(answers),
      new Map([...byFlow(answers).keys()].map((flow) => [flow, byFlow(packets).get(flow)!])),
    );
  }
});

Deno.test("whole_queue: a short answer leaves before a long one that is not whole yet", async () => {
  const rtl = await openSpread();
  const items = LONGEST / ITEM;
  // The answer of flow 0 comes from its instance in twice the cycles of the stream's beats; the second packet delays
  // the short one until then.
  const packets = [packetIn(0, items, 0), packetIn(1, items, 1), packetIn(2, 2, 2)];
  const { answers } = rtl.run(packets);
  assert.deepEqual(answers.map(flowOf), [2, 0, 1]);
});

Deno.test("spread_packets: an argument is read as it was written, and counters are the sum of all instances", async () => {
  const rtl = await openSpread();
  const list = [PLAN, KIND.cells, LONGEST, itemArgument(ITEM)];
  assert.deepEqual(list.map((_, place) => rtl.card.read(argumentAddress(place))), list);
  rtl.run([0, 1, 2, 3, 1].map((flow, at) => packetIn(flow, 2, at)));
  assert.equal(rtl.card.counters().packets, 5);
});

Deno.test("spread_packets: every instance takes each word of a table once, though one is busy", async () => {
  for (const flow of [0, 1, 2, 3]) {
    const rtl = await openSpread();
    // No answer leaves, so the instance of the flow is busy when the table comes; the others are idle.
    const packets = Array.from(
      { length: 4 },
      (_, at) => packetIn(flow, LONGEST / ITEM, at),
    );
    let end = 0;
    packets.forEach((packet, at) => {
      rtl.card.input.set(packet, end);
      rtl.card.ends[at] = end += packet.length;
    });
    assert.throws(() => rtl.card.run(packets.length, { take: 16 }, 2000), /did not end/);
    // A run that is given up leaves a read under way, whose word the next read is given.
    rtl.card.read(REGISTER.control);
    rtl.card.queue([{ words: [5 * 65536, 7], entries: new Uint8Array(28), perWord: 1 }]);
    const last = packetIn(flow, 1, 0);
    rtl.card.input.set(last);
    rtl.card.ends[0] = last.length;
    assert.equal(rtl.card.run(1), packets.length + 1);
    assert(!rtl.card.hasQueued());
    assert.equal(rtl.card.counters().words, 8 * INSTANCES, `flow ${flow}`);
  }
});
