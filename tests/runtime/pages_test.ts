import assert from "node:assert/strict";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { faultyDevice, keepAnswers } from "./faulty_device.ts";
import { dropsSince, openBench } from "./device_bench.ts";
import { sameTensor, test } from "./helpers.ts";

const PIPELINE = { steps: [{ op: "resize", size: [23, 19] }] } as const;

/** A card whose page memory holds a few pages: little BRAM, no URAM. */
const SMALL: DeviceProfile = { ...MODEL_PROFILE, bram: 60, uram: 0, usable: 1, instances: 1 };

function pagedPlan(images: Tensor, device: Device, layout: "cells" | "tiles" = "cells"): ImagePlan {
  return compile(PIPELINE, { input: images, device, form: "row-pages", layout });
}

function countsOf({ cycles, stalls, swaps, tableBytes }: ReturnType<Device["counters"]>) {
  return { cycles, stalls, swaps, tableBytes };
}

function costOf({ body: { cost: { cycles, stalls, swaps, tableBytes } } }: ImagePlan) {
  return { cycles, stalls, swaps, tableBytes };
}

const DEVICES = {
  "many slots": { open: () => createModelDevice(), layouts: ["cells", "tiles"] },
  "few slots": { open: () => createModelDevice(SMALL), layouts: ["cells", "tiles"] },
  "the RTL's cycles": { open: () => createModelDevice(RTL_PROFILE), layouts: ["cells"] },
  "the RTL": { open: createRtlDevice, layouts: ["cells"] },
} as const;

for (const [room, { open, layouts }] of Object.entries(DEVICES)) {
  for (const batch of [1, 2, 7, 64]) {
    for (const layout of layouts) {
      test(`pages, ${room}, batch ${batch}, ${layout}: the device counts what the plan says`, async () => {
        await using device = await open();
        const images = noise(batch, 31, 41, 3, batch);
        const plan = pagedPlan(images, device, layout);
        const { output, report } = await offload(plan, images, device);
        sameTensor(output, referencePipeline(PIPELINE, images));
        assert.deepEqual(countsOf(report.counters), costOf(plan));
        // Page by page over the batch: every page is loaded once.
        assert.equal(report.counters.swaps, plan.body.pages!.count);
      });
    }
  }
}

test("stalls vanish when the batch is large: the loads hide behind the work", () => {
  const at = (batch: number) => {
    const images = { dtype: "u8", shape: [batch, 500, 375, 3], layout: "NHWC" } as const;
    return compile({ steps: [{ op: "resize", size: [224, 224] }] }, {
      input: images,
      device: MODEL_PROFILE,
      form: "row-pages",
      layout: "cells",
    });
  };
  const [one, many] = [at(1), at(64)];
  assert(one.body.cost.stalls > one.body.cost.ideal, `${one.body.cost.stalls} stalls`);
  // The first page cannot hide behind anything: what is left is its load, the least there is.
  assert.equal(many.body.cost.cycles, many.body.cost.minCycles);
  assert(many.body.cost.stalls < 0.001 * many.body.cost.ideal);
  assert(one.body.pages!.breakEven > 1 && one.body.pages!.breakEven <= 64);
  const even = at(one.body.pages!.breakEven);
  assert.equal(even.body.cost.cycles, even.body.cost.minCycles);
  const below = at(one.body.pages!.breakEven - 1);
  assert(below.body.cost.stalls > even.body.cost.stalls);
});

test("pages that are kept serve the next run of a session", async () => {
  await using device = createModelDevice();
  const images = noise(2, 31, 41, 3, 1);
  const plan = pagedPlan(images, device);
  assert(plan.body.pages!.slots >= plan.body.pages!.count);
  const session = await Session.open(plan, device);
  await session.run(images);
  const first = device.counters();
  const { output } = await session.run(images);
  sameTensor(output, referencePipeline(PIPELINE, images));
  const second = device.counters();
  assert.equal(second.swaps, first.swaps);
  assert.equal(second.cycles! - first.cycles!, plan.body.cost.again);
});

for (const room of ["few slots", "the RTL's cycles", "the RTL"] as const) {
  test(`with ${room} the next run reloads only what was overwritten`, async () => {
    await using device = await DEVICES[room].open();
    const images = noise(3, 31, 41, 3, 2);
    const plan = pagedPlan(images, device);
    assert(plan.body.pages!.slots < plan.body.pages!.count);
    const session = await Session.open(plan, device);
    await session.run(images);
    const first = device.counters();
    await session.run(images);
    const second = device.counters();
    assert(second.swaps - first.swaps < first.swaps);
    assert.equal(second.cycles! - first.cycles!, plan.body.cost.again);
  });
}

test("pages and loss: what is sent again comes with its pages, and the result is right", async () => {
  await using device = faultyDevice(async ({ number, exchange, answer }) =>
    keepAnswers(exchange.output, await answer(), (sequence) => number > 0 || sequence % 3 !== 0)
  );
  const images = noise(5, 31, 41, 3, 3);
  const { output, report } = await offload(pagedPlan(images, device), images, device);
  sameTensor(output, referencePipeline(PIPELINE, images));
  assert(report.resent > 0);
});

for (const room of ["many slots", "the RTL"] as const) {
  test(`with ${room} a device fails loudly when a page that it needs is not resident`, async () => {
    await using model = await DEVICES[room].open();
    const images = noise(1, 31, 41, 3, 4);
    const plan = pagedPlan(images, model);
    const forgetful: Device = {
      ...model,
      exchange: ({ pages: _, ...exchange }, options) => model.exchange(exchange, options),
    };
    await assert.rejects(
      offload(plan, images, forgetful),
      refusal("table", /page .*not resident/),
    );
    // One load that goes to another slot than the schedule says is found as well.
    await using other = room === "the RTL" ? await createRtlDevice() : createModelDevice(SMALL);
    const astray: Device = {
      ...other,
      exchange: ({ pages = [], ...exchange }, options) =>
        other.exchange({ ...exchange, pages: pages.map((page) => ({ ...page, slot: 0 })) }, options),
    };
    await assert.rejects(offload(pagedPlan(images, other), images, astray), refusal("table"));
  });

  test(`with ${room} a load of the wrong length is refused`, async () => {
    await using device = await DEVICES[room].open();
    const bench = await openBench(device, {
      pipeline: PIPELINE,
      input: noise(1, 31, 41, 3, 5),
      form: "row-pages",
    });
    const page = { page: 0, slot: 0, bytes: new Uint8Array(3), after: -1, before: 0 };
    const exchange = { input: bench.requests, count: 1, output: bench.answers, pages: [page] };
    await assert.rejects(device.exchange(exchange), refusal("table", /3 bytes/));
  });

  test(`with ${room} packets whose epoch is over are dropped and counted`, async () => {
    await using device = await DEVICES[room].open();
    const input = noise(1, 31, 41, 3, 6);
    // The bench writes epoch 0, which a run of the session leaves behind.
    const bench = await openBench(device, { pipeline: PIPELINE, input, form: "row-pages" });
    const session = await Session.open(bench.plan, device);
    await session.run(input);
    const before = device.counters();
    assert.deepEqual(await bench.exchange(), []);
    assert.deepEqual(dropsSince(device, before), { epoch: bench.packets });
    assert.equal(device.counters().swaps, before.swaps);
  });
}
