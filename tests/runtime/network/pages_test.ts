import assert from "node:assert/strict";
import fc from "fast-check";
import { createEpochCounter } from "../../../kernels/epochs.ts";
import { imageHalves } from "../../../kernels/image/halves.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { encodePlan } from "../../../kernels/plan/file.ts";
import type { PageLoad } from "../../../kernels/program.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import { connectControl } from "../../../runtime/network/connect.ts";
import { openDatagram } from "../../../runtime/network/datagram.ts";
import { openNic } from "../../../runtime/network/nic.ts";
import { PageTurns } from "../../../runtime/network/page_turns.ts";
import { openSender } from "../../../runtime/network/sender.ts";
import { batchOf } from "../../../runtime/network/socket/batch.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { HEADER_BYTES, newHeader, OFFSET } from "../../../serialize/header.ts";
import {
  packetBytes,
  readPacket,
  reserveSlots,
  slotAddress,
  writePacket,
} from "../../../serialize/packets.ts";
import type { Tensor } from "../../../serialize/tensor.ts";
import { longTest, sized } from "../../support/long.ts";
import { test } from "../helpers.ts";
import { PAGED_SAMPLES, pagedSample } from "./paged_samples.ts";
import { openParties, sendSample } from "./parties.ts";

const PLANS = PAGED_SAMPLES.map((sample) => ({ sample, plan: sample.compile(MODEL_PROFILE) as ImagePlan }));
const FAULTS = { loss: 0.06, duplication: 0.06, reordering: 0.3, corruption: 0.02 };

test("openNic() loads each page once an image and flow, as the plan's schedule says", async () => {
  await using parties = await openParties({ plans: PLANS });
  for (const { sample, plan } of PLANS) {
    await sendSample(parties, { ...sample, inputs: [sample.inputs[0]] }, plan);
    const { swaps, dropped } = parties.nic().devices().get(plan.id)!;
    assert.deepEqual(dropped, {});
    // A page may span two exchanges; it is resident then.
    assert.equal(swaps, plan.body.pages!.count);
  }
});

test("a late request is computed with its own page, for several flows and senders of one program", async () => {
  await using parties = await openParties({ plans: PLANS, faults: FAULTS, seed: 11 });
  await using other = await openSender({
    nic: parties.nic().control,
    receiver: parties.receiver.control,
    data: parties.relays[0]!.local,
  });
  for (const { sample, plan } of PLANS) {
    const second = await other.open(plan);
    await Promise.all([
      sendSample(parties, sample, plan),
      ...sample.inputs.map((input, n) =>
        second.send(input as Tensor, { label: `${sample.name} other ${n}` })
      ),
    ]);
    for (const [n, input] of sample.inputs.entries()) {
      const found = parties.outputs.get(`${sample.name} other ${n}`)!;
      assert.equal(found.length, 1);
      sample.check(input, found[0]);
    }
    assert.equal(parties.nic().devices().get(plan.id)!.dropped["epoch"] ?? 0, 0);
  }
});

longTest("images with pages cross loss, reordering, duplication and corruption with many seeds", async () => {
  for (let seed = 0; seed < 6; seed++) {
    await using parties = await openParties({ plans: PLANS, faults: FAULTS, seed: 1000 * seed });
    for (const { sample, plan } of PLANS) await sendSample(parties, sample, plan);
  }
});

longTest("images with pages cross a network to the RTL", async () => {
  await using rtl = await createRtlDevice();
  const sample = pagedSample("RTL", "cells", rtl.profile);
  const plan = sample.compile(rtl.profile);
  await using parties = await openParties({
    plans: [{ plan }],
    faults: FAULTS,
    nic: { openDevice: () => createRtlDevice() },
  });
  await sendSample(parties, sample, plan);
});

test("openNic() drops requests that need another page than that of their epoch", async () => {
  const { plan, sample } = PLANS[0]!;
  await using nic = await openNic();
  const listen = { host: "127.0.0.1", port: 0 };
  let answers = 0;
  const socket = await openDatagram({ listen, onDatagrams: ({ count }) => void (answers += count) });
  const control = await connectControl(nic.control, "test", {});
  const token = "0".repeat(32);
  await control.call("destination", { token, port: socket.local.port });
  await control.call("announce", { plan: encodePlan(plan) });
  const { flows, slots } = begin(plan, sample.inputs[0] as Tensor);
  const { port } = socket.local;
  await control.call("flows", { flows: [flows[0]!.flow], plan: plan.id, token, port });
  assert.equal(flows[0]!.outgoing.write(slots, 0, slots.slots) > 0, true);
  const good = packetBytes(slots, 0).slice();
  const changed = (change: (view: DataView) => void) => {
    slots.engine.bytes.set(good, slotAddress(slots, 0));
    const at = slotAddress(slots, 0);
    const view = new DataView(slots.engine.bytes.buffer, at);
    change(view);
    view.setUint32(OFFSET.crc, 0, true);
    slots.engine.functions.seal(at, good.length);
    return packetBytes(slots, 0).slice();
  };
  const spoiled = good.slice();
  spoiled[HEADER_BYTES]! ^= 1;
  const { epoch } = headerOf(slots, 0);
  const row = HEADER_BYTES + 14;
  await socket.send(
    batchOf([
      changed((view) => view.setUint32(OFFSET.epoch, epoch + 1, true)),
      changed((view) => view.setUint16(row, view.getUint16(row, true) + 1, true)),
      changed((view) => view.setUint32(OFFSET.position, 5, true)),
      spoiled,
      good,
    ]),
    nic.data,
  );
  for (let n = 0; answers === 0 && n < 1000; n++) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(answers, 1);
  assert.deepEqual(nic.counts().dropped, { epoch: 1, weight: 1, items: 1, crc: 1 });
  control.close();
  await socket.close();
});

function begin(plan: ImagePlan, input: Tensor) {
  const half = imageHalves(plan, () => input).send(32);
  return { slots: half.slots, flows: half.begin(input).flows };
}

function headerOf(slots: Parameters<typeof readPacket>[0], slot: number) {
  const header = newHeader();
  assert.equal(readPacket(slots, slot, header), null);
  return header;
}

test("PageTurns gives each request an epoch in which its page is resident, in any order of arrival", async () => {
  const [pageCount, slotCount, capacity] = [9, 3, 16];
  const order = Array.from({ length: pageCount }, (_, n) => (n * 4) % pageCount);
  const batch = fc.array(fc.nat({ max: pageCount - 1 }), { minLength: 1, maxLength: capacity });
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 12 }), async (batches) => {
      const engine = () => createEngine(2 ** 16);
      const input = reserveSlots(engine(), capacity, 64);
      let reloads = 0, running = -1;
      let held: number[] = new Array(slotCount).fill(-1);
      const turns = new PageTurns(
        { slots: slotCount, order, refusal: () => null, make: (page) => Uint8Array.of(page) },
        reserveSlots(engine(), capacity, 64),
        createEpochCounter(40),
        () => {
          reloads++;
          [held, running] = [new Array(slotCount).fill(-1), -1];
          return Promise.resolve();
        },
      );
      let epochs = 0;
      for (const requests of batches) {
        for (const [slot, epoch] of requests.entries()) {
          const header = { ...newHeader(), flow: slot, epoch, length: 4, flags: 19 };
          writePacket(input, slot, header, new Uint8Array(4));
        }
        const before = reloads;
        const { input: arranged, pages } = await turns.arrange(input, requests.length);
        if (reloads > before) epochs = 0;
        const distinct = new Set(requests).size;
        assert(pages.length <= distinct);
        epochs += distinct;
        assert(epochs <= 40);
        const waiting: PageLoad[] = [...pages];
        const seen = new Set<number>();
        for (let slot = 0; slot < requests.length; slot++) {
          const { epoch, flow } = headerOf(arranged, slot);
          assert(epoch >= running);
          // Loads whose slot is free and whose page is needed by now are done.
          for (; waiting[0] !== undefined && waiting[0].before <= epoch; waiting.shift()) {
            assert(waiting[0].after < epoch);
            assert.deepEqual([...waiting[0].bytes], [waiting[0].page]);
            held[waiting[0].slot] = waiting[0].page;
          }
          running = epoch;
          assert(held.includes(order[requests[flow]!]!));
          seen.add(flow);
        }
        assert.deepEqual([waiting.length, seen.size], [0, requests.length]);
      }
    }),
    { numRuns: sized(1000, 60) },
  );
});
