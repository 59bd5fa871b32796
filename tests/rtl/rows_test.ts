import fc from "fast-check";
import assert from "node:assert/strict";
import type { NormalizedDType } from "../../kernels/image/normalize/spec.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { chooseResize } from "../../kernels/image/resample/choose.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { offload } from "../../runtime/offload.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { FLAG, HEADER_BYTES, OFFSET } from "../../serialize/header.ts";
import { createEngine } from "../../serialize/engine.ts";
import type { OnpathError } from "../../serialize/errors.ts";
import { reserveSlots, slotAddress } from "../../serialize/packets.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { anyChannels, inLayout, noise } from "../support/images.ts";
import { readPhoto } from "../support/photos.ts";
import { LIBRARY_RESIZES } from "../support/resample.ts";
import { sameTensor } from "../runtime/helpers.ts";
import { load, packetsOf, sealed } from "./plans.ts";
import { modelRun, rtlRun } from "./runs.ts";
import { longTest, sized } from "../support/long.ts";
import { programOf } from "../support/program.ts";

/** Something that happens to packets on their way; numbers choose where. */
const anyFault = fc.record({
  kind: fc.constantFrom(
    "lost",
    "twice",
    "again",
    "swapped",
    "flow",
    "shorter",
    "moved",
    "beyond",
    "checksum",
  ),
  at: fc.nat(1e6),
  by: fc.nat(1e6),
});

function withFault(
  packets: Uint8Array[],
  { kind, at, by }: { kind: string; at: number; by: number },
  plan: ImagePlan,
): Uint8Array[] {
  const place = at % packets.length;
  const change = (edit: (view: DataView) => void, end = place + 1) =>
    packets.map((packet, n) => {
      if (n < place || n >= end) return packet;
      const copy = packet.slice();
      edit(new DataView(copy.buffer));
      const whole = copy.slice(0, HEADER_BYTES + new DataView(copy.buffer).getUint16(20, true));
      const header = new DataView(whole.buffer);
      if (header.getUint16(6, true) & FLAG.checked) return sealed(whole);
      header.setUint32(OFFSET.crc, 0, true);
      return whole;
    });
  const view = new DataView(packets[place]!.buffer);
  const { channels, cut } = plan.body.layout;
  const total = cut.width * cut.height * cut.images;
  switch (kind) {
    case "lost":
      return packets.length === 1 ? packets : packets.filter((_, n) => n !== place);
    case "twice":
      return packets.toSpliced(place, 0, packets[place]!);
    case "again":
      return packets.toSpliced(place, 0, ...packets.slice(Math.max(0, place - by % 9), place));
    case "swapped":
      return packets.toSpliced(place, 1).toSpliced(by % packets.length, 0, packets[place]!);
    case "flow":
      // The packets from here on are of another flow.
      return change((view) => view.setUint32(8, by, true), packets.length);
    case "shorter": {
      const items = view.getUint16(20, true) / channels;
      return change((view) => view.setUint16(20, channels * (1 + by % items), true));
    }
    case "moved":
      return change((view) => view.setUint32(32, by % total, true));
    case "beyond":
      return change((view) => {
        view.setUint32(32, total - by % 3, true);
        view.setUint16(36, by % 2, true);
      });
    default:
      return change((view) => view.setUint16(6, view.getUint16(6, true) & ~FLAG.checked, true));
  }
}

/** Rows that packets hold several of, and such as take several packets. */
const anyWidth = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 90 }) },
  { weight: 1, arbitrary: fc.integer({ min: 300, max: 800 }) },
);

const PILLOW_FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] as const;

/** Filters of other libraries, without those of four neighbours. */
const WHOLE_ROWS = LIBRARY_RESIZES.filter(({ filter, antialias }) =>
  filter !== "bilinear" || antialias === true
);

const anyStep = fc.record({
  from: fc.tuple(fc.integer({ min: 1, max: 30 }), anyWidth),
  to: fc.oneof(fc.tuple(fc.integer({ min: 1, max: 30 }), anyWidth), fc.constant(null)),
  resize: fc.oneof(
    fc.constantFrom(...PILLOW_FILTERS).map((filter) => ({ match: "pillow" as const, filter })),
    fc.constantFrom(...WHOLE_ROWS),
  ),
  // Black and white pixels take sums to both ends.
  extreme: fc.boolean(),
  crop: fc.boolean(),
  pad: fc.option(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(40))),
  normalize: fc.option(fc.record({
    dtype: fc.constantFrom<NormalizedDType>("u8", "i8", "f16", "bf16", "f32"),
    layout: fc.constantFrom("HWC", "CHW"),
  })),
}).filter(({ resize, from, to }) => {
  // INTER_AREA of some lengths reads four neighbours.
  const [y, x] = from.map((input, axis) => ({ input, output: to?.[axis] ?? input }));
  return chooseResize(resize, y!, x!).kernel === "resample";
});

function planOf(
  draw: typeof anyStep extends fc.Arbitrary<infer T> ? T : never,
  channels: number,
  images: number,
): { plan: ImagePlan; input: Tensor; pipeline: ImagePipeline } {
  const [height, width] = draw.from;
  const size = draw.to ?? [height, width];
  const steps: ImagePipeline["steps"][number][] = [{ op: "resize", size: [...size], ...draw.resize }];
  if (draw.crop) steps.push({ op: "center_crop", size: [Math.ceil(size[0]! / 2), Math.ceil(size[1]! / 2)] });
  if (draw.pad !== null) {
    const [top, left, bottom, right] = draw.pad;
    const fill = [7, 250, 99, 31].slice(0, channels);
    steps.push({ op: "pad", top: top!, left: left!, bottom: bottom!, right: right!, fill });
  }
  const mean = [0.4, 0.5, 0.6, 0.7].slice(0, channels);
  if (draw.normalize) steps.push({ op: "normalize", mean, std: mean, range: "0-1", ...draw.normalize });
  const input = noise(images, height, width, channels, height + width);
  if (draw.extreme) input.data.set((input.data as Uint8Array).map((level) => level < 128 ? 0 : 255));
  return { plan: compile({ steps }, { input, device: RTL_PROFILE }), input, pipeline: { steps } };
}

const pauses = fc.record({
  send: fc.constantFrom(0, 0, 5, 13),
  take: fc.constantFrom(0, 0, 5, 13),
  seed: fc.nat(),
});

Deno.test("RTL: rows equal the model packet by packet, whatever is lost, comes again or pauses, cycles too", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      anyStep,
      anyChannels,
      fc.integer({ min: 1, max: 3 }),
      fc.array(anyFault, { maxLength: 4 }),
      pauses,
      async (draw, channels, images, faults, pauses) => {
        const { plan, input } = planOf(draw, channels, images);
        let sent = packetsOf(plan, input);
        for (const fault of faults) sent = withFault(sent, fault, plan);
        const model = await modelRun(plan, sent);
        const { cycles, ...rtl } = rtlRun(plan, sent, pauses);
        assert.deepEqual(rtl, { answers: model.answers, drops: model.drops });
        assert.equal(pauses.send + pauses.take > 0 ? rtlRun(plan, sent).cycles : cycles, model.cycles);
        seen.add(`${channels} ${draw.normalize?.dtype} ${draw.normalize?.layout}`);
        Object.keys(model.drops).forEach((name) => seen.add(name));
      },
    ),
    {
      numRuns: sized(150, 60),
      // Rows and answers of 33 bytes: their last piece fills a word and leaves a byte.
      examples: [[
        {
          from: [7, 11],
          to: [5, 11],
          resize: { match: "pillow", filter: "bicubic" },
          extreme: false,
          crop: false,
          pad: null,
          normalize: null,
        },
        3,
        1,
        [],
        { send: 0, take: 0, seed: 1 },
      ]],
    },
  );
  assert(seen.has("order") && seen.has("items") && seen.size > sized(22, 16), [...seen].join());
});

Deno.test("RTL: ties of OpenCV's area go to the even level, though its weights are rounded", async () => {
  // From 10 to 3, weights are tenths. A sample is a multiple of 1/100, so one in a hundred is a tie.
  const input = noise(1, 100, 100, 3, 1);
  const step = { op: "resize", size: [30, 30], match: "opencv", filter: "area" } as const;
  const plan = compile({ steps: [step] }, { input, device: RTL_PROFILE });
  const sent = packetsOf(plan, input);
  const { cycles: _, ...rtl } = rtlRun(plan, sent);
  const { answers, drops } = await modelRun(plan, sent);
  assert.deepEqual(rtl, { answers, drops });
});

Deno.test("RTL: rows of a flow are not filtered with those of another, wherever it takes over", async () => {
  const input = noise(1, 40, 300, 3, 1);
  const plan = compile({ steps: [{ op: "resize", size: [30, 100], match: "pillow" }] }, {
    input,
    device: RTL_PROFILE,
  });
  const packets = packetsOf(plan, input);
  for (const from of [1, 7, 20, packets.length - 1]) {
    const sent = packets.map((packet, n) => {
      if (n < from) return packet;
      const other = packet.slice();
      new DataView(other.buffer).setUint32(OFFSET.flow, 99, true);
      return sealed(other);
    });
    const model = await modelRun(plan, sent);
    const { answers, drops } = rtlRun(plan, sent);
    assert.deepEqual({ answers, drops }, { answers: model.answers, drops: model.drops }, `from ${from}`);
    assert(answers.length < plan.body.layout.answers.packets);
  }
});

longTest("RTL: cycles of flows of rows are those of the plan and of the model", async () => {
  await fc.assert(
    fc.asyncProperty(anyStep, anyChannels, fc.integer({ min: 1, max: 3 }), async (draw, channels, images) => {
      const { plan, input, pipeline } = planOf(draw, channels, images);
      await using rtl = await createRtlDevice();
      await using model = createModelDevice(RTL_PROFILE);
      const counts = [];
      for (const device of [rtl, model]) {
        const { output, report } = await offload(plan, input, device);
        if (device === rtl) sameTensor(output, referencePipeline(pipeline, input));
        const { packets, lookups, cycles, stalls, swaps, tableBytes } = report.counters;
        counts.push({ packets, lookups, cycles, stalls, swaps, tableBytes });
      }
      assert.deepEqual(counts[0], counts[1]);
      assert.equal(counts[0]!.cycles, plan.body.cost.cycles);
      assert.equal(counts[0]!.packets, plan.body.layout.cut.packets);
    }),
    // The example's lookups end in a half, which a sum of fractions rounds down.
    {
      numRuns: 40,
      examples: [[
        {
          from: [3, 6],
          to: null,
          resize: { match: "pillow", filter: "lanczos" },
          extreme: false,
          crop: true,
          pad: [3, 3, 0, 7],
          normalize: { dtype: "u8", layout: "HWC" },
        },
        4,
        3,
      ]],
    },
  );
});

longTest(
  "RTL: a photograph to 224 x 224, antialiased, in every type and layout, at a step of columns a cycle",
  async () => {
    const photo = await readPhoto("astronaut.png");
    await using device = await createRtlDevice();
    for (const dtype of ["u8", "i8", "f16", "bf16", "f32"] as const) {
      for (const layout of ["HWC", "CHW"] as const) {
        const steps: ImagePipeline["steps"] = [
          { op: "resize", size: [224, 224], match: "pillow" },
          {
            op: "normalize",
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
            range: "0-1",
            dtype,
            layout,
          },
        ];
        const plan = compile({ steps }, { input: photo, device });
        const before = device.counters().cycles!;
        const { output } = await offload(plan, photo, device);
        sameTensor(output, referencePipeline({ steps }, photo), `${dtype} ${layout}`);
        assert.equal(device.counters().cycles! - before, plan.body.cost.cycles);
        assert(
          plan.body.cost.again <= 1.08 * plan.body.cost.ideal,
          `${plan.body.cost.again} of ${plan.body.cost.ideal}`,
        );
      }
    }
  },
);

Deno.test("RTL: a few rows that become thousands of packets leave as the card has room", async () => {
  const image = noise(1, 4, 9, 3, 1);
  const steps: ImagePipeline["steps"] = [
    { op: "resize", size: [1500, 600], match: "pillow" },
    { op: "normalize", range: "0-1", dtype: "f32", layout: "HWC" },
  ];
  await using device = await createRtlDevice();
  const plan = compile({ steps }, { input: image, device });
  assert(plan.body.layout.answers.packets > 2 ** 13);
  const { output } = await offload(plan, image, device);
  sameTensor(inLayout(output, "NHWC"), referencePipeline({ steps }, image));
  assert.equal(device.counters().cycles, plan.body.cost.cycles);
});

Deno.test("RTL: a reset in the middle of rows leaves nothing behind", () => {
  const input = noise(1, 40, 300, 3, 1);
  const plan = compile({ steps: [{ op: "resize", size: [30, 100], match: "pillow" }] }, {
    input,
    device: RTL_PROFILE,
  });
  const sent = packetsOf(plan, input);
  const expected = rtlRun(plan, sent).answers;
  assert.equal(expected.length, plan.body.layout.answers.packets);
  for (const cycles of [1, 47, 60, 150, 333, 900, 1500]) {
    const rtl = load(plan);
    rtl.interrupt(sent, cycles);
    rtl.card.reset();
    assert.deepEqual(rtlRun(plan, sent, { send: 2, take: 2, seed: cycles }).answers, expected);
  }
});

Deno.test("RTL: a plan that is loaded again knows no rows of before", async () => {
  const input = noise(1, 20, 600, 3, 1);
  await using device = await createRtlDevice();
  const plan = compile({ steps: [{ op: "resize", size: [10, 10], match: "pillow" }] }, { input, device });
  const sent = packetsOf(plan, input);
  const engine = createEngine(2 ** 20);
  const [requests, answers] = [reserveSlots(engine, 40, 1344), reserveSlots(engine, 40, 1344)];
  await device.load(programOf(plan));
  engine.bytes.set(sent[0]!, slotAddress(requests, 0));
  assert.equal(await device.exchange({ input: requests, count: 1, output: answers }), 0);
  await device.load(programOf(plan));
  engine.bytes.set(sent[1]!, slotAddress(requests, 0));
  await device.exchange({ input: requests, count: 1, output: answers });
  assert.deepEqual(device.counters().dropped, { order: 1 });
  assert.equal(device.counters().packets, 1);
});

Deno.test("what the pipeline of rows cannot hold is refused by its name", () => {
  const cases: readonly [[number, number], [number, number], RegExp][] = [
    [[4, 6000], [4, 4], /18000 row bytes/],
    [[300, 40], [2, 1400], /\d+ ring words/],
    [[4, 4], [5000, 4], /5000 row entries/],
    [[2100, 4], [2, 4], /1575 row taps/],
  ];
  for (const [[height, width], size, name] of cases) {
    const input = { dtype: "u8", shape: [height, width, 3], layout: "HWC" } as const;
    const pipeline: ImagePipeline = { steps: [{ op: "resize", size, match: "pillow" }] };
    assert.throws(
      () => compile(pipeline, { input, device: RTL_PROFILE }),
      (error: OnpathError) => error.code === "table" && name.test(error.message),
    );
  }
});
