import assert from "node:assert/strict";
import { referencePipeline } from "../../kernels/image/reference.ts";
import {
  checkLoadEpochs,
  createEpochCounter,
  createEpochEnds,
  lastEpoch,
  MAX_EPOCH,
} from "../../kernels/epochs.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createPageBank } from "../../kernels/image/model/page_bank.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import type { Device } from "../../runtime/device/device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { parseProfile } from "../../kernels/target/profiles.ts";
import { RTL_PROFILE } from "../../runtime/device/rtl/profile.ts";
import { createEngine } from "../../serialize/engine.ts";
import { newHeader, writeHeader } from "../../serialize/header.ts";
import { reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { refusal } from "../support/failure.ts";
import { noise } from "../support/images.ts";
import { sameTensor, test } from "./helpers.ts";

const PIPELINE = { steps: [{ op: "resize", size: [23, 19] }] } as const;

/** A card whose page memory holds a few pages. */
const SMALL: DeviceProfile = { ...MODEL_PROFILE, bram: 60, uram: 0, usable: 1, instances: 1 };

/** Devices that count 100 epochs; a run takes 23. */
const DEVICES: Readonly<Record<string, (profile: Partial<DeviceProfile>) => Promise<Device> | Device>> = {
  "the model": (profile) => createModelDevice({ ...MODEL_PROFILE, ...profile }),
  "the model with few slots": (profile) => createModelDevice({ ...SMALL, ...profile }),
  "the RTL": (profile) => createRtlDevice({ profile: { ...RTL_PROFILE, ...profile } }),
};

/** Records loads of plans and the greatest epoch that reaches a device. */
function watched(device: Device) {
  const seen = { loads: 0, last: 0 };
  const watching: Device = {
    ...device,
    load: (plan, options) => {
      seen.loads++;
      return device.load(plan, options);
    },
    exchange: (exchange, options) => {
      seen.last = Math.max(seen.last, lastEpoch(exchange));
      return device.exchange(exchange, options);
    },
  };
  return { device: watching, seen };
}

for (const [name, open] of Object.entries(DEVICES)) {
  test(`a session on ${name} loads its plan again before the epochs end, and every result is right`, async () => {
    await using opened = await open({ epochs: 100 });
    const { device, seen } = watched(opened);
    const images = noise(4, 31, 41, 3, 2);
    const expected = referencePipeline(PIPELINE, images);
    const plan = compile(PIPELINE, { input: images, device, form: "row-pages", layout: "cells" });
    const session = await Session.open(plan, device);
    for (let run = 0; run < 20; run++) {
      const { output, report } = await session.run(images);
      sameTensor(output, expected, `run ${run}`);
      assert.equal(report.resent, 0);
      assert.deepEqual(report.counters.dropped, {});
    }
    const perRun = plan.body.pages!.count;
    assert.equal(seen.loads, Math.ceil(20 / Math.floor(100 / perRun)));
    assert(seen.last < 100, `epoch ${seen.last}`);
  });
}

test("a run that takes more epochs than its device counts is refused, as many as it counts are taken", async () => {
  const images = noise(4, 31, 41, 3, 1);
  const planFor = (device: Device) =>
    compile(PIPELINE, { input: images, device, form: "row-pages", layout: "cells" });
  await using device = createModelDevice();
  const { count } = planFor(device).body.pages!;
  await using exact = createModelDevice({ ...MODEL_PROFILE, epochs: count });
  sameTensor((await offload(planFor(exact), images, exact)).output, referencePipeline(PIPELINE, images));
  await using less = createModelDevice({ ...MODEL_PROFILE, epochs: count - 1 });
  await assert.rejects(offload(planFor(less), images, less), refusal("table", /epochs, device model/));
});

test("a reload that fails ends the run with its error, and the next run loads again", async () => {
  const failure = new Error("no card");
  const model = createModelDevice({ ...MODEL_PROFILE, epochs: 25 });
  let loads = 0;
  await using device: Device = {
    ...model,
    load: (plan, options) => loads++ === 1 ? Promise.reject(failure) : model.load(plan, options),
  };
  const images = noise(4, 31, 41, 3, 1);
  const plan = compile(PIPELINE, { input: images, device, form: "row-pages", layout: "cells" });
  const session = await Session.open(plan, device);
  await session.run(images);
  await assert.rejects(session.run(images), (error) => error === failure);
  sameTensor((await session.run(images)).output, referencePipeline(PIPELINE, images));
  assert.equal(loads, 3);
});

test("createEpochCounter() gives numbers up to the last epoch of a header and no more", () => {
  const epochs = createEpochCounter();
  assert.equal(epochs.reserve(MAX_EPOCH), 0);
  assert.equal(epochs.reserve(2), null);
  assert.equal(epochs.reserve(1), MAX_EPOCH);
  assert.equal(epochs.reserve(1), null);
  epochs.restart();
  assert.equal(epochs.reserve(5), 0);
});

test("checkLoadEpochs() refuses epochs on the other side of each limit", () => {
  const load = { page: 1, after: -1, before: 0 };
  checkLoadEpochs(load);
  checkLoadEpochs({ page: 1, after: MAX_EPOCH, before: MAX_EPOCH });
  const wrong = [{ before: -1 }, { before: MAX_EPOCH + 1 }, { after: -2 }, { after: MAX_EPOCH + 1 }, {
    before: 0.5,
  }];
  for (const each of wrong) {
    assert.throws(() => checkLoadEpochs({ ...load, ...each }), refusal("table", /epoch/));
  }
});

test("lastEpoch() passes over a number that is no epoch", () => {
  const slots = reserveSlots(createEngine(1024), 3, 64);
  [7, MAX_EPOCH, MAX_EPOCH + 1].forEach((epoch, slot) =>
    writeHeader(slots.engine.view, slotAddress(slots, slot), { ...newHeader(), epoch })
  );
  assert.equal(lastEpoch({ input: slots, count: 1, output: slots }), 7);
  assert.equal(lastEpoch({ input: slots, count: 3, output: slots }), MAX_EPOCH);
});

test("profiles take epochs from 1 to all that a header can carry", () => {
  const base = { name: "small", bram: 9, uram: 0, backing: SMALL.backing };
  for (const epochs of [1, MAX_EPOCH + 1]) assert.equal(parseProfile({ ...base, epochs }).epochs, epochs);
  for (const epochs of [0, MAX_EPOCH + 2]) {
    assert.throws(() => parseProfile({ ...base, epochs }), refusal("device", /epochs/));
  }
});

test("createEpochEnds() holds the latest ends alone", () => {
  const ends = createEpochEnds(2);
  for (let epoch = 0; epoch < 10_000; epoch++) ends.set(epoch, 10 * epoch);
  assert.equal(ends.get(9999), 99_990);
  assert.equal(ends.get(9976), 99_760);
  assert.equal(ends.get(9975), undefined);
  assert.equal(ends.size(), 24);
});

test("createPageBank() holds no more after 100,000 epochs than its slots allow", () => {
  const slots = { install: () => {}, clear: () => {}, wanted: () => 0 };
  const bank = createPageBank(MODEL_PROFILE, slots, { bytes: 64, slots: 4 });
  for (let epoch = 0; epoch < 100_000; epoch++) {
    assert(bank.begin(epoch));
    bank.work(3);
  }
  assert(bank.held() <= 32, `${bank.held()} are held`);
  assert(!bank.begin(99_998));
  assert(!bank.begin(MAX_EPOCH + 1));
});
