/**
 * The part of the device suite about bad packets: dropped and counted by name, the others answered.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { DropReason } from "../../kernels/program.ts";
import { firstItem, itemCount } from "../../serialize/partition.ts";
import { FLAG, HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { type Answer, type Bench, dropsSince, openBench } from "./device_bench.ts";
import type { Register, SuiteOptions } from "./suite_types.ts";

/** A way to spoil the packet at an address; `seal` says whether it gets a right CRC afterwards. */
interface Fault {
  readonly reason: DropReason;
  readonly seal: boolean;
  readonly spoil: (bench: Bench, view: DataView, at: number) => void;
}

const fault = (reason: DropReason, seal: boolean, spoil: Fault["spoil"]): Fault => ({ reason, seal, spoil });

const FAULTS: Readonly<Record<string, Fault>> = {
  "wrong magic": fault("magic", true, (_, view, at) => view.setUint32(at, 0x4f4e5054, true)),
  "all bytes zero": fault(
    "magic",
    false,
    (bench, _, at) => bench.engine.bytes.fill(0, at, at + HEADER_BYTES),
  ),
  "version 2": fault("version", true, (_, view, at) => view.setUint8(at + 4, 2)),
  "unknown kind": fault("kind", true, (_, view, at) => view.setUint8(at + 5, 77)),
  "kind 0": fault("kind", true, (_, view, at) => view.setUint8(at + 5, 0)),
  "a kind that the plan does not take": fault(
    "items",
    true,
    (_, view, at) => view.setUint8(at + 5, KIND.samples),
  ),
  "unknown flag": fault("flags", true, (_, view, at) => view.setUint16(at + 6, 32 | FLAG.checked, true)),
  "payload of no byte": fault("length", true, (_, view, at) => view.setUint16(at + 20, 0, true)),
  "payload beyond the limit": fault("length", true, (_, view, at) => view.setUint16(at + 20, 8193, true)),
  "payload beyond the slot": fault("truncated", true, (_, view, at) => view.setUint16(at + 20, 8192, true)),
  "more overlap than payload": fault("overlap", true, (_, view, at) => view.setUint16(at + 22, 65535, true)),
  "no packets in the flow": fault("packets", true, (_, view, at) => view.setUint32(at + 16, 0, true)),
  "too many packets in the flow": fault(
    "packets",
    true,
    (_, view, at) => view.setUint32(at + 16, 2 ** 24 + 1, true),
  ),
  "number beyond the flow": fault(
    "sequence",
    true,
    (bench, view, at) => view.setUint32(at + 12, bench.packets, true),
  ),
  "first flag in the middle": fault(
    "sequence",
    true,
    (_, view, at) => view.setUint16(at + 6, FLAG.checked | FLAG.first, true),
  ),
  "position beyond the limit": fault(
    "position",
    true,
    (_, view, at) => view.setUint32(at + 36, 0x10000, true),
  ),
  "reserved word": fault("reserved", true, (_, view, at) => view.setUint32(at + 44, 1, true)),
  "bad CRC": fault("crc", false, (_, view, at) => view.setUint32(at + 40, view.getUint32(at + 40) ^ 1)),
  "changed sample": fault(
    "crc",
    false,
    (_, view, at) => view.setUint8(at + 100, view.getUint8(at + 100) ^ 128),
  ),
  "CRC without its flag": fault("crc", false, (_, view, at) => view.setUint16(at + 6, 0, true)),
  "wrong plan": fault("plan", true, (bench, view, at) => view.setUint32(at + 24, bench.plan.id ^ 1, true)),
  "no whole number of items": fault(
    "items",
    true,
    (_, view, at) => view.setUint16(at + 20, view.getUint16(at + 20, true) - 1, true),
  ),
  "more items than a packet holds": fault("items", true, (bench, view, at) => {
    view.setUint16(at + 20, bench.plan.body.layout.payload + 16, true);
  }),
  "weight index out of range": fault(
    "weight",
    true,
    (_, view, at) => view.setUint16(at + HEADER_BYTES + 5 * 16 + 12, 65535, true),
  ),
  "weight index out of range in the last item": fault("weight", true, (_, view, at) => {
    view.setUint16(at + HEADER_BYTES + view.getUint16(at + 20, true) - 4, 65535, true);
  }),
};

function spoil(bench: Bench, slot: number, { spoil, seal }: Fault): void {
  spoil(bench, bench.engine.view, bench.at(slot));
  if (seal) bench.seal(slot);
}

/** Asserts that the answers are those of the packets that are not spoiled, and right. */
function answeredBut(
  bench: Bench,
  answers: readonly Answer[],
  spoiled: readonly number[],
  what: string,
): void {
  const whole = Array.from({ length: bench.packets }, (_, number) => number);
  assert.deepEqual(
    answers.map(({ header }) => header.sequence),
    whole.filter((number) => !spoiled.includes(number)),
    what,
  );
  const { cut } = bench.plan.body.layout;
  for (const { refusal, header, payload } of answers) {
    assert.equal(refusal, null, what);
    const from = 3 * firstItem(cut, header.sequence);
    const to = from + 3 * itemCount(cut, header.sequence);
    assert.deepEqual(payload, bench.expected.subarray(from, to), `${what}: packet ${header.sequence}`);
  }
}

/** Registers the tests of refusals. */
export function registerRefusals(register: Register, options: SuiteOptions): void {
  for (const [name, fault] of Object.entries(FAULTS)) {
    register(`drops a packet with ${name} as "${fault.reason}" and answers the others`, async (device) => {
      const bench = await openBench(device);
      const before = device.counters();
      spoil(bench, 3, fault);
      answeredBut(bench, await bench.exchange(), [3], name);
      assert.deepEqual(dropsSince(device, before), { [fault.reason]: 1 });
      assert.equal(device.counters().packets - before.packets, bench.packets - 1);
      bench.write();
      answeredBut(bench, await bench.exchange(), [], "afterwards");
    });
  }

  register("drops every packet of an exchange and still ends it", async (device) => {
    const bench = await openBench(device);
    const before = device.counters();
    for (let slot = 0; slot < bench.packets; slot++) spoil(bench, slot, FAULTS["wrong plan"]!);
    assert.deepEqual(await bench.exchange(), []);
    assert.deepEqual(dropsSince(device, before), { plan: 20 });
  });

  register("counts several faults of one exchange by their names", async (device) => {
    const bench = await openBench(device);
    const before = device.counters();
    const some = [
      "wrong magic",
      "bad CRC",
      "wrong plan",
      "weight index out of range",
      "payload beyond the slot",
    ];
    some.forEach((name, index) => spoil(bench, 2 * index + 1, FAULTS[name]!));
    answeredBut(bench, await bench.exchange(), [1, 3, 5, 7, 9], "several");
    assert.deepEqual(dropsSince(device, before), { magic: 1, crc: 1, plan: 1, weight: 1, truncated: 1 });
  });

  register("drops every packet that has one flipped bit, wherever it is", async (device) => {
    const bench = await openBench(device);
    const bytes = HEADER_BYTES + 72 * 16;
    const flip = fc.tuple(fc.integer({ min: 0, max: bench.packets - 1 }), fc.nat(8 * bytes - 1));
    const flips = fc.uniqueArray(flip, { selector: ([slot]) => slot, minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(flips, async (flips) => {
        bench.write();
        for (const [slot, bit] of flips) bench.engine.bytes[bench.at(slot) + (bit >> 3)]! ^= 1 << (bit & 7);
        const before = device.counters();
        const spoiled = flips.map(([slot]) => slot);
        answeredBut(bench, await bench.exchange(), spoiled, `bits ${JSON.stringify(flips)}`);
        const drops = Object.values(dropsSince(device, before));
        assert.equal(drops.reduce((sum, count) => sum + count, 0), flips.length);
      }),
      { numRuns: options.runs ?? 60, seed: 20260102 },
    );
  });

  register("answers packets in any order of slots, and a packet that comes twice", async (device) => {
    const bench = await openBench(device);
    const { slotBytes } = bench.requests;
    const [a, b] = [bench.at(0), bench.at(9)];
    bench.engine.bytes.copyWithin(a, b, b + slotBytes);
    const answers = await bench.exchange();
    assert.deepEqual(answers.map(({ header }) => header.sequence), [
      ...Array.from({ length: 9 }, (_, number) => number + 1),
      ...Array.from({ length: 11 }, (_, number) => number + 9),
    ]);
    assert.equal(answers[8]!.header.sequence, answers[9]!.header.sequence);
    assert.deepEqual(answers[8]!.payload, answers[9]!.payload);
  });
}
