import assert from "node:assert/strict";
import fc from "fast-check";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { checkPlan } from "../../kernels/plan/file.ts";
import { compile } from "../../kernels/compile.ts";
import type { CompileOptions } from "../../kernels/image/plan/compile_options.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { Match } from "../../kernels/image/geometry/names.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { KIND } from "../../serialize/header.ts";
import { type Layout, tensor } from "../../serialize/tensor.ts";
import { anyCase, test } from "./helpers.ts";

const RESIZE: ImagePipeline = { steps: [{ op: "resize", size: [224, 224] }] };

function planOf(
  pipeline: ImagePipeline,
  shape: number[],
  layout: Layout = "HWC",
  more: Partial<CompileOptions> = {},
) {
  return compile(pipeline, { input: { dtype: "u8", shape, layout }, device: MODEL_PROFILE, ...more });
}

test("compile() cuts 1280 x 720 to 224 x 224 into 672 packets of cells with 65 distinct weights", () => {
  const plan = planOf(RESIZE, [720, 1280, 3], "HWC", { layout: "cells", form: "distinct" });
  assert.equal(plan.format, "onpath.plan");
  assert.equal(plan.version, 4);
  const cut = {
    width: 224,
    height: 224,
    images: 1,
    packetsPerRow: 3,
    rowsPerPacket: 1,
    itemsPerPacket: 76,
    packets: 672,
  };
  assert.deepEqual(plan.body.layout, {
    name: "cells",
    kind: KIND.cells,
    channels: 3,
    cut,
    answers: cut,
    buffers: 0,
    payload: 76 * 16,
    bytesOut: 224 * 224 * 16 + 672 * 64,
    bytesBack: 224 * 224 * 3 + 672 * 64,
    checksum: "crc32c",
  });
  // 7 column and 14 row fractions; weights over 14 · 28 = 392 need 2^11 >= 4 · 392, so 19 bits a term.
  const facts = plan.body.tables.map(({ kernel, name, entries, bits, bytes, lookups, per, slots }) => ({
    ...{ kernel, name, entries, bits, bytes, lookups, per, slots },
  }));
  assert.deepEqual(facts, [
    {
      kernel: "resize",
      name: "weights",
      entries: 98,
      bits: 28,
      bytes: 343,
      lookups: 1,
      per: "item",
      slots: 1,
    },
    {
      kernel: "resize",
      name: "terms",
      entries: 65 * 256,
      bits: 19,
      bytes: 39520,
      lookups: 4,
      per: "sample",
      slots: 1,
    },
  ]);
  // 2 cells a cycle, 24 lookups for 2 ports of a block.
  assert.deepEqual(plan.body.tables.map(({ copies }) => copies), [1, 12]);
  assert.deepEqual(plan.body.stages, [{
    kernel: "resize",
    params: { match: "exact", y: { input: 720, output: 224 }, x: { input: 1280, output: 224 } },
    form: "distinct",
    index: "pairs",
  }]);
  assert.deepEqual(plan.body.output, {
    dtype: "u8",
    shape: [224, 224, 3],
    layout: "HWC",
    planes: 1,
    itemBytes: 3,
  });
  assert.equal(plan.body.cost.cycles, plan.body.cost.load + 224 * 224 / 2);
  assert.deepEqual(plan.body.geometry.before.x, { length: 1280, offset: 0, low: 0, high: 1280 });
  assert.deepEqual(plan.body.notes.slice(0, 3), [
    "tile-major cells: every output sample travels with its four neighbours and its weight index",
    "3 packets an output row: no packet crosses a row",
    "31% of the image's bytes go to the device",
  ]);
});

test("compile() weighs every layout and every form and says what became of each", () => {
  const plan = planOf(RESIZE, [720, 1280, 3]);
  assert.deepEqual(plan.body.layouts.map(({ name }) => name), [...MODEL_PROFILE.layouts]);
  assert.equal(plan.body.layouts.filter(({ verdict }) => verdict === "chosen").length, 1);
  assert.equal(plan.body.forms.filter(({ verdict }) => verdict === "chosen").length, 1);
  const chosen = plan.body.layouts.find(({ verdict }) => verdict === "chosen")!;
  for (const other of plan.body.layouts) {
    const slowest = ({ hostUs, wireUs, coreUs }: typeof other) => Math.max(hostUs, wireUs, coreUs);
    assert(slowest(other) >= slowest(chosen), other.name);
  }
  // The paper's row of 1280 pixels: 3840 bytes, 120 words of 32.
  const rows = plan.body.layouts.find(({ name }) => name === "rows")!;
  assert.equal(rows.buffers, 2 * 3840);
  const image = plan.body.layouts.find(({ name }) => name === "image")!;
  assert.equal(image.coreUs, 720 * 120 / MODEL_PROFILE.clockMHz);
});

test("compile() counts a batch: packets and bytes grow with the images, tables do not", () => {
  const one = planOf(RESIZE, [720, 1280, 3], "HWC", { layout: "cells" });
  const many = planOf(RESIZE, [8, 720, 1280, 3], "NHWC", { layout: "cells" });
  assert.equal(many.body.layout.cut.packets, 8 * 672);
  assert.equal(many.body.layout.bytesOut, 8 * one.body.layout.bytesOut);
  assert.equal(many.body.layout.bytesBack, 8 * one.body.layout.bytesBack);
  assert.deepEqual(many.body.tables, one.body.tables);
  assert.deepEqual(many.body.output.shape, [8, 224, 224, 3]);
});

test("compile() gives plain data: structured clone and JSON change nothing", () => {
  fc.assert(
    fc.property(anyCase, ({ image, pipeline }) => {
      const plan = compile(pipeline, { input: image, device: MODEL_PROFILE });
      assert.deepEqual(structuredClone(plan), plan);
      assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
      assert.deepEqual(checkPlan(JSON.parse(JSON.stringify(plan))), plan);
    }),
    { numRuns: 60, seed: 20260103 },
  );
});

test("compile() gives the same plan for the same arguments, however they are written", async () => {
  await using device = createModelDevice();
  const short = planOf(RESIZE, [20, 30, 3]);
  const long = planOf({ steps: [{ match: "exact", size: [224, 224], op: "resize" }] }, [20, 30, 3], "HWC", {
    device,
    checksum: "crc32c",
  });
  assert.deepEqual(long, short);
  const input = tensor(new Uint8Array(1800), { dtype: "u8", shape: [20, 30, 3], layout: "HWC" });
  assert.deepEqual(compile(RESIZE, { input, device }), short);
});

test("compile() gives another id for every other argument", () => {
  const steps = (...steps: ImagePipeline["steps"]) => ({ steps });
  const plans = [
    planOf(RESIZE, [20, 30, 3]),
    planOf(RESIZE, [20, 30, 4]),
    planOf(RESIZE, [30, 20, 3]),
    planOf(RESIZE, [1, 20, 30, 3], "NHWC"),
    planOf(RESIZE, [2, 20, 30, 3], "NHWC"),
    planOf(RESIZE, [3, 20, 30], "CHW"),
    planOf(RESIZE, [20, 30, 3], "HWC", { checksum: "link" }),
    planOf(RESIZE, [20, 30, 3], "HWC", { device: { ...MODEL_PROFILE, name: "other" } }),
    planOf(RESIZE, [20, 30, 3], "HWC", { device: { ...MODEL_PROFILE, payload: 8192 } }),
    planOf(RESIZE, [20, 30, 3], "HWC", { device: { ...MODEL_PROFILE, bram: 1000 } }),
    ...(["opencv", "torchvision"] as const).map((match) =>
      planOf(steps({ op: "resize", size: [224, 224], match }), [20, 30, 3])
    ),
    planOf(steps({ op: "letterbox", size: [224, 224] }), [20, 30, 3]),
    planOf(steps({ op: "letterbox", size: [224, 224], fill: 0 }), [20, 30, 3]),
    planOf(steps({ op: "normalize", range: "0-1" }), [20, 30, 3]),
    planOf(steps({ op: "normalize", range: "0-1", mean: [0, 0, 1e-9] }), [20, 30, 3]),
  ];
  assert.equal(new Set(plans.map(({ id }) => id)).size, plans.length);
  assert(plans.every(({ id }) => Number.isInteger(id) && id >= 0 && id < 2 ** 32));
});

test("compile() names the output's shape and layout for every layout", () => {
  const outputOf = (shape: number[], layout: Layout, planar: boolean, channels: number) => {
    const normalize = {
      op: "normalize",
      range: "0-1",
      dtype: "f16",
      layout: planar ? "CHW" : "HWC",
    } as const;
    const { body: { output } } = planOf(
      { steps: [{ op: "resize", size: [5, 6] }, normalize] },
      shape,
      layout,
    );
    return [output.layout, output.shape, output.planes, output.itemBytes, channels];
  };
  assert.deepEqual(outputOf([20, 30, 3], "HWC", false, 3), ["HWC", [5, 6, 3], 1, 6, 3]);
  assert.deepEqual(outputOf([20, 30, 3], "HWC", true, 3), ["CHW", [3, 5, 6], 3, 2, 3]);
  assert.deepEqual(outputOf([4, 20, 30], "CHW", false, 4), ["HWC", [5, 6, 4], 1, 8, 4]);
  assert.deepEqual(outputOf([2, 20, 30, 3], "NHWC", false, 3), ["NHWC", [2, 5, 6, 3], 1, 6, 3]);
  assert.deepEqual(outputOf([2, 3, 20, 30], "NCHW", true, 3), ["NCHW", [2, 3, 5, 6], 3, 2, 3]);
  assert.deepEqual(outputOf([20, 30, 1], "HWC", true, 1), ["CHW", [1, 5, 6], 1, 2, 1]);
});

test("compile() states a bound for every stage", () => {
  const boundsOf = (match: Match): ImagePlan["body"]["bounds"] =>
    planOf({ steps: [{ op: "resize", size: [5, 5], match }, { op: "normalize", range: "0-1" }] }, [9, 9, 3])
      .body.bounds;
  for (const [match, levels] of [["exact", 0], ["opencv", 0], ["torchvision", 1]] as const) {
    const bounds = boundsOf(match);
    assert.deepEqual(bounds.map(({ kernel, levels }) => [kernel, levels]), [["resize", levels], [
      "normalize",
      0,
    ]]);
    assert(bounds.every(({ versus, because }) => versus.length > 10 && because.length > 10));
    assert.match(bounds[0]!.versus.toLowerCase(), new RegExp(match));
  }
});

test("compile() warns when more bytes go to the device than the image has", () => {
  const warnings = (size: [number, number]) =>
    planOf({ steps: [{ op: "resize", size }] }, [480, 640, 3], "HWC", { layout: "cells" }).body.notes.filter((
      note,
    ) => note.startsWith("warning"));
  assert.equal(warnings([100, 100]).length, 0);
  assert.equal(warnings([640, 640]).length, 1);
  const cells = planOf(RESIZE, [375, 500, 3], "HWC", { layout: "cells" });
  assert(cells.body.notes.some((note) => note.includes("150% of the image's bytes")));
  // Left to itself the planner sends rows, which are never more than the image.
  assert(planOf(RESIZE, [375, 500, 3]).body.notes.some((note) => /10\d% of the image's bytes/.test(note)));
});

test("compile() says when packets carry no CRC and when samples go bare", () => {
  const normalize = { steps: [{ op: "normalize", range: "0-1" }] } as const;
  const { body: { notes, layout } } = planOf(normalize, [20, 30, 3], "HWC", { checksum: "link" });
  assert.equal(layout.kind, KIND.samples);
  assert.match(notes[0]!, /bare samples/);
  assert.match(notes[1]!, /whole output rows a packet/);
  assert.match(notes.at(-1)!, /no CRC/);
});

test("compile() keeps every payload within the device's, both ways", () => {
  const payload = fc.integer({ min: 64, max: 8192 });
  fc.assert(
    fc.property(anyCase, payload, ({ image, pipeline }, payload) => {
      const { body: { layout, output } } = compile(pipeline, {
        input: image,
        device: { ...MODEL_PROFILE, payload },
      });
      assert(layout.payload <= payload);
      assert(layout.answers.itemsPerPacket * output.planes * output.itemBytes <= payload);
    }),
    { numRuns: 100, seed: 20260104 },
  );
});

test("compile() does not share the device's profile with the plan", () => {
  const device = { ...MODEL_PROFILE, kernels: [...MODEL_PROFILE.kernels] };
  const plan = planOf(RESIZE, [20, 30, 3], "HWC", { device });
  const before = structuredClone(plan);
  device.name = "changed";
  device.kernels.push("changed");
  assert.deepEqual(plan, before);
});
