import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { planLineRate } from "../../runtime/device/rtl/line_rate.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { offload } from "../../runtime/offload.ts";
import { ratedKernels, ratesTable, textTable } from "../../scripts/line_rates.ts";
import { compile } from "../../kernels/compile.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { longTest } from "../support/long.ts";

const INPUT = { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" } as const;
const PIPELINE = { steps: [{ op: "resize", size: [224, 224] }] } as const;

longTest("docs/line_rate.md has the tables that deno task rates makes", async () => {
  const page = await readFile(new URL("../../docs/line_rate.md", import.meta.url), "utf8");
  const kernels = await ratedKernels();
  const between = (name: string) => page.split(`<!-- ${name} -->`)[1]!.split(`<!-- /${name} -->`)[0]!.trim();
  assert.equal(between("rates"), ratesTable(kernels));
  assert.equal(between("text"), textTable(kernels.at(-1)!));
});

Deno.test("planLineRate() chooses the smallest share of a card that takes the link, or says what binds", () => {
  const { choices, chosen, clockMHz } = planLineRate(PIPELINE, { input: INPUT });
  assert.equal(clockMHz, 250);
  const best = choices[chosen]!;
  assert.equal(best.rate!.reached, 1);
  assert.deepEqual(best.instance.parameters, { LANES: 6, XW: 11, IW: 7 });
  for (const { rate, reason, plan } of choices) {
    assert.equal(rate === null, reason !== undefined);
    assert.equal(plan === null, rate === null);
    if (rate?.reached === 1) assert(rate.share >= best.rate!.share);
  }
  // A slower link needs no more instances, and no build takes 1 Tb/s.
  const slow = planLineRate(PIPELINE, { input: INPUT, gbps: 10 });
  assert.equal(slow.choices[slow.chosen]!.rate!.needed, 1);
  const fast = planLineRate(PIPELINE, { input: INPUT, gbps: 1000, card: "u50" });
  const { rate } = fast.choices[fast.chosen]!;
  assert(rate!.reached < 1 && rate!.fits < rate!.needed && rate!.binds === "bram");
  for (const options of [undefined, {}, { input: null }]) {
    assert.throws(
      () => planLineRate(PIPELINE, options as unknown as { input: typeof INPUT }),
      refusal("size", /Cannot plan for a link: the input is (undefined|null)/),
    );
  }
  assert.throws(
    () => planLineRate(PIPELINE, { input: INPUT, card: "u9" as "u50" }),
    refusal("device", /card u9: expected one of u50, u55c, u250, u280/),
  );
});

Deno.test("planLineRate() counts the cycles that the RTL counts", async () => {
  const input = noise(1, 90, 160, 3, 3);
  const { choices } = planLineRate({ steps: [{ op: "resize", size: [56, 56] }] }, { input });
  const { plan } = choices.find(({ instance }) =>
    instance.parameters.XW === 14 && instance.parameters.LANES === 6
  )!;
  await using device = await createRtlDevice();
  const own = compile({ steps: [{ op: "resize", size: [56, 56] }] }, { input, device: RTL_PROFILE });
  await offload(own, input, device);
  const before = device.counters().cycles!;
  await offload(own, input, device);
  assert.equal(device.counters().cycles! - before, plan!.body.cost.again);
});
