import fc from "fast-check";
import assert from "node:assert/strict";
import {
  distinctWeights,
  fractionBitsFor,
  type ItemType,
  resizeAxes,
  resizeKernel,
  type ResizeParams,
  termTable,
  UNITS,
  UNIVERSAL_BITS,
  universalIds,
  universalTable,
} from "../../kernels/mod.ts";
import { compile, MODEL_PROFILE, reservePackets } from "../../runtime/mod.ts";
import {
  cellBytes,
  type Channels,
  crc32c,
  CRC_OFFSET,
  FLAG,
  HEADER_BYTES,
  KIND,
  newHeader,
  packetBytes,
  toBytes,
  writeHeader,
} from "../../serialize/mod.ts";
import { referencePipeline } from "../../kernels/mod.ts";
import { anyChannels } from "../support/images.ts";
import { readPhoto } from "../support/photos.ts";
import { randomBytes } from "../support/random.ts";
import { openRtl, type ResizeTables } from "./rtl.ts";

const PLAN = 77;
const FORMS = ["nibble", "universal"] as const;

/** Scales with at most 1024 pairs of phases and 256 weights. */
const SCALES: readonly ResizeParams[] = ([
  ["exact", 720, 224, 1280, 224],
  ["torchvision", 720, 224, 1280, 224],
  ["torchvision", 8, 4, 8, 4],
  ["exact", 480, 256, 640, 256],
  ["exact", 1, 5, 9, 4],
  ["exact", 13, 13, 21, 7],
] as const).map(([match, h, h2, w, w2]) => ({
  match,
  y: { input: h, output: h2 },
  x: { input: w, output: w2 },
}));

function tablesOf(params: ResizeParams, form: typeof FORMS[number], channels: Channels): ResizeTables {
  const { y, x } = resizeAxes(params);
  const even = params.match === "torchvision";
  if (form === "universal") {
    return {
      channels,
      ids: universalIds(y, x),
      terms: universalTable(),
      fraction: UNIVERSAL_BITS,
      ties: even ? 1 : 0,
    };
  }
  const { weights, denominator, ids } = distinctWeights(y, x);
  const fraction = fractionBitsFor(denominator, UNITS.nibble);
  const ties = even ? UNITS.nibble : 0;
  return { channels, ids, terms: termTable(weights, denominator, 16, fraction), fraction, ties };
}

/** A packet of cells of random samples. */
function packetOf(items: number, channels: Channels, indexes: number, seed: number): Uint8Array {
  const step = cellBytes(channels);
  const packet = new Uint8Array(HEADER_BYTES + items * step);
  packet.set(randomBytes(items * step, seed), HEADER_BYTES);
  const view = new DataView(packet.buffer);
  writeHeader(view, 0, {
    ...newHeader(),
    kind: KIND.cells,
    flags: FLAG.checked,
    flow: seed,
    sequence: 1 + seed % 98,
    packets: 100,
    length: items * step,
    plan: PLAN,
    epoch: seed,
    position: seed,
  });
  for (let i = 0; i < items; i++) {
    // Ties and saturation are at the ends of the range: every eighth cell is of one level.
    const at = HEADER_BYTES + i * step;
    if (i % 8 === 0) packet.fill(i % 16 === 0 ? 255 : 0, at, at + 4 * channels);
    view.setUint32(at + 4 * channels, (seed + 7919 * i) % indexes, true);
  }
  return sealed(packet);
}

function sealed(packet: Uint8Array): Uint8Array {
  const view = new DataView(packet.buffer);
  view.setUint32(CRC_OFFSET, 0, true);
  view.setUint32(CRC_OFFSET, crc32c(packet), true);
  return packet;
}

/** What the model makes of a packet: the answer, or null where it drops it. */
function answerOf(packet: Uint8Array, model: NonNullable<ReturnType<typeof prepare>>, channels: Channels) {
  const items = (packet.length - HEADER_BYTES) / cellBytes(channels);
  const answer = new Uint8Array(HEADER_BYTES + items * channels);
  answer.set(packet.subarray(0, HEADER_BYTES));
  answer[5] = KIND.samples;
  new DataView(answer.buffer).setUint16(20, items * channels, true);
  return model.process(packet, HEADER_BYTES, items, answer, HEADER_BYTES) === null ? sealed(answer) : null;
}

function prepare(params: ResizeParams, form: typeof FORMS[number], channels: Channels) {
  const input: ItemType = { kind: "cells", dtype: "u8", channels, planar: false };
  return resizeKernel.prepare!(params, input, form, 0);
}

const rtl = await openRtl("packet_resize");

Deno.test("RTL: resize equals the model bit for bit, for every scale, form and number of channels", () => {
  const pauses = fc.record({
    send: fc.constantFrom(0, 0, 5, 12),
    take: fc.constantFrom(0, 0, 5, 12),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...SCALES),
      fc.constantFrom(...FORMS),
      anyChannels,
      pauses,
      fc.array(fc.tuple(fc.integer({ min: 1, max: 168 }), fc.nat(99999)), { minLength: 1, maxLength: 12 }),
      (params, form, channels, pauses, packets) => {
        const tables = tablesOf(params, form, channels);
        rtl.configure(PLAN, KIND.cells, 1344, cellBytes(channels));
        rtl.loadResize(tables);
        const most = Math.floor(1344 / cellBytes(channels));
        const sent = packets.map(([items, seed]) =>
          packetOf(Math.min(items, most), channels, tables.ids.length / 4, seed)
        );
        const model = prepare(params, form, channels);
        assert.deepEqual(
          rtl.run(sent, pauses).answers,
          sent.map((packet) => answerOf(packet, model, channels)),
        );
      },
    ),
    { numRuns: 120 },
  );
});

Deno.test("RTL: a weight index out of range drops its packet and no other", () => {
  for (const channels of [1, 3, 4] as const) {
    const tables = tablesOf(SCALES[0]!, "nibble", channels);
    rtl.configure(PLAN, KIND.cells, 1344, cellBytes(channels));
    rtl.loadResize(tables);
    const indexes = tables.ids.length / 4;
    const model = prepare(SCALES[0]!, "nibble", channels);
    for (let at = 0; at < 9; at++) {
      const sent = [0, 1, 2].map((seed) => packetOf(9, channels, indexes, seed));
      const field = HEADER_BYTES + at * cellBytes(channels) + 4 * channels;
      new DataView(sent[1]!.buffer).setUint32(field, at % 2 === 0 ? indexes : 2 ** 32 - 1, true);
      sealed(sent[1]!);
      const { answers, drops } = rtl.run(sent, { take: at });
      assert.deepEqual(answers, [sent[0]!, sent[2]!].map((packet) => answerOf(packet, model, channels)));
      assert.equal(drops[15], 1);
    }
  }
});

Deno.test("RTL: the photograph, cut by the planner, equals the reference at 1.02 of two pixels a cycle", async () => {
  const photo = await readPhoto("astronaut.png");
  const pipeline = { steps: [{ op: "resize", size: [224, 224] }] };
  const plan = compile(pipeline, { input: photo, device: MODEL_PROFILE, layout: "cells", form: "nibble" });
  const { requests, writer } = reservePackets(plan);
  writer.write(photo, 5, 0, plan.layout.cut.packets, requests);
  const sent = Array.from({ length: plan.layout.cut.packets }, (_, at) => packetBytes(requests, at).slice());
  rtl.configure(plan.id, KIND.cells, plan.layout.payload, 16);
  rtl.loadResize(tablesOf(plan.stages[0]!.params as ResizeParams, "nibble", 3));
  const { answers, cycles } = rtl.run(sent);
  const samples = Uint8Array.from(answers.flatMap((answer) => [...answer.subarray(HEADER_BYTES)]));
  assert.deepEqual(samples, toBytes(referencePipeline(pipeline, photo)));
  const ideal = sent.reduce((sum, packet) => sum + Math.ceil(packet.length / 32), 0);
  assert(cycles <= 1.02 * ideal);
});
