import fc from "fast-check";
import assert from "node:assert/strict";
import process from "node:process";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { offload } from "../../runtime/offload.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { rtlProfile, WIDE_PAGES } from "../../runtime/device/rtl/profile.ts";
import type { OnpathError } from "../../serialize/errors.ts";
import { parameterFlags } from "../../scripts/rtl/build.ts";
import { readBuild } from "../../scripts/rtl/generated.ts";
import { MATRIX, type MatrixBuild } from "../../scripts/rtl/matrix.ts";
import { missingRtlTools } from "../../scripts/rtl/tools.ts";
import { anyChannels, inLayout, noise } from "../support/images.ts";
import { load, packetsOf } from "./plans.ts";
import { compileRtl, RTL_BUILDS, rtlOf } from "./rtl.ts";
import { modelRun, rtlRun } from "./runs.ts";
import { scramble } from "./scramble.ts";
import { longTest } from "../support/long.ts";

// A build that `deno task mutate` has made needs no tools.
const missing = process.env.CI === undefined ? await missingRtlTools() : null;
if (missing !== null) console.log(`skipped: parameters of the RTL. ${missing}`);

const sizes = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 40 }));

/** Pipelines of a kind; some need more than small tables hold. */
const STEPS = {
  terms: fc.record({
    match: fc.constantFrom("exact", "torchvision"),
    form: fc.constantFrom("nibble", "universal", "row-pages"),
  }),
  products: fc.constant({ match: "opencv", form: undefined }),
  rows: fc.constant({ match: "pillow", form: undefined }),
} as const;

const anyNormalize = fc.option(fc.record({
  dtype: fc.constantFrom("u8", "f16", "f32"),
  layout: fc.constantFrom("HWC", "CHW"),
}));

/** A plan, or undefined where the tables of the parameters do not hold it, which is to be said by name. */
function planFor(run: () => ImagePlan): ImagePlan | undefined {
  try {
    return run();
  } catch (error) {
    assert.equal((error as OnpathError).code, "table", String(error));
    return undefined;
  }
}

async function runMatrix(build: MatrixBuild): Promise<void> {
  const profile = rtlProfile(build.profile);
  const module = await compileRtl(build);
  const rtl = await rtlOf(module);
  const seen = new Set<string>();
  let [refused, ran] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      anyChannels,
      sizes,
      sizes,
      STEPS[build.build] as fc.Arbitrary<{ match: "exact"; form: "nibble" | undefined }>,
      anyNormalize,
      fc.constantFrom(0, 0, 6, 12),
      fc.nat(1e6),
      async (channels, [height, width], size, { match, form }, normalize, pause, seed) => {
        const input = inLayout(noise(2, height, width, channels, seed), "NHWC");
        const steps: ImagePipeline["steps"][number][] = [{ op: "resize", size: [...size], match }];
        if (normalize !== null) {
          steps.push({ op: "normalize", range: "0-1", ...normalize } as ImagePipeline["steps"][number]);
        }
        const plan = planFor(() => compile({ steps }, { input, device: profile, tolerance: 1, form }));
        if (plan === undefined) return void refused++;
        ran++;
        seen.add(`${channels} ${plan.body.stages[0]!.form}`);
        await using device = await createRtlDevice({ profile, builds: { [build.build]: module } });
        await using model = createModelDevice(profile);
        const found = [];
        for (const each of [device, model]) {
          const { output, report } = await offload(plan, input, each);
          const { cycles, stalls, swaps, packets } = report.counters;
          found.push({ output, cycles, stalls, swaps, packets });
        }
        assert.deepEqual(found[0], found[1]);
        const { cycles, stalls, swaps } = plan.body.cost;
        assert.deepEqual({ ...found[0], cycles, stalls, swaps }, found[0]);
        // Any bytes, weight indexes and lengths, with pauses; pages need their schedule, rows their places.
        if (plan.body.pages !== null || build.build === "rows") return;
        const sent = scramble(plan, packetsOf(plan, input), seed);
        const expected = await modelRun(plan, sent);
        load(plan, rtl).interrupt(sent, 1 + seed % 25);
        rtl.card.reset();
        assert.deepEqual(rtlRun(plan, sent, {}, rtl), expected);
        const { answers, drops } = rtlRun(plan, sent, { send: pause, take: 12 - pause, seed }, rtl);
        assert.deepEqual({ answers, drops }, { answers: expected.answers, drops: expected.drops });
      },
    ),
    { numRuns: 60 },
  );
  assert(ran >= 15 && seen.size >= 3, `${ran} plans of ${[...seen]}, ${refused} refused`);
}

for (const build of MATRIX) {
  const made = await readBuild(RTL_BUILDS, build.name) !== null;
  const name = `RTL with ${
    parameterFlags(build.parameters).join(" ").replaceAll("-G", "")
  }: as the model, in bytes and in cycles`;
  const isMutated = process.env.ONPATH_RTL !== undefined;
  // A build that is missing says nothing about the RTL.
  if (isMutated ? made : missing === null) {
    longTest(name, () => runMatrix(build), !isMutated);
  } else Deno.test({ name: `${name} (skipped: ${missing ?? "not built"})`, ignore: true, fn: () => {} });
}

const wide = MATRIX.find(({ profile }) => profile.terms?.IW === WIDE_PAGES.terms.IW)!;

if (missing === null) {
  longTest(
    "RTL with wide pages: a size of 639 column weights, as the model, in bytes and in cycles",
    async () => {
      // 333x500 to 640, which the library's build refuses: rows of the picture and of its page order, whole.
      const profile = rtlProfile(WIDE_PAGES);
      const input = inLayout(noise(2, 500, 333, 3, 7), "NHWC");
      const steps = [{ op: "resize", size: [640, 640] }] as const;
      assert.throws(() => compile({ steps }, { input, device: rtlProfile() }), { code: "table" });
      const plan = compile({ steps }, { input, device: profile });
      const { pages, stages, cost } = plan.body;
      assert.deepEqual([stages[0]!.form, pages!.count, pages!.bytes], ["row-pages", 33, 128 * 640]);
      const module = await compileRtl(wide);
      await using device = await createRtlDevice({ profile, builds: { terms: module } });
      await using model = createModelDevice(profile);
      const [found, expected] = [await offload(plan, input, device), await offload(plan, input, model)];
      assert.deepEqual(found.output.data, expected.output.data);
      for (const { report: { counters } } of [found, expected]) {
        assert.deepEqual([counters.cycles, counters.stalls, counters.swaps], [
          cost.cycles,
          cost.stalls,
          cost.swaps,
        ]);
      }
    },
  );
}

Deno.test("RTL with a third of the lanes: a photograph's size takes three times the cycles, as planned", async () => {
  const input = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
  const costs = await Promise.all(
    ([6, 3, 2, 1] as const).map((LANES) =>
      compile({ steps: [{ op: "resize", size: [224, 224] }] }, { input, device: rtlProfile({ LANES }) }).body
        .cost
    ),
  );
  for (const [at, lanes] of [6, 3, 2, 1].entries()) {
    const { again, ideal } = costs[at]!;
    assert(again <= 1.02 * ideal, `${lanes} lanes: ${again} cycles, ideal ${ideal}`);
    assert(ideal > (6 / lanes - 0.1) * 25088 && ideal < (6 / lanes + 0.1) * 25088);
  }
});
