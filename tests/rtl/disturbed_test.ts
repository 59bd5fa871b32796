import fc from "fast-check";
import assert from "node:assert/strict";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/compile.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import { pageCommands, pageWords } from "../../kernels/rtl/page_commands.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { rtlProgram } from "../../kernels/image/rtl/program.ts";
import type { PageLoad } from "../../kernels/program.ts";
import { KERNELS } from "../../kernels/image/kernels.ts";
import { HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { itemBytes } from "../../serialize/sampling.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { noise } from "../support/images.ts";
import { seal, verdict } from "./packets.ts";
import { load, packetsOf } from "./plans.ts";
import { openRtl, type Rtl } from "./rtl.ts";

/** A plan for each build, with an input, its packets, and what comes of them where nothing disturbs. */
const SAMPLES = (["exact", "opencv", "pillow"] as const).map((match) => {
  const input: Tensor = noise(2, 24, 30, 3, 11);
  const steps: ImagePipeline["steps"] = [{ op: "resize", size: [16, 20], match }, {
    op: "normalize",
    range: "0-1",
    dtype: "u8",
  }];
  const plan = compile({ steps }, { input, device: RTL_PROFILE });
  const sent = packetsOf(plan, input);
  return { match, plan, sent, expected: load(plan).run(sent).answers };
});
const BUILD = { terms: "packet_image", products: "packet_image_products", rows: "packet_rows" } as const;

const pauses = fc.record({
  send: fc.constantFrom(0, 3, 12),
  take: fc.constantFrom(0, 3, 12),
  seed: fc.nat(),
});

/** What spoils a packet that stands between sound ones, and a number that chooses which, and where. */
type Spoiling = [
  number,
  { bit: number; sealed: boolean } | { payloadBit: number } | { cut: number } | {
    word: number;
    value: number;
  },
];

const anySpoiling: fc.Arbitrary<Spoiling> = fc.tuple(
  fc.nat(1e6),
  fc.oneof(
    fc.record({ bit: fc.nat(8 * HEADER_BYTES - 1), sealed: fc.boolean() }),
    fc.record({ payloadBit: fc.nat(1e5) }),
    fc.record({ cut: fc.nat(1e5) }),
    fc.record({ word: fc.nat(15), value: fc.constantFrom(0, 1, 0xffff, 0xffffffff) }),
  ),
);

function spoil(packet: Uint8Array, [, change]: Spoiling): Uint8Array {
  let result = packet.slice();
  const view = new DataView(result.buffer);
  if ("bit" in change) {
    result[change.bit >> 3]! ^= 1 << (change.bit & 7);
    if (change.sealed) view.setUint32(OFFSET.crc, seal(result), true);
  }
  if ("payloadBit" in change) {
    const bit = change.payloadBit % (8 * (packet.length - HEADER_BYTES));
    result[HEADER_BYTES + (bit >> 3)]! ^= 1 << (bit & 7);
  }
  if ("word" in change) view.setUint32(4 * change.word, change.value, true);
  if ("cut" in change) result = result.slice(0, 1 + change.cut % (packet.length - 1));
  return result;
}

/** Bits of the header's fields, each of which breaks a rule. */
const HEADER_BITS = [7, 39, 47, 63, 159, 175, 191, 223, 319, 383];
const EXAMPLES = HEADER_BITS.map((bit): [Spoiling[], { send: 3; take: 3; seed: number }] => [
  [[1, { bit, sealed: true }]],
  { send: 3, take: 3, seed: bit },
]);

Deno.test("RTL: spoiled packets between sound ones are dropped by name, and every pipeline answers as without them", () => {
  const met = new Set<string>();
  for (const { plan, sent, expected } of SAMPLES) {
    const { kind, channels } = plan.body.layout;
    const [id, , longest] = rtlProgram(plan).values;
    const item = itemBytes(kind, channels);
    const judge = (packet: Uint8Array) => verdict(packet, item, { plan: id!, kind, longest: longest! });
    sent.forEach((packet) => assert.equal(judge(packet), "none"));
    fc.assert(
      fc.property(fc.array(anySpoiling, { minLength: 1, maxLength: 12 }), pauses, (spoilings, pauses) => {
        let packets = sent;
        const wanted: Record<string, number> = {};
        for (const how of spoilings) {
          const place = how[0] % sent.length;
          const packet = spoil(sent[place]!, how);
          const name = judge(packet);
          // What is still sound is another packet of the flow: what comes of that is another test's.
          if (name === "none") continue;
          wanted[name] = (wanted[name] ?? 0) + 1;
          met.add(name);
          packets = packets.toSpliced(how[0] % (packets.length + 1), 0, packet);
        }
        const { answers, drops } = load(plan).run(packets, pauses);
        assert.deepEqual(answers, expected);
        const found = drops.map((count, at) => [DROP_REASONS[at], count] as const);
        assert.deepEqual(Object.fromEntries(found.filter(([, count]) => count > 0)), wanted);
      }),
      // Each of the header's checks is met by a bit of it, whatever is drawn.
      { numRuns: 40, examples: EXAMPLES },
    );
  }
  const expectedNames = ["crc", "flags", "kind", "length", "magic", "overlap", "packets", "plan", "position"];
  for (const name of [...expectedNames, "reserved", "truncated", "version"]) {
    assert(met.has(name), `${name} was never met`);
  }
});

Deno.test("RTL: a reset in the middle of any pipeline leaves nothing behind", async () => {
  for (const { plan, sent, expected } of SAMPLES) {
    const rtl: Rtl = await openRtl(BUILD[rtlProgram(plan).build]);
    load(plan, rtl);
    const { cycles } = rtl.run(sent);
    // Early, while packets wait everywhere, and when the last ones leave.
    const places = [1, 2, 3, 20, 33, 47, 64, 91, 120, 200].concat(
      [0.3, 0.6, 0.9].map((part) => Math.floor(part * cycles)),
    );
    for (const [at, place] of places.entries()) {
      rtl.interrupt(sent, place);
      rtl.card.reset();
      // Tables stay over a reset; now and then they are loaded again.
      if (at % 3 === 0) load(plan, rtl);
      else rtl.card.start(rtlProgram(plan).values);
      const { answers, drops } = rtl.run(sent, { send: at % 5, take: 3 * (at % 4), seed: at });
      assert.deepEqual(answers, expected, `reset after ${place} cycles`);
      assert(drops.every((count) => count === 0));
      assert.equal(rtl.card.counters().packets, expected.length);
    }
  }
});

Deno.test("RTL: a reset while a page comes forgets the page and the packets that wait for it", () => {
  const input = noise(1, 4, 8, 3, 1);
  const plan: ImagePlan = compile({ steps: [{ op: "resize", size: [7, 5] }] }, {
    input,
    device: RTL_PROFILE,
    form: "row-pages",
  });
  const { kernel, params, form } = plan.body.stages[0]!;
  const bytes = KERNELS[kernel]!.page!(params, form, 0);
  const page: PageLoad = { page: 0, slot: 0, after: -1, before: 0, bytes };
  const first = packetsOf(plan, input).slice(0, 1);
  const rtl = load(plan);
  rtl.card.queue(pageCommands([page], 0));
  const { answers } = rtl.run(first);
  assert.equal(answers.length, 1);
  // The first packet passes some cycles after its page, so the last of them come after it.
  const words = pageWords(bytes.length);
  for (const cycles of [3, 10, 15, words - 2, words + 2]) {
    load(plan);
    rtl.card.queue(pageCommands([page], 0));
    rtl.interrupt(first, cycles);
    rtl.card.reset();
    load(plan);
    rtl.card.queue(pageCommands([], 0));
    assert.equal(
      rtl.run(first).drops[DROP_REASONS.indexOf("page")],
      1,
      `the page of ${cycles} cycles is there`,
    );
    load(plan);
    rtl.card.queue(pageCommands([page], 0));
    assert.deepEqual(rtl.run(first).answers, answers);
  }
});
