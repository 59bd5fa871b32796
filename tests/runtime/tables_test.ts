import assert from "node:assert/strict";
import fc from "fast-check";
import type { FormName } from "../../kernels/image/kernel.ts";
import { KERNELS } from "../../kernels/image/kernels.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { LayoutName } from "../../kernels/target/profile.ts";
import { offload } from "../../runtime/offload.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { type Tensor, toNumbers } from "../../serialize/tensor.ts";
import { inLayout, noise } from "../support/images.ts";
import { anyCase, sameTensor, test } from "./helpers.ts";

/** Images whose scales have many phases, few, one, and none. */
const SHAPES: readonly (readonly [number, number, number, number])[] = [
  [24, 36, 8, 12],
  [23, 37, 16, 24],
  [13, 17, 29, 31],
  [1, 9, 5, 4],
  [16, 16, 16, 16],
];

function furthest(a: Tensor, b: Tensor): number {
  const [found, wanted] = [toNumbers(a), toNumbers(b)];
  return found.reduce((worst, value, at) => Math.max(worst, Math.abs(value - wanted[at]!)), 0);
}

test("every form of tables of every match gives the reference, within its own bound", async () => {
  await using device = createModelDevice();
  const tried = new Map<string, number>();
  for (const match of ["exact", "opencv", "torchvision", "pillow"] as const) {
    for (const [index, [h, w, h2, w2]] of SHAPES.entries()) {
      for (const channels of [1, 3, 4] as const) {
        const image = inLayout(noise(1, h, w, channels, index + channels), "HWC");
        const pipeline = { steps: [{ op: "resize", size: [h2, w2] as const, match }] } as const;
        const reference = referencePipeline(pipeline, image);
        const { body: { forms } } = compile(pipeline, { input: image, device });
        for (const { form, levels, verdict } of forms) {
          if (verdict === "baseline" || verdict === "not built") continue;
          const plan = compile(pipeline, { input: image, device, form, tolerance: levels });
          const { output } = await offload(plan, image, device);
          const off = furthest(output, reference);
          assert(off <= levels, `${match} ${form} ${h} x ${w}: ${off} levels off`);
          tried.set(`${match} ${form}`, Math.max(tried.get(`${match} ${form}`) ?? 0, off));
        }
      }
    }
  }
  assert.deepEqual([...tried.keys()], [
    ...["exact distinct", "exact nibble", "exact two-pass", "exact row-pages", "exact universal"],
    "opencv products",
    ...["distinct", "nibble", "two-pass", "row-pages", "universal"].map((form) => `torchvision ${form}`),
    ...["pillow distinct", "pillow nibble"],
  ]);
  // The bound of one level is reached: these tables are not exact and do not claim to be.
  assert.equal(tried.get("exact universal"), 1);
});

test("universal tables are never more than a level off, and levels 0 and 255 stay", async () => {
  await using device = createModelDevice();
  const length = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(
      length,
      length,
      length,
      length,
      fc.nat(),
      fc.boolean(),
      async (h, w, a, b, seed, flat) => {
        const image = inLayout(noise(1, h, w, 3, seed), "HWC");
        if (flat) image.data.fill(seed % 2 === 0 ? 0 : 255);
        const pipeline = { steps: [{ op: "resize", size: [a, b] }] } as const;
        const plan = compile(pipeline, { input: image, device, form: "universal", tolerance: 1 });
        const { output } = await offload(plan, image, device);
        const off = furthest(output, referencePipeline(pipeline, image));
        assert(off <= (flat ? 0 : 1), `${off} levels off`);
      },
    ),
    { numRuns: 150, seed: 20261124 },
  );
});

test("the model's tables and pages have the entries that the plan states", () => {
  for (const [h, w, h2, w2] of SHAPES) {
    const params = { match: "exact", y: { input: h, output: h2 }, x: { input: w, output: w2 } };
    const resize = KERNELS["resize"]!;
    for (const form of resize.forms(params)) {
      if (form.pages === null) continue;
      for (let page = 0; page < form.pages.count; page++) {
        assert.equal(resize.page!(params, form.form, page).length, form.pages.bytes);
      }
    }
  }
});

test("every layout gives the reference, whatever is lost, doubled or out of order", async () => {
  await using device = createModelDevice();
  const layouts = fc.constantFrom<LayoutName>(...MODEL_PROFILE.layouts);
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(anyCase, layouts, async ({ image, pipeline }, layout) => {
      let plan;
      try {
        plan = compile(pipeline, { input: image, device, layout });
      } catch (error) {
        // A warp goes as cells, a filter as rows, a pad alone as samples.
        assert(error instanceof OnpathError && error.code === "pipeline" && /lay out/.test(error.message));
        return;
      }
      taken++;
      sameTensor((await offload(plan, image, device)).output, referencePipeline(pipeline, image), layout);
    }),
    { numRuns: 300, seed: 20261125 },
  );
  assert(taken > 150, `${taken} cases`);
});

test("a plan's cycles and stalls are those that the model device counts, in every layout", async () => {
  const layouts = fc.constantFrom<LayoutName | undefined>(undefined, ...MODEL_PROFILE.layouts);
  let stalled = 0;
  await fc.assert(
    fc.asyncProperty(anyCase, layouts, async ({ image, pipeline }, layout) => {
      await using device = createModelDevice();
      let plan;
      try {
        plan = compile(pipeline, { input: image, device, layout });
      } catch (error) {
        assert(error instanceof OnpathError && error.code === "pipeline");
        return;
      }
      const { report } = await offload(plan, image, device);
      const { cycles, stalls, swaps, tableBytes } = report.counters;
      const { body: { cost } } = plan;
      assert.deepEqual({ cycles, stalls, swaps, tableBytes }, {
        cycles: cost.cycles,
        stalls: cost.stalls,
        swaps: cost.swaps,
        tableBytes: cost.tableBytes,
      });
      if (stalls! > 0) stalled++;
    }),
    { numRuns: 300, seed: 20261126 },
  );
  assert(stalled > 50, "rows make a core wait for its first rows");
});

test("planning grows with the phases of the axes, not with the output", () => {
  const sizes = [[224, 224], [448, 448], [896, 896], [1792, 1792]] as const;
  for (const form of ["nibble", "two-pass"] satisfies FormName[]) {
    const bytes = sizes.map((size) =>
      compile({ steps: [{ op: "resize", size }] }, {
        // Twice the output from twice the input: the same phases.
        input: { dtype: "u8", shape: [size[0] * 3, size[1] * 4, 3], layout: "HWC" },
        device: MODEL_PROFILE,
        form,
      }).body.tables.reduce((sum, table) => sum + table.bytes, 0)
    );
    assert.equal(new Set(bytes).size, 1, `${form}: ${bytes}`);
  }
});

test("the paper's tables are listed as the baseline: 51,380,224 entries, never chosen, never made", () => {
  const options = {
    input: { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" },
    device: { ...MODEL_PROFILE, bram: 2 ** 20, uram: 2 ** 20 },
  } as const;
  const pipeline = { steps: [{ op: "resize", size: [224, 224] }] } as const;
  const plan = compile(pipeline, options);
  const baseline = plan.body.forms.find(({ verdict }) => verdict === "baseline")!;
  const [table] = KERNELS["resize"]!.forms(plan.body.stages[0]!.params).at(-1)!.tables;
  assert.equal(table!.entries, 51_380_224);
  assert.equal(baseline.bytes, table!.bytes);
  assert.throws(() => compile(pipeline, { ...options, form: "positions" }), { code: "table" });
});
