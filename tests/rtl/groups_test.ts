import fc from "fast-check";
import assert from "node:assert/strict";
import { narrow } from "../../kernels/quantize/formats/elements.ts";
import { groupBytes } from "../../kernels/quantize/rtl_groups.ts";
import { DEQUANTIZE_ARGUMENTS, DROP_REASONS, QUANTIZE_ARGUMENTS } from "../../kernels/rtl/registers.ts";
import { HEADER_BYTES, KIND, OFFSET } from "../../serialize/header.ts";
import { longTest } from "../support/long.ts";
import { type Case, CASES, FEW } from "./group_cases.ts";
import {
  answerPacket,
  DEQUANTIZE,
  type GroupKernel,
  mostGroups,
  payloadPacket,
  QUANTIZE,
  STORES,
  unitOf,
} from "./group_packets.ts";
import { seal } from "./packets.ts";
import { openRtl, type Outcome, type Rtl } from "./rtl.ts";

/** Greatest bytes of a request and of an answer whose cycles are exact. */
const EXACT = 1344;

const KERNELS = [QUANTIZE, DEQUANTIZE].map((kernel) => ({ kernel, opened: openRtl(kernel.build) }));

/** Counts of the drops of a run by their names. */
function dropsOf({ drops }: Outcome): Record<string, number> {
  const named = drops.map((count, reason) => [DROP_REASONS[reason]!, count] as const);
  return Object.fromEntries(named.filter(([, count]) => count > 0));
}

function resealed(packet: Uint8Array, change: (view: DataView) => void): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(packet);
  const view = new DataView(copy.buffer);
  change(view);
  view.setUint32(OFFSET.crc, seal(copy), true);
  return copy;
}

/** A sound packet that announces `less` bytes less, and has no more. */
function shortened(packet: Uint8Array, less: number): Uint8Array<ArrayBuffer> {
  const cut = packet.slice(0, packet.length - less);
  return resealed(cut, (view) => view.setUint16(OFFSET.length, cut.length - HEADER_BYTES, true));
}

/** What may spoil a packet, and the name of the check that finds it. */
const SPOILINGS = {
  none: { reason: null, spoil: (packet) => packet },
  crc: { reason: "crc", spoil: (packet) => packet.with(packet.length - 1, packet.at(-1)! ^ 1) },
  plan: {
    reason: "plan",
    spoil: (packet) => resealed(packet, (view) => view.setUint32(OFFSET.plan, 1, true)),
  },
  kind: {
    reason: "items",
    spoil: (packet) => resealed(packet, (view) => view.setUint8(OFFSET.kind, KIND.text)),
  },
  truncated: { reason: "truncated", spoil: (packet) => packet.slice(0, -1) },
  groups: { reason: "items", spoil: (packet) => shortened(packet, 2) },
} satisfies Record<string, { reason: string | null; spoil: (packet: Uint8Array) => Uint8Array }>;
type Spoiling = keyof typeof SPOILINGS;

const anySpoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  { weight: 4, arbitrary: fc.constant("none" as const) },
  fc.constantFrom(...Object.keys(SPOILINGS) as Spoiling[]),
);

const anyPauses = fc.record({
  send: fc.constantFrom(0, 0, 3, 12),
  take: fc.constantFrom(0, 0, 3, 12),
  seed: fc.nat(),
});

/** A packet to be: its payload, and what spoils it. */
interface Wanted {
  readonly payload: Uint8Array;
  readonly spoiling: Spoiling;
}

/** Up to 12 packets of a case with up to `most` groups each. */
function anyWanted(kernel: GroupKernel, each: Case, most: number, maxLength = 12): fc.Arbitrary<Wanted[]> {
  const unit = unitOf(each.method);
  const units = Math.floor(most / unit);
  const anyPayload = fc.oneof(fc.integer({ min: 1, max: units }), fc.constantFrom(1, 1, units))
    .chain((count) => kernel.anyPayload(each, count * unit));
  return fc.array(fc.record({ payload: anyPayload, spoiling: anySpoiling }), { minLength: 1, maxLength });
}

function load({ card }: Rtl, kernel: GroupKernel, { method, dtype }: Case, plan: number): void {
  card.start(kernel.image({ id: plan, method, dtype, packets: STORES }).values);
}

function packetsOf(wanted: readonly Wanted[], plan: number): { sound: Uint8Array[]; sent: Uint8Array[] } {
  const sound = wanted.map(({ payload }, at) => payloadPacket(payload, plan, at, wanted.length, at + 1));
  return { sound, sent: sound.map((packet, at) => SPOILINGS[wanted[at]!.spoiling].spoil(packet)) };
}

function expectedOf(
  kernel: GroupKernel,
  each: Case,
  wanted: readonly Wanted[],
  sound: readonly Uint8Array[],
) {
  const drops: Record<string, number> = {};
  const answers: Uint8Array[] = [];
  wanted.forEach(({ payload, spoiling }, at) => {
    const { reason } = SPOILINGS[spoiling];
    if (reason === null) answers.push(answerPacket(sound[at]!, kernel.answer(each, payload)));
    else drops[reason] = (drops[reason] ?? 0) + 1;
  });
  return { answers, drops };
}

for (const { kernel, opened } of KERNELS) {
  const rtl = await opened;
  for (const each of CASES) {
    longTest(
      `${kernel.build} equals the reference bit for bit, with losses, pauses and other plans: ${each.name}`,
      () => {
        fc.assert(
          fc.property(
            anyWanted(kernel, each, mostGroups(kernel, each.method, STORES)),
            anyPauses,
            fc.integer({ min: 2, max: 2 ** 32 - 1 }),
            (wanted, pauses, plan) => {
              load(rtl, kernel, each, plan);
              const { sound, sent } = packetsOf(wanted, plan);
              const outcome = rtl.run(sent, pauses);
              const { answers, drops } = expectedOf(kernel, each, wanted, sound);
              assert.deepEqual(outcome.answers, answers);
              assert.deepEqual(dropsOf(outcome), drops);
            },
          ),
          { numRuns: 20 },
        );
      },
      !FEW.includes(each),
    );
  }

  for (const each of FEW) {
    const { method } = each;
    const sizes = kernel.sizes(method);
    const most = mostGroups(kernel, method, EXACT);

    Deno.test(`${kernel.build} takes the predicted cycles, with drops between: ${each.name}`, () => {
      fc.assert(
        fc.property(anyWanted(kernel, each, most, 20), (wanted) => {
          load(rtl, kernel, each, 7);
          const { sent } = packetsOf(wanted, 7);
          const clock = kernel.clock(method);
          wanted.forEach(({ payload, spoiling }, at) => {
            if (spoiling === "none") clock.pass(payload.length / sizes.request);
            else if (spoiling === "groups") clock.dropGroups(sent[at]!.length);
            else clock.drop(sent[at]!.length);
          });
          assert.equal(rtl.run(sent).cycles, clock.cycles());
        }),
        { numRuns: 60 },
      );
    });

    Deno.test(`${kernel.build} passes a beat a cycle by its counters: ${each.name}`, () => {
      load(rtl, kernel, each, 8);
      const sent = Array.from(
        { length: 250 },
        (_, at) => payloadPacket(new Uint8Array(most * sizes.request), 8, at, 250, at),
      );
      const before = rtl.card.counters();
      const { cycles } = rtl.run(sent);
      const after = rtl.card.counters();
      const busier = Math.max(after.beatsIn - before.beatsIn, after.beatsOut - before.beatsOut);
      // Only the first packet's way in and the last one's way out are added.
      assert(cycles - busier < 150, `${cycles} cycles for ${busier} beats`);
    });

    Deno.test(`${kernel.build} drops payloads that are no whole groups or beats of codes, or do not fit: ${each.name}`, () => {
      load(rtl, kernel, each, 9);
      const unit = unitOf(method);
      const longest = mostGroups(kernel, method, STORES);
      const bytes = [1, unit, unit + 1, longest, longest + unit].map((groups) => groups * sizes.request);
      const { codes } = groupBytes(method);
      for (const length of bytes.flatMap((each) => [each - 2, each, each + 2, each + 32])) {
        // A short one behind shows what a dropped one left inside.
        const sent = [length, unit * sizes.request].map((size, at) =>
          payloadPacket(new Uint8Array(size).fill(0x0c), 9, at, 2, at)
        );
        const groups = length / sizes.request;
        const isTaken = length > 0 && Number.isInteger(groups) && groups * codes % 32 === 0 &&
          groups <= longest;
        const outcome = rtl.run(sent);
        assert.deepEqual(dropsOf(outcome), isTaken ? {} : { items: 1 }, `${length} bytes`);
        assert.equal(outcome.answers.length, isTaken ? 2 : 1);
        const last = answerPacket(sent[1]!, kernel.answer(each, sent[1]!.slice(HEADER_BYTES)));
        assert.deepEqual(outcome.answers.at(-1), last);
      }
    });
  }

  Deno.test(`${kernel.build} drops every packet when its arguments are invalid`, () => {
    const each = FEW[2]!;
    const { method, dtype } = each;
    const list = kernel === QUANTIZE ? QUANTIZE_ARGUMENTS : DEQUANTIZE_ARGUMENTS;
    const place = (name: string) => list.findIndex((argument) => argument.name === name);
    const { values } = kernel.image({ id: 10, method, dtype, packets: STORES });
    const unit = unitOf(method);
    const payloads = [1, 2].map((units) =>
      new Uint8Array(units * unit * kernel.sizes(method).request).fill(0x0c)
    );
    const sent = payloads.map((payload, at) => payloadPacket(payload, 10, at, 2, at));
    const wrong: readonly (readonly [string, number])[] = [
      ["groupBeats", 0],
      ["groupBeats", 17],
      ["bits", 0],
      ["bits", 3],
      ["bits", 5],
      ["bits", 15],
      ["reciprocal", 0],
      ["reciprocal", 2 ** 17 - 1],
    ];
    for (const [name, value] of wrong) {
      load(rtl, kernel, each, 10);
      assert.equal(rtl.run(sent).answers.length, 2);
      rtl.card.start(values.map((kept, at) => at === place(name) ? value : kept));
      assert.deepEqual(dropsOf(rtl.run(sent)), { items: 2 }, `${name} ${value}`);
    }
  });

  Deno.test(`${kernel.build} takes whole groups of 16 beats, and none of 17`, () => {
    const each = FEW[3]!;
    const { codes, values } = groupBytes(each.method);
    const { request } = kernel.sizes(each.method);
    const place = kernel === QUANTIZE ? QUANTIZE_ARGUMENTS : DEQUANTIZE_ARGUMENTS;
    const plain = kernel.image({ id: 15, method: each.method, dtype: each.dtype, packets: STORES }).values;
    for (const [beats, drops] of [[16, {}], [17, { items: 1 }]] as const) {
      // Codes of two groups fill whole beats, so the number of beats alone is wrong.
      const bytes = request + (beats - 1) * (kernel === QUANTIZE ? values : codes);
      const changed: Readonly<Record<string, number>> = {
        groupBeats: beats,
        reciprocal: Math.ceil(2 ** 20 / bytes),
      };
      rtl.card.start(plain.map((kept, at) => changed[place[at]!.name] ?? kept));
      const sent = [payloadPacket(new Uint8Array(2 * bytes).fill(0x0c), 15, 0, 1, 1)];
      assert.deepEqual(dropsOf(rtl.run(sent)), drops, `${beats} beats`);
    }
  });

  Deno.test(`${kernel.build}: a reset at any cycle leaves nothing behind`, () => {
    for (const each of FEW.slice(2, 8)) {
      const unit = unitOf(each.method);
      const wanted = [1, 3, 2].map((units, at) => ({
        payload: fc.sample(kernel.anyPayload(each, units * unit), { seed: at, numRuns: 1 })[0]!,
        spoiling: at === 1 ? "groups" as const : "none" as const,
      }));
      load(rtl, kernel, each, 11);
      const { sound, sent } = packetsOf(wanted, 11);
      const expected = expectedOf(kernel, each, wanted, sound).answers;
      const { cycles } = rtl.run(sent);
      for (let after = 1; after < cycles; after += 7) {
        rtl.interrupt(sent, after);
        rtl.card.reset();
        load(rtl, kernel, each, 11);
        assert.deepEqual(rtl.run(sent).answers, expected, `${each.name}, reset after ${after} cycles`);
      }
    }
  });

  Deno.test(`${kernel.build} sends an answer to the socket of its packet, past a dropped one`, () => {
    const each = FEW[3]!;
    load(rtl, kernel, each, 12);
    const payload = new Uint8Array(unitOf(each.method) * kernel.sizes(each.method).request).fill(0x0c);
    const wanted = (["none", "groups", "none", "plan", "none"] as const).map((spoiling) => ({
      payload,
      spoiling,
    }));
    const { answered } = rtl.run(packetsOf(wanted, 12).sent, {}, [3, 4, 5, 6, 7]);
    assert.deepEqual(answered, [3, 5, 7]);
  });

  Deno.test(`${kernel.build} keeps the metadata of short packets behind a long one while answers stall`, () => {
    for (const each of CASES.filter(({ name }) => /4 of 16|kivi/.test(name)).slice(0, 4)) {
      load(rtl, kernel, each, 13);
      const short = new Array<number>(80).fill(unitOf(each.method));
      const groups = [mostGroups(kernel, each.method, STORES), ...short];
      const wanted = [...groups, ...groups].map((count, at) => ({
        payload: fc.sample(kernel.anyPayload(each, count), { seed: at, numRuns: 1 })[0]!,
        spoiling: "none" as const,
      }));
      const { sound } = packetsOf(wanted, 13);
      const expected = expectedOf(kernel, each, wanted, sound).answers;
      assert.deepEqual(rtl.run(sound, { take: 15 }).answers, expected, each.name);
    }
  });
}

Deno.test("packet_quantize rounds a quotient up that exceeds a tie by the last of its 14 bits", async () => {
  const rtl = await KERNELS[0]!.opened;
  const each = CASES.find(({ name }) => name === "f16, kivi 2, stored f16")!;
  const group = Array<number>(32).fill(1);
  // The minimum is -2^-12 and the scale 1, so 2.5 becomes 2.5 + 2^-12, exactly.
  [group[0], group[1], group[2]] = [-(2 ** -12), 3, 2.5];
  const count = unitOf(each.method);
  const values = Float32Array.from(Array<number[]>(count).fill(group).flat());
  const elements = new Uint16Array(values.length);
  narrow("f16", values, elements);
  load(rtl, QUANTIZE, each, 16);
  const { answers } = rtl.run([payloadPacket(new Uint8Array(elements.buffer), 16, 0, 1, 1)]);
  // Codes of two bits: 0, 3, 3, 1 and on.
  assert.equal(answers[0]![HEADER_BYTES], 0b01_11_11_00);
});

Deno.test("packet_quantize: all beats of an MX group with NaN are zero while answers stall", async () => {
  const rtl = await KERNELS[0]!.opened;
  const each = CASES.find(({ name }) => name === "bf16, mxint8")!;
  // Groups of two beats. Every second one has a NaN, so the next group's mark differs.
  const group = (n: number) => Array.from({ length: 32 }, (_, at) => n % 2 === 0 && at === 5 ? NaN : 1 + at);
  const count = mostGroups(QUANTIZE, each.method, STORES);
  const all = Float32Array.from(Array.from({ length: count }, (_, n) => group(n)).flat());
  const elements = new Uint16Array(all.length);
  narrow("bf16", all, elements);
  const wanted = Array.from({ length: 8 }, () => ({
    payload: new Uint8Array(elements.buffer),
    spoiling: "none" as const,
  }));
  load(rtl, QUANTIZE, each, 17);
  const { sound } = packetsOf(wanted, 17);
  const { answers } = expectedOf(QUANTIZE, each, wanted, sound);
  assert.deepEqual(rtl.run(sound, { take: 15 }).answers, answers);
});
