import fc from "fast-check";
import assert from "node:assert/strict";
import { createRotateClock, rotateFlowCycles } from "../../kernels/quantize/rotate_cycles.ts";
import { CODEBOOKS } from "../../kernels/quantize/formats/codebooks.ts";
import { narrow } from "../../kernels/quantize/formats/elements.ts";
import { DROP_REASONS, ROTATE_ARGUMENTS } from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { longTest, sized } from "../support/long.ts";
import { seal, verdict } from "./packets.ts";
import {
  answerOf,
  anyPauses,
  argumentsOf,
  longestOf,
  nameOf,
  payloadPacket,
  requestOf,
  type Rotation,
  rotations,
  unitOf,
  vectorBytes,
} from "./rotate_packets.ts";
import { openRtl, type Outcome } from "./rtl.ts";

const rtl = await openRtl("packet_rotate");

/** Greatest bytes of a request and of an answer whose cycles are exact. */
const EXACT = 1344;

/** Counts of the drops of a run by their names. */
function dropsOf({ drops }: Outcome): Record<string, number> {
  const named = drops.map((count, reason) => [DROP_REASONS[reason]!, count] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

/** What may spoil a packet, by what the checks then name. */
const SPOILINGS = {
  none: (packet) => packet,
  crc: (packet) => packet.with(packet.length - 1, packet.at(-1)! ^ 1),
  plan: (packet) => resealed(packet, (view) => view.setUint32(OFFSET.plan, 1, true)),
  truncated: (packet) => packet.slice(0, -1),
  kind: (packet) => resealed(packet, (view) => view.setUint8(OFFSET.kind, KIND.text)),
} satisfies Record<string, (packet: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>;

type Spoiling = keyof typeof SPOILINGS | "cut";

function resealed(packet: Uint8Array, change: (view: DataView) => void): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(packet);
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(OFFSET.crc, seal(copy), true);
  return copy;
}

/** A packet of some units. `cut`: its payload lacks its last two bytes, so it is no whole units. */
function packetOf(
  rotation: Rotation,
  plan: number,
  units: number,
  spoiling: Spoiling,
  sequence: number,
  packets: number,
  seed: number,
): Uint8Array {
  const payload = requestOf(rotation, units * unitOf(rotation), seed);
  const cut = spoiling === "cut" ? payload.subarray(0, -2) : payload;
  const packet = payloadPacket(plan, cut, sequence, packets, seed);
  return spoiling === "cut" ? packet : SPOILINGS[spoiling](packet);
}

const anySpoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("none" as const) },
  fc.constantFrom<Spoiling>("crc", "plan", "truncated", "kind", "cut"),
);

/** Packets as numbers of units and what spoils them. */
function anyPackets(rotation: Rotation, longest: number, most: number) {
  const units = Math.floor(longest / vectorBytes(rotation).request / unitOf(rotation));
  return fc.array(
    fc.tuple(fc.oneof(fc.constantFrom(1, units), fc.integer({ min: 1, max: units })), anySpoiling),
    {
      minLength: 1,
      maxLength: most,
    },
  );
}

for (const decode of [false, true]) {
  for (const rotation of rotations(decode)) {
    longTest(
      `packet_rotate equals fixed_rotation.ts bit for bit, with losses and pauses: ${nameOf(rotation)}`,
      () => {
        const longest = longestOf(rotation);
        fc.assert(
          fc.property(
            anyPackets(rotation, longest, 10),
            anyPauses,
            fc.integer({ min: 2, max: 2 ** 32 - 1 }),
            fc.nat(),
            (wanted, pauses, plan, seed) => {
              rtl.card.start(argumentsOf(rotation, plan, longest));
              const sent = wanted.map(([units, spoiling], at) =>
                packetOf(rotation, plan, units, spoiling, at, wanted.length, seed + at)
              );
              const takes = { plan, kind: KIND.cells, longest };
              const verdicts = sent.map((packet, at) =>
                wanted[at]![1] === "cut" ? "items" : verdict(packet, 2, takes)
              );
              const outcome = rtl.run(sent, pauses);
              const sound = sent.filter((_, at) => verdicts[at] === "none");
              assert.deepEqual(outcome.answers, sound.map((packet) => answerOf(packet, rotation)));
              const expected: Record<string, number> = {};
              for (const name of verdicts) if (name !== "none") expected[name] = (expected[name] ?? 0) + 1;
              assert.deepEqual(dropsOf(outcome), expected);
            },
          ),
          { numRuns: 40 },
        );
      },
      rotation.channels !== 128,
    );
  }

  const way = decode ? "from codes" : "to codes";

  Deno.test(`packet_rotate loses nothing when answers wait until all queues are full: ${way}`, () => {
    for (const rotation of rotations(decode).filter((_, at) => sized(at % 3 !== 1, at % 6 === 0))) {
      rtl.card.start(argumentsOf(rotation, 6));
      const units = longestOf(rotation) / vectorBytes(rotation).request / unitOf(rotation);
      // Packets of many beats fill the queues of codes; packets of one unit, those of norms and of headers.
      for (const [count, most] of [[40, units], [150, 1]] as const) {
        const sent = Array.from(
          { length: count },
          (_, at) => packetOf(rotation, 6, at % 5 === 4 ? 1 : most, "none", at, count, at),
        );
        const { answers } = rtl.run(sent, { take: 15, seed: 1 });
        assert.deepEqual(answers, sent.map((packet) => answerOf(packet, rotation)), nameOf(rotation));
      }
    }
  });

  Deno.test(`packet_rotate takes the predicted cycles, with drops between: ${way}`, () => {
    for (const rotation of rotations(decode)) {
      const { request, answer } = vectorBytes(rotation);
      const longest = longestOf(rotation, { request: EXACT, answer: EXACT });
      fc.assert(
        fc.property(anyPackets(rotation, longest, 16), (wanted) => {
          rtl.card.start(argumentsOf(rotation, 7));
          const clock = createRotateClock(rotation);
          const sent = wanted.map(([units, spoiling], at) =>
            packetOf(rotation, 7, units, spoiling, at, wanted.length, at)
          );
          wanted.forEach(([units, spoiling], at) => {
            if (spoiling === "none") clock.pass(units * unitOf(rotation));
            else if (spoiling === "cut") clock.dropGroups(sent[at]!.length);
            else clock.drop(sent[at]!.length);
          });
          const { cycles } = rtl.run(sent);
          assert.equal(cycles, clock.cycles(), `${nameOf(rotation)}: ${request} to ${answer} bytes`);
        }),
        { numRuns: 25 },
      );
    }
  });

  Deno.test(`packet_rotate passes a beat a cycle by its counters: ${way}`, () => {
    for (const rotation of rotations(decode)) {
      rtl.card.start(argumentsOf(rotation, 8));
      const longest = longestOf(rotation, { request: EXACT, answer: EXACT });
      const units = longest / vectorBytes(rotation).request / unitOf(rotation);
      const one = packetOf(rotation, 8, units, "none", 0, 1, 5);
      const sent = Array.from({ length: 200 }, () => one);
      const before = rtl.card.counters();
      const { cycles } = rtl.run(sent);
      const after = rtl.card.counters();
      const busier = Math.max(after.beatsIn - before.beatsIn, after.beatsOut - before.beatsOut);
      const payloads = sent.map((packet) => packet.length - HEADER_BYTES);
      assert.deepEqual(rotateFlowCycles(rotation, payloads), { ideal: busier, cycles });
      // Only the first packet's way in and the last one's way out are added.
      assert(cycles - busier < 180, `${nameOf(rotation)}: ${cycles} cycles for ${busier} beats`);
      const windows = [sent.slice(0, 128), sent.slice(128)].map((window) => rtl.run(window).cycles);
      assert.equal(rotateFlowCycles(rotation, payloads, 128).cycles, windows[0]! + windows[1]!);
    }
  });

  Deno.test(`packet_rotate drops payloads that are no whole units, or whose answers do not fit: ${way}`, () => {
    for (const rotation of rotations(decode)) {
      rtl.card.start(argumentsOf(rotation, 9));
      const most = longestOf(rotation), unit = unitOf(rotation) * vectorBytes(rotation).request;
      const short = packetOf(rotation, 9, 1, "none", 1, 2, 1);
      for (
        const length of [
          1,
          2,
          unit - 2,
          unit - 1,
          unit + 1,
          unit + 2,
          most - unit / 2,
          most + unit,
          4000,
          8192,
        ]
      ) {
        const bytes = new Uint8Array(length).fill(0x11);
        // A short one behind shows what a wrong one left inside.
        const outcome = rtl.run([payloadPacket(9, bytes, 0, 2, 0), short]);
        const isTaken = length <= most && length % unit === 0;
        const label = `${nameOf(rotation)}: ${length} bytes`;
        assert.deepEqual(outcome.answers.at(-1), answerOf(short, rotation), label);
        assert.deepEqual(dropsOf(outcome), isTaken ? {} : { items: 1 }, label);
      }
    }
  });

  Deno.test(`packet_rotate: a reset at any cycle leaves nothing behind: ${way}`, () => {
    for (const rotation of rotations(decode).filter((_, at) => at % 4 === 0)) {
      rtl.card.start(argumentsOf(rotation, 14));
      const sent = [1, 2, 1].map((units, at) =>
        packetOf(rotation, 14, units, at === 1 ? "cut" : "none", at, 3, at)
      );
      const { cycles, answers } = rtl.run(sent);
      assert.deepEqual(answers, [sent[0]!, sent[2]!].map((packet) => answerOf(packet, rotation)));
      for (let after = 1; after < cycles; after += 3) {
        rtl.interrupt(sent, after);
        rtl.card.reset();
        rtl.card.start(argumentsOf(rotation, 14));
        assert.deepEqual(rtl.run(sent).answers, answers, `${nameOf(rotation)}, reset after ${after} cycles`);
      }
    }
  });
}

/** Elements whose norm rounds to 4,096 in f16, some of which are given; the others are integers of a given sum. */
function vectorOf(sum: number, given: readonly number[] = []): Uint16Array {
  const values = new Float32Array(64), out = new Uint16Array(64);
  values.set(given, 2);
  const first = 2 + given.length;
  for (let i = first; i < 64; i++) values[i] = Math.floor((sum + i - first) / (64 - first));
  const rest = values.reduce((squares, value) => squares + value * value, 0);
  // Two opposite values add nothing to the sum. Even ones give a norm of 4,095 to 4,098, which rounds to 4,096.
  values[0] = 2 * Math.floor(Math.sqrt((2 ** 24 - rest) / 2) / 2 + 0.65);
  values[1] = -values[0];
  narrow("f16", values, out);
  return out;
}

Deno.test("packet_rotate gives a coordinate at a threshold the greater code, on both sides of 0", () => {
  // Thresholds are half the sum of two levels in units of 2^-12, so 4,096 of them are whole where that is.
  for (const bits of [2, 3, 4] as const) {
    const rotation = { decode: false, bits, channels: 64, values: "f16", norms: "f16" } as const;
    const levels = CODEBOOKS[bits];
    const thresholds = levels.slice(1).map((level, i) => (level + levels[i]!) / 2);
    const ties = thresholds.filter((threshold) => Number.isInteger(threshold));
    const sums = ties.flatMap((tie) => [tie - 1, tie, tie + 1]);
    rtl.card.start(argumentsOf(rotation, 15));
    sums.forEach((sum, at) => {
      const payload = new Uint8Array(Uint16Array.from(Array(4).fill([...vectorOf(sum)]).flat()).buffer);
      const [answer] = rtl.run([payloadPacket(15, payload, 0, 1, at)]).answers;
      const [first, norm] = [answer![HEADER_BYTES]! & (2 ** bits - 1), answer!.subarray(-2)];
      assert.deepEqual([...norm], [0x00, 0x6c], "4,096 in f16");
      assert.equal(first, thresholds.filter((threshold) => sum >= threshold).length, `${bits} bits, ${sum}`);
    });
  }
});

Deno.test("packet_rotate rounds a tie of an aligned element to the even unit", () => {
  // The greatest element has units of 2^-10. One other lies between two units; rounded up, it moves a sum to a threshold.
  const rotation = { decode: false, bits: 2, channels: 64, values: "f16", norms: "f16" } as const;
  rtl.card.start(argumentsOf(rotation, 16));
  const answerTo = (element: number) => {
    const vector = [...vectorOf(4020, [element, 0.5 - 2 ** -10])];
    const payload = new Uint8Array(Uint16Array.from(Array(4).fill(vector).flat()).buffer);
    const packet = payloadPacket(16, payload, 0, 1, 1);
    const [answer] = rtl.run([packet]).answers;
    assert.deepEqual(answer, answerOf(packet, rotation), `${element}`);
    return answer!.subarray(HEADER_BYTES);
  };
  const [even, tie, above] = [0.5, 0.5 + 2 ** -11, 0.5 + 2 ** -10].map(answerTo);
  assert.deepEqual(tie, even);
  assert.notDeepEqual(above, even);
});

/**
 * Integers whose norm is just above a tie of binary32 that is a tie of the stored type: `kept` bits, an even number,
 * then 1, 0 and so on. Without the bits behind binary32's, the norm rounds down twice.
 */
function aboveTwoTies(kept: number, values: number): number[] {
  // Roots have 26 bits, and squares up to 2^(2 x zeros) units of them.
  const low = 26 - kept;
  for (let zeros = 13; zeros < 16; zeros++) {
    for (let even = 2 ** (kept - 1); even < 2 ** kept; even += 2) {
      const root = even * 2 ** low + 2 ** (low - 1) + 2;
      let sum = Math.floor(root * root / 4 ** zeros) + 1;
      if (sum * 4 ** zeros >= (root + 1) ** 2) continue;
      const integers: number[] = [];
      while (sum > 0) {
        integers.push(Math.min(values, Math.floor(Math.sqrt(sum))));
        sum -= integers.at(-1)! ** 2;
      }
      if (integers.length <= 256) return integers;
    }
  }
  throw new Error(`Cannot find ${kept} bits above two ties`);
}

Deno.test("packet_rotate rounds a norm up that is above a tie by less than its root has", () => {
  for (const [type, kept] of [["f16", 11], ["bf16", 8]] as const) {
    const rotation = { decode: false, bits: 2, channels: 256, values: type, norms: type } as const;
    const integers = aboveTwoTies(kept, 2 ** kept - 1);
    const vector = new Float32Array(256), elements = new Uint16Array(256), norm = new Uint16Array(1);
    vector.set(integers);
    narrow(type, vector, elements);
    const exact = Math.sqrt(integers.reduce((sum, value) => sum + value ** 2, 0));
    const unit = 2 ** (Math.floor(Math.log2(exact)) - kept + 1);
    narrow(type, Float32Array.of(Math.ceil(exact / unit) * unit), norm);
    rtl.card.start(argumentsOf(rotation, 17));
    const [answer] = rtl.run([payloadPacket(17, new Uint8Array(elements.buffer), 0, 1, 1)]).answers;
    assert.deepEqual([...answer!.subarray(-2)], [norm[0]! & 255, norm[0]! >> 8], `${type}: ${integers}`);
  }
});

Deno.test("packet_rotate drops every packet when its arguments are out of range", () => {
  const place = (name: string) => ROTATE_ARGUMENTS.findIndex((each) => each.name === name);
  for (const decode of [false, true]) {
    const rotation = rotations(decode)[4]!;
    const values = argumentsOf(rotation, 10);
    const sent = [1, 2].map((units, at) => packetOf(rotation, 10, units, "none", at, 2, at));
    const wrong = [["bits", 1], ["bits", 5], ["bits", 8], ["channels", 5], ["channels", 9]] as const;
    for (const [name, value] of wrong) {
      rtl.card.start(values);
      assert.equal(rtl.run(sent).answers.length, 2);
      rtl.card.start(values.with(place(name), value));
      assert.deepEqual(dropsOf(rtl.run(sent)), { items: 2 }, `${name} ${value}`);
    }
  }
});

Deno.test("packet_rotate rotates back what it rotated, from one plan to the next", () => {
  for (const rotation of rotations(false)) {
    rtl.card.start(argumentsOf(rotation, 11));
    const [coded] = rtl.run([packetOf(rotation, 11, 1, "none", 0, 1, 3)]).answers;
    const back = { ...rotation, decode: true };
    rtl.card.start(argumentsOf(back, 12));
    const packet = payloadPacket(12, coded!.subarray(HEADER_BYTES), 0, 1, 4);
    assert.deepEqual(rtl.run([packet]).answers, [answerOf(packet, back)], nameOf(rotation));
  }
});
