import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { referencePipeline } from "../../../kernels/image/reference.ts";
import type { PageLoad } from "../../../kernels/program.ts";
import type { Device, DeviceCounters } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { createXdpDevice } from "../../../runtime/xdp/device.ts";
import { MAX_PAGES } from "../../../runtime/xdp/pages.ts";
import { XDP_PROFILE } from "../../../runtime/xdp/profile.ts";
import { type Lab, openLab } from "../../../scripts/xdp/lab.ts";
import { HEADER_BYTES, newHeader, OFFSET } from "../../../serialize/header.ts";
import { packetBytes, readPacket } from "../../../serialize/packets.ts";
import { refusal } from "../../support/failure.ts";
import { noise } from "../../support/images.ts";
import { programOf } from "../../support/program.ts";
import { type Bench, dropsSince, openBench } from "../device_bench.ts";
import { sameTensor } from "../helpers.ts";
import { pagedSample } from "../network/paged_samples.ts";
import { openParties, sendSample } from "../network/parties.ts";
import { XDP_LACKS, xdpTest } from "./tools.ts";

const PIPELINE = { steps: [{ op: "resize", size: [23, 19] }] } as const;
const IMAGES = noise(3, 31, 41, 3, 2);

let lab: Lab;
if (XDP_LACKS === null) {
  Deno.test.beforeAll(() => void (lab = openLab()));
  Deno.test.afterAll(() => lab[Symbol.dispose]());
}

const planFor = (device: Device) =>
  compile(PIPELINE, { input: IMAGES, device, form: "row-pages", layout: "cells" }) as ImagePlan;

/** Requests of 23 rows, whose pages are their epochs and more: each needs the page that its cells name. */
const benchOf = (device: Device) =>
  openBench(device, { pipeline: PIPELINE, input: noise(1, 31, 41, 3, 6), form: "row-pages" });

/** Page that a request needs. */
function pageOf({ engine, plan, ...bench }: Bench, slot: number): number {
  return engine.view.getUint16(bench.at(slot) + HEADER_BYTES + 4 * plan.body.layout.channels + 2, true);
}

function setEpoch(bench: Bench, slot: number, epoch: number): void {
  bench.engine.view.setUint32(bench.at(slot) + OFFSET.epoch, epoch, true);
  bench.seal(slot);
}

const imageOf = ({ plan }: Bench) => programOf(plan).image();

/** Loads that bring the page of each request in its epoch, which is its slot, into a few slots in turn. */
function loadsOf(bench: Bench, slots: number): PageLoad[] {
  const { make } = imageOf(bench).pages!;
  return Array.from({ length: bench.packets }, (_, epoch) => {
    const page = pageOf(bench, epoch);
    return {
      page,
      slot: epoch % slots,
      bytes: make(page),
      after: Math.max(-1, epoch - slots),
      before: epoch,
    };
  });
}

/** Asserts that each answer has the samples of its own row. */
function checkRows({ answers, expected }: Bench, count: number): void {
  const header = newHeader();
  for (let slot = 0; slot < count; slot++) {
    assert.equal(readPacket(answers, slot, header), null);
    const { sequence, length } = header;
    const payload = packetBytes(answers, slot).subarray(HEADER_BYTES);
    assert.deepEqual(
      payload,
      expected.subarray(sequence * length, (sequence + 1) * length),
      `row ${sequence}`,
    );
  }
}

xdpTest("pages on XDP: each is loaded once for a batch, the next run loads what has left", async () => {
  await using device = await createXdpDevice(lab);
  const plan = planFor(device);
  const { count, bytes, slots } = plan.body.pages!;
  assert(slots === MAX_PAGES && slots < count, `${slots} slots`);
  await using model = createModelDevice(XDP_PROFILE);
  const sessions = [await Session.open(plan, device), await Session.open(plan, model)];
  for (let run = 0; run < 3; run++) {
    const [found, expected] = [await sessions[0]!.run(IMAGES), await sessions[1]!.run(IMAGES)];
    sameTensor(found.output, expected.output);
    assert.equal(found.report.resent, 0);
    const counts = ({ packets, dropped, lookups, swaps, tableBytes }: DeviceCounters) => ({
      packets,
      dropped,
      lookups,
      swaps,
      tableBytes,
    });
    assert.deepEqual(counts(device.counters()), counts(model.counters()));
    assert.equal(device.counters().swaps, count + run * (count - slots));
    assert(bytes * count < device.counters().tableBytes);
  }
});

xdpTest(
  "pages on XDP: a request of an epoch that is over is dropped as epoch, in any later exchange",
  async () => {
    await using device = await createXdpDevice(lab);
    const bench = await benchOf(device);
    const session = await Session.open(bench.plan, device);
    await session.run(bench.input);
    const before = device.counters();
    // The bench writes epoch 0.
    assert.deepEqual(await bench.exchange(), []);
    assert.deepEqual(dropsSince(device, before), { epoch: bench.packets });
    assert.equal(device.counters().swaps, before.swaps);
    sameTensor((await session.run(bench.input)).output, referencePipeline(PIPELINE, bench.input));
  },
);

xdpTest(
  "pages on XDP: late, early and doubled requests of one exchange get the answer of their own page",
  async () => {
    await using device = await createXdpDevice(lab);
    const bench = await benchOf(device);
    const { packets, requests, answers: output, engine } = bench;
    for (let slot = 0; slot < packets; slot++) setEpoch(bench, slot, slot);
    const pages = loadsOf(bench, 2);
    // Slot 5 has the request of epoch 1, whose page has left by then; slot 9 that of epoch 8 again.
    const copy = (from: number, to: number) =>
      engine.bytes.copyWithin(bench.at(to), bench.at(from), bench.at(from) + requests.slotBytes);
    copy(1, 5);
    copy(8, 9);
    const before = device.counters();
    const answered = await device.exchange({ input: requests, count: packets, output, pages });
    assert.equal(answered, packets - 1);
    assert.deepEqual(dropsSince(device, before), { epoch: 1 });
    // Epochs 5 and 9 have no request of their own, and no later one waits for their pages.
    assert.deepEqual(device.counters().swaps - before.swaps, packets);
    checkRows(bench, answered);
    // An early one: its page never comes, and no other table serves it.
    bench.write();
    for (let slot = 0; slot < packets; slot++) setEpoch(bench, slot, 100 + slot);
    await assert.rejects(
      device.exchange({ input: requests, count: packets, output }),
      refusal("table", new RegExp(`${packets - 2} of ${packets} packets: their page is not resident`)),
    );
    assert.equal(device.counters().dropped["epoch"], 1);
  },
);

xdpTest(
  "pages on XDP: a device without the loads of a schedule, or with loads astray, fails by name",
  async () => {
    await using device = await createXdpDevice(lab);
    const forgetful: Device = {
      ...device,
      exchange: ({ pages: _, ...exchange }, options) => device.exchange(exchange, options),
    };
    const astray: Device = {
      ...device,
      exchange: ({ pages = [], ...exchange }, options) =>
        device.exchange({ ...exchange, pages: pages.map((page) => ({ ...page, slot: 0 })) }, options),
    };
    for (const wrong of [forgetful, astray]) {
      const session = await Session.open(planFor(device), wrong);
      await assert.rejects(session.run(IMAGES), refusal("table", /page is not resident/));
    }
    const session = await Session.open(planFor(device), device);
    sameTensor((await session.run(IMAGES)).output, referencePipeline(PIPELINE, IMAGES));
  },
);

xdpTest(
  "pages on XDP: loads of another length or slot are refused, and loads for a plan without pages",
  async () => {
    await using device = await createXdpDevice(lab);
    const bench = await benchOf(device);
    const { make } = imageOf(bench).pages!;
    const load = { page: 0, slot: 0, bytes: make(0), after: -1, before: 0 };
    const exchange = (change: Partial<typeof load>) =>
      device.exchange({
        input: bench.requests,
        count: 1,
        output: bench.answers,
        pages: [{ ...load, ...change }],
      });
    await assert.rejects(exchange({ bytes: new Uint8Array(3) as never }), refusal("table", /3 bytes/));
    await assert.rejects(exchange({ slot: MAX_PAGES }), refusal("table", /slot 16: XDP has slots 0 to 15/));
    await assert.rejects(exchange({ before: -1 }), refusal("table", /epochs go from 0/));
    await exchange({ slot: MAX_PAGES - 1, page: pageOf(bench, 0), bytes: make(pageOf(bench, 0)) });
    const plain = await openBench(device, { pipeline: PIPELINE, input: bench.input, form: "nibble" });
    await assert.rejects(
      device.exchange({ input: plain.requests, count: 1, output: plain.answers, pages: [load] }),
      refusal("device", /has no pages/),
    );
  },
);

xdpTest("pages on XDP: loading the program again restarts epochs, and leaves no page", async () => {
  await using device = await createXdpDevice(lab);
  const bench = await benchOf(device);
  const { packets, requests: input, answers: output } = bench;
  for (let slot = 0; slot < packets; slot++) setEpoch(bench, slot, slot);
  for (let n = 0; n < 2; n++) {
    const pages = loadsOf(bench, 4);
    assert.equal(await device.exchange({ input, count: packets, output, pages }), packets);
    checkRows(bench, packets);
    await device.load(device.loaded()!);
    const missing = new RegExp(`${packets} of ${packets} packets: their page is not resident`);
    await assert.rejects(device.exchange({ input, count: packets, output }), refusal("table", missing));
  }
  assert.deepEqual(device.counters().dropped, {});
});

xdpTest("pages on XDP: two sessions of one plan take turns, and each finds its own pages", async () => {
  await using device = await createXdpDevice(lab);
  const plan = planFor(device);
  const [a, b] = [await Session.open(plan, device), await Session.open(plan, device)];
  for (let n = 0; n < 2; n++) {
    for (const session of [a, b]) {
      sameTensor((await session.run(IMAGES)).output, referencePipeline(PIPELINE, IMAGES));
    }
  }
  assert.deepEqual(device.counters().dropped, {});
});

xdpTest(
  "pages on XDP: a soft NIC with an XDP device has late and repeated requests in epochs of their own",
  async () => {
    const sample = pagedSample("XDP", "cells", XDP_PROFILE);
    const plan = sample.compile(XDP_PROFILE);
    await using parties = await openParties({
      plans: [{ plan }],
      faults: { loss: 0.06, duplication: 0.06, reordering: 0.3, corruption: 0.02 },
      seed: 5,
      nic: { openDevice: () => createXdpDevice(lab) },
    });
    await sendSample(parties, sample, plan);
    assert.deepEqual(parties.nic().devices().get(plan.id)!.dropped, {});
  },
);
