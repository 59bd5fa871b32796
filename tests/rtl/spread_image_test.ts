// Image pipelines behind one stream of 512 bits: flow_spread, instances, flow_collect.
import fc from "fast-check";
import assert from "node:assert/strict";
import process from "node:process";
import { compile } from "../../kernels/compile.ts";
import type { RtlBuild } from "../../kernels/rtl/builds.ts";
import { CARD_RESOURCES } from "../../kernels/target/line_rate.ts";
import { driveRtl } from "../../runtime/device/rtl/card.ts";
import type { RtlExports } from "../../runtime/device/rtl/exports.ts";
import { planLineRate } from "../../runtime/device/rtl/line_rate.ts";
import { rtlProfile } from "../../runtime/device/rtl/profile.ts";
import { missingRtlTools } from "../../scripts/rtl/tools.ts";
import { OFFSET } from "../../serialize/header.ts";
import { noise } from "../support/images.ts";
import { longTest } from "../support/long.ts";
import { load, packetsOf } from "./plans.ts";
import { compileRtl, drive } from "./rtl.ts";

const missing = process.env.CI === undefined ? await missingRtlTools() : null;

/** Registers a long test that builds instances, if the tools are there. */
function spreadTest(name: string, fn: () => Promise<void>): void {
  if (missing === null) longTest(name, fn);
  else Deno.test({ name: `${name} (skipped: ${missing})`, ignore: true, fn });
}

function build(parameters: Readonly<Record<string, number>>): RtlBuild {
  const name = ["spread", ...Object.values(parameters)].join("_");
  return { name, top: "spread_packets", parameters, wideTables: true, effort: "-O1" };
}

const sequenceOf = (packet: Uint8Array) =>
  new DataView(packet.buffer, packet.byteOffset, packet.length).getUint32(OFFSET.sequence, true);
const bySequence = (a: Uint8Array, b: Uint8Array) => sequenceOf(a) - sequenceOf(b);

const anyPauses = fc.record({
  send: fc.constantFrom(0, 0, 4, 10),
  take: fc.constantFrom(0, 0, 4, 10),
  seed: fc.nat(),
});

spreadTest(
  "RTL: two image instances behind one stream give the answers of one, and take 100 Gb/s",
  async () => {
    const small = { LANES: 6, terms: { XW: 11, IW: 7 } } as const;
    const input = noise(1, 90, 160, 3, 2);
    const steps = [{ op: "resize", size: [72, 128] }] as const;
    const plan = compile({ steps }, { input, device: rtlProfile(small), form: "nibble" });
    const sent = packetsOf(plan, input);
    const { exports } = await WebAssembly.instantiate(await compileRtl(build({ LN: 1, IMAGE: 1 })), {});
    const two = drive(driveRtl(exports as unknown as RtlExports));
    const cycles = exports.cycles_so_far as () => number;
    const alone = load(plan).run(sent);
    const both = load(plan, two).run(sent);
    assert.equal(alone.answers.length, sent.length);
    assert.deepEqual([...both.answers].sort(bySequence), [...alone.answers].sort(bySequence));
    // What docs/line_rate.md computes: a packet of the link comes each 29.5 cycles at 250 MHz.
    // Cycles of the simulation, registers that the host reads between runs included.
    const before = cycles(), count = 8 * sent.length;
    for (let n = 0; n < 8; n++) two.run(sent);
    const each = (cycles() - before) / count;
    const line = 250e6 / (100e9 / 8 / (plan.body.layout.bytesOut / sent.length + 66));
    assert(each <= line, `${each} cycles a packet, the link brings one each ${line}`);
    const { choices, chosen } = planLineRate({ steps }, { input });
    assert.deepEqual([choices[chosen]!.rate!.needed, choices[chosen]!.instance.parameters.XW], [2, 11]);
    assert(2 * choices[chosen]!.instance.bram < 0.8 * CARD_RESOURCES.u55c.bram);
    // Pauses on both ends, and packets that are dropped within an instance.
    fc.assert(
      fc.property(anyPauses, fc.uniqueArray(fc.nat(sent.length - 1), { maxLength: 5 }), (pauses, bad) => {
        const packets = sent.map((packet) => packet.slice());
        for (const at of bad) packets[at]![100]! ^= 1;
        const { answers, drops } = two.run(packets, pauses);
        assert.equal(drops.reduce((sum, each) => sum + each), bad.length);
        const expected = alone.answers.filter((answer) => !bad.includes(sequenceOf(answer)));
        assert.deepEqual([...answers].sort(bySequence), [...expected].sort(bySequence));
      }),
      { numRuns: 20 },
    );
  },
);
