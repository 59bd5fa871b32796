import fc from "fast-check";
import assert from "node:assert/strict";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import type { Device, DeviceCounters } from "../../runtime/device/device.ts";
import { offload } from "../../runtime/offload.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import type { FormName } from "../../kernels/image/kernel.ts";
import type { OnpathError } from "../../serialize/errors.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { anyChannels, noise } from "../support/images.ts";
import { longTest } from "../support/long.ts";

const NUMBERS = ["packets", "lookups", "cycles", "stalls", "swaps", "tableBytes"] as const;

/** What a device counts while it runs an input: on a device that has run nothing, from loading on. */
async function countsOf(device: Device, plan: ImagePlan, input: Tensor): Promise<Partial<DeviceCounters>> {
  const { report } = await offload(plan, input, device);
  return Object.fromEntries(NUMBERS.map((name) => [name, report.counters[name]]));
}

async function agrees(plan: ImagePlan, input: Tensor, what: string): Promise<void> {
  await using rtl = await createRtlDevice();
  await using model = createModelDevice(RTL_PROFILE);
  const found = await countsOf(rtl, plan, input);
  assert.deepEqual(found, await countsOf(model, plan, input), what);
  const { cycles, stalls, swaps, tableBytes } = plan.body.cost;
  assert.deepEqual({ ...found, cycles, stalls, swaps, tableBytes }, found, what);
}

const anyTensor = fc.record({
  dtype: fc.constantFrom("u8", "i8", "f16", "bf16", "f32"),
  layout: fc.constantFrom("HWC", "CHW"),
});

const anySize = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 60 }));

longTest(
  "cycles, stalls and swaps of the RTL's counters are those of the plan and of the model",
  async () => {
    const forms = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        anyChannels,
        fc.integer({ min: 1, max: 3 }),
        anySize,
        fc.option(fc.record({
          size: anySize,
          match: fc.constantFrom("exact", "torchvision", "opencv"),
          form: fc.constantFrom<FormName>("nibble", "universal", "row-pages"),
        })),
        fc.option(anyTensor),
        async (channels, images, [height, width], resize, normalize) => {
          const input = noise(images, height, width, channels, height);
          const steps = [
            { op: "crop", top: 0, left: 0, height, width },
            ...(resize === null ? [] : [{ op: "resize", size: [...resize.size], match: resize.match }]),
            ...(normalize === null ? [] : [{ op: "normalize", range: "0-255", ...normalize }]),
          ];
          const form = resize === null || resize.match === "opencv" ? undefined : resize.form;
          const options = { input, device: RTL_PROFILE, tolerance: 1, form };
          let plan: ImagePlan;
          try {
            plan = compile({ steps } as ImagePipeline, options);
          } catch (error) {
            // Two sizes without a common factor can have more weights than the RTL's tables.
            assert.equal((error as OnpathError).code, "table");
            return;
          }
          forms.add(`${plan.body.stages[0]?.form} ${plan.body.output.dtype} ${channels}`);
          await agrees(plan, input, JSON.stringify({ shape: input.shape, steps, form }));
        },
      ),
      { numRuns: 150 },
    );
    assert(forms.size >= 20, `${forms.size} kinds of plans`);
  },
);

Deno.test("cycles of flows of several windows are those of the plan, up to 1.02 of the ideal", async () => {
  for (const channels of [1, 3] as const) {
    const input = noise(1, 720, 1280, channels, 1);
    for (
      const steps of [
        [{ op: "resize", size: [224, 224] }],
        [{ op: "resize", size: [360, 640] }, { op: "normalize", range: "0-1", dtype: "f16", layout: "CHW" }],
      ]
    ) {
      const plan = compile({ steps } as ImagePipeline, { input, device: RTL_PROFILE });
      await agrees(plan, input, JSON.stringify(steps));
      const { again, ideal } = plan.body.cost;
      assert(again <= 1.02 * ideal, `${again} cycles, ideal ${ideal}`);
    }
  }
});

Deno.test("1280 x 720 to 224 x 224, tables resident: at most 1.02 of two pixels a cycle, as the counters have it", async () => {
  const input = noise(1, 720, 1280, 3, 1);
  await using rtl = await createRtlDevice();
  const plan = compile({ steps: [{ op: "resize", size: [224, 224] }] }, { input, device: rtl });
  await offload(plan, input, rtl);
  const before = rtl.counters();
  await offload(plan, input, rtl);
  const after = rtl.counters();
  assert.equal(after.tableBytes, before.tableBytes, "the tables were loaded again");
  const cycles = after.cycles! - before.cycles!;
  // A beat of cells is two pixels; a packet has two beats of header.
  const pixels = 224 * 224 / 2;
  const headers = 2 * plan.body.layout.cut.packets;
  assert.equal(plan.body.cost.ideal, pixels + headers);
  assert(cycles <= 1.02 * (pixels + headers), `${cycles} cycles, ideal ${pixels + headers}`);
  assert.equal(cycles, plan.body.cost.again);
});

Deno.test("row pages: cycles, stalls and swaps are those of the plan in flows of several windows", async () => {
  for (
    const [images, height, width, channels, size] of [[64, 31, 41, 4, [23, 19]], [3, 250, 188, 1, [
      112,
      112,
    ]]] as const
  ) {
    const input = noise(images, height, width, channels, 1);
    const options = { input, device: RTL_PROFILE, form: "row-pages" } as const;
    const plan = compile({ steps: [{ op: "resize", size: [...size] }] }, options);
    assert(plan.body.layout.cut.packets > 1024 || plan.body.pages!.count > 50);
    assert(plan.body.cost.stalls > 0);
    await agrees(plan, input, `${images} x ${height} x ${width}`);
  }
});

Deno.test("row pages of 1279 x 719 to 224 x 224 are hidden from 8 images on, but for the first", () => {
  const costOf = (images: number) =>
    compile({ steps: [{ op: "resize", size: [224, 224] }] }, {
      input: { dtype: "u8", shape: [images, 719, 1279, 3], layout: "NHWC" },
      device: RTL_PROFILE,
      form: "row-pages",
      layout: "cells",
    }).body;
  const { pages, cost: { stalls } } = costOf(8);
  assert.equal(pages!.breakEven, 8);
  // A page's words less the cycles until the first packet is at the gate.
  const first = pages!.bytes / 32;
  assert(stalls > first - 60 && stalls <= first + 3, `${stalls} stalls, the first page has ${first} words`);
  assert.equal(costOf(64).cost.stalls, stalls);
  assert(costOf(7).cost.stalls > 10 * stalls);
});

Deno.test("row pages of a batch of 64 take at most 1.01 of the ideal", async () => {
  const plans = ([[720, 1280, 224], [90, 160, 96]] as const).map(([height, width, size]) =>
    compile({ steps: [{ op: "resize", size: [size, size] }] }, {
      input: { dtype: "u8", shape: [64, height, width, 3], layout: "NHWC" },
      device: RTL_PROFILE,
      form: "row-pages",
    })
  );
  for (const { body: { cost, pages } } of plans) {
    assert.equal(cost.swaps, pages!.count);
    assert(cost.cycles <= 1.01 * cost.ideal, `${cost.cycles} cycles, ideal ${cost.ideal}`);
  }
  await agrees(plans[1]!, noise(64, 90, 160, 3, 1), "64 images");
});
