import assert from "node:assert/strict";
import { encodePlan } from "../../../kernels/plan/file.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { connectControl } from "../../../runtime/network/connect.ts";
import { openDatagram } from "../../../runtime/network/datagram.ts";
import { createPacer } from "../../../runtime/network/pacer.ts";
import { openReceiver } from "../../../runtime/network/receiver.ts";
import { encodeReport } from "../../../runtime/network/report_packet.ts";
import { RequestRing } from "../../../runtime/network/request_ring.ts";
import { SelectiveRepeat } from "../../../runtime/network/selective_repeat.ts";
import { SendLoop } from "../../../runtime/network/send_loop.ts";
import { openSender } from "../../../runtime/network/sender.ts";
import { batchOf, datagramAt } from "../../../runtime/network/socket/batch.ts";
import type { DatagramSocket } from "../../../runtime/network/socket/contract.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { FLAG, HEADER_BYTES, newHeader, OFFSET } from "../../../serialize/header.ts";
import { packetBytes, reserveSlots, writePacket } from "../../../serialize/packets.ts";
import { longTest } from "../../support/long.ts";
import { test } from "../helpers.ts";
import { CACHE_SAMPLES, IMAGE_SAMPLES, LOOKUP_SAMPLES, type WorkloadSample } from "../workload_samples.ts";
import { PAGED_SAMPLES } from "./paged_samples.ts";
import { CELLS, openParties, sendSample } from "./parties.ts";
import { textSamples } from "./text_samples.ts";

const listen = { host: "127.0.0.1", port: 0 };
const TEXTS = await textSamples();
const MIXED: readonly WorkloadSample[] = [
  CELLS,
  IMAGE_SAMPLES[2]!,
  CACHE_SAMPLES[2]!,
  LOOKUP_SAMPLES[0]!,
  PAGED_SAMPLES[1]!,
  ...TEXTS.filter(({ name }) => /tiny|normalize_text 0/.test(name)),
];
const PLANS = MIXED.map((sample) => {
  return { sample, plan: sample.compile(MODEL_PROFILE), resources: sample.resources };
});

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > 5000) assert.fail(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Flows of a loop whose packets arrive at once, with what each flow had sent when the total was reached. */
async function sendFlows(flowCount: number, window: number, total: number) {
  const sent = new Map<number, number>();
  const inFlight = new Set<string>();
  let most = 0, count = 0;
  const socket: Pick<DatagramSocket, "send"> = {
    send: (batch) => {
      for (let n = 0; n < batch.count; n++) {
        const packet = datagramAt(batch, n);
        const view = new DataView(packet.buffer, packet.byteOffset);
        const flow = view.getUint32(OFFSET.flow, true), sequence = view.getUint32(OFFSET.sequence, true);
        if (count++ < total) sent.set(flow, (sent.get(flow) ?? 0) + 1);
        inFlight.add(`${flow} ${sequence}`);
        most = Math.max(most, inFlight.size);
        setTimeout(() => {
          inFlight.delete(`${flow} ${sequence}`);
          loop.take(encodeReport({ kind: "arrived", flow, first: sequence + 1, bitmap: new Uint8Array() }));
        }, 0);
      }
      return Promise.resolve();
    },
  };
  const loop = new SendLoop(socket as DatagramSocket, listen, createPacer(undefined));
  loop.limit(window);
  const slots = reserveSlots(createEngine(2 ** 16), 8, 64);
  const requests = total;
  const ends = Array.from({ length: flowCount }, (_, flow) => {
    let sequence = 0;
    const write = () => {
      if (sequence === requests) return 0;
      writePacket(
        slots,
        0,
        { ...newHeader(), packets: requests, flow, sequence, length: 8, flags: 16 },
        new Uint8Array(8),
      );
      sequence++;
      return 1;
    };
    const repeat = new SelectiveRepeat(requests, new RequestRing(64, HEADER_BYTES + 64), loop.path);
    return loop.run({ sent: { flow, requests, outgoing: { write } }, slots, repeat });
  });
  await until(() => count >= total, "the sending");
  for (let flow = 0; flow < flowCount; flow++) loop.stop(flow);
  await Promise.all(ends);
  await until(() => inFlight.size === 0, "the last report");
  return { sent: [...sent.values()], most };
}

test("SendLoop shares its window among flows: Jain's index is above 0.99, and the window is kept", async () => {
  for (const [flows, window] of [[2, 64], [5, 16], [9, 4], [16, 40]] as const) {
    const { sent, most } = await sendFlows(flows, window, 1200);
    const sum = sent.reduce((all, each) => all + each, 0);
    const jain = sum ** 2 / (flows * sent.reduce((all, each) => all + each ** 2, 0));
    assert(jain > 0.99, `${jain} for ${flows} flows in ${window}: ${sent}`);
    assert(most <= window, `${most} in flight, ${window} allowed`);
  }
});

test("duplicates of every datagram give no second result", async () => {
  await using parties = await openParties({ plans: PLANS, faults: { duplication: 1 } });
  for (const { sample, plan } of PLANS.slice(0, 5)) await sendSample(parties, sample, plan);
  for (const relay of parties.relays) assert(relay.counts.duplicated > 0);
});

/** Sends all workloads at once from two senders to two receivers. */
async function sendMixed(restarts: boolean, seed: number): Promise<void> {
  const faults = { loss: 0.02, duplication: 0.03, reordering: 0.1, delayMs: restarts ? 4 : 0 };
  const passed: number[] = [];
  const behind = await openDatagram({ listen, onDatagrams: ({ count }) => void passed.push(count) });
  await using parties = await openParties({ plans: PLANS, faults, seed, nic: { passTo: behind.local } });
  const others = new Map<string, unknown[]>();
  await using receiver = await openReceiver({
    nic: parties.nic().control,
    plans: PLANS,
    onOutput: ({ label, output }) => void others.set(label, [...others.get(label) ?? [], output]),
  });
  await using sender = await openSender({
    nic: parties.nic().control,
    receiver: receiver.control,
    data: parties.relays[0]!.local,
  });
  const foreign = batchOf([Uint8Array.of(1, 2, 3)]);
  const outside = await openDatagram({ listen, onDatagrams: () => {} });
  const sending = PLANS.flatMap(({ sample, plan, resources }) => [
    sendSample(parties, sample, plan),
    ...sample.inputs.map(async (input, n) => {
      const open = await sender.open(plan as never, resources as never);
      return [await open.send(input as never, { label: `${sample.name} ${n}` })];
    }),
  ]);
  await outside.send(foreign, parties.nic().data);
  await until(() => passed.length === 1, "the pass");
  if (restarts) {
    await until(() => parties.nic().counts().requests > 60, "the requests");
    await parties.restart();
  }
  const reports = (await Promise.all(sending)).flat();
  for (const { sample } of PLANS) {
    for (const [n, input] of sample.inputs.entries()) {
      const found = others.get(`${sample.name} ${n}`) ?? [];
      assert.equal(found.length, 1, `${sample.name} ${n}`);
      sample.check(input, found[0]);
    }
  }
  if (restarts) assert(reports.some((each) => each.restarts + (each.fallbacks.restart ?? 0) > 0));
  await Promise.all([outside.close(), behind.close()]);
}

test("all workloads of two senders and two receivers share one NIC over a lossy path", () =>
  sendMixed(false, 21));

test("a NIC that is restarted in the middle loses nothing of any workload", () => sendMixed(true, 22));

longTest("all workloads of two senders and two receivers survive a restart with more seeds", async () => {
  for (let seed = 30; seed < 34; seed++) await sendMixed(true, seed);
});

test("a NIC that is full drops by name, counts, and loses nothing of other programs", async () => {
  const blocked = Promise.withResolvers<void>();
  const [first, second] = [PLANS[0]!, PLANS[2]!];
  const openDevice = ({ id }: { readonly id: number }) => {
    const device = createModelDevice();
    const exchange: typeof device.exchange = async (...exchange) => {
      if (id === first.plan.id) await blocked.promise;
      return await device.exchange(...exchange);
    };
    return Promise.resolve({ ...device, exchange });
  };
  await using parties = await openParties({ plans: PLANS, nic: { openDevice } });
  const nic = parties.nic();
  // Limits are those of a host, so the one that fills the queue is another one.
  const host = "127.0.0.2";
  const socket = await openDatagram({ listen: { host, port: 0 }, onDatagrams: () => {} });
  const control = await connectControl(nic.control, "test", {}, {}, {}, host);
  const token = "0".repeat(32), { port } = socket.local;
  await control.call("destination", { token, port });
  await control.call("announce", { plan: encodePlan(first.plan) });
  await control.call("flows", { flows: [7], plan: first.plan.id, token, port });
  const slots = reserveSlots(createEngine(2 ** 14), 1, 64);
  const flags = FLAG.first | FLAG.last | FLAG.checked;
  writePacket(
    slots,
    0,
    { ...newHeader(), plan: first.plan.id, flow: 7, length: 8, flags },
    new Uint8Array(8),
  );
  const request = packetBytes(slots, 0).slice();
  const refused = () => (nic.counts().dropped["full"] ?? 0) + (nic.counts().dropped["limit"] ?? 0);
  let sent = 0;
  try {
    while (refused() === 0 && sent < 10_000) {
      await socket.send(batchOf(new Array(50).fill(request)), nic.data);
      sent += 50;
      await until(() => nic.counts().received === sent, "the arrival");
    }
    assert(refused() > 0);
    assert.equal(nic.counts().requests + refused(), sent);
    // Other programs of the NIC go on.
    await sendSample(parties, second.sample, second.plan);
  } finally {
    blocked.resolve();
  }
  await sendSample(parties, first.sample, first.plan);
  control.close();
  await socket.close();
});

test("SentPlan.send() names a NIC that does not come back, and a receiver that was restarted", async () => {
  const [{ sample, plan }] = PLANS as [typeof PLANS[0]];
  const input = sample.inputs[0] as never;
  {
    await using parties = await openParties({ plans: PLANS, faults: { loss: 1 } });
    const open = await parties.sender.open(plan as never);
    const gone = assert.rejects(open.send(input, { timeoutMs: 400 }), {
      code: "device",
      message: /connection to the NIC has ended, and it did not come back/,
    });
    await until(() => parties.receiver.counts().inputs > 0, "the input");
    await parties.nic().close();
    await gone;
  }
  {
    await using parties = await openParties({ plans: PLANS, faults: { loss: 1 } });
    const { control, data } = parties.receiver;
    const open = await parties.sender.open(plan as never);
    const gone = assert.rejects(open.send(input), { code: "device", message: /receiver has ended/ });
    await until(() => parties.receiver.counts().inputs > 0, "the input");
    await parties.receiver.close();
    await using _restarted = await openReceiver({
      nic: parties.nic().control,
      plans: PLANS,
      control,
      listen: data,
      onOutput: () => {},
    });
    await gone;
    await assert.rejects(open.send(input), { code: "device", message: /control channel has ended/ });
  }
});

test("a NIC sends nothing to a sender but reports, which are shorter than the requests", async () => {
  const text = PLANS.find(({ sample }) => sample.name === "tokenize tiny (stateful)")!;
  assert(encodePlan(text.plan).length > 0);
  const lengths: number[] = [];
  await using parties = await openParties({
    plans: PLANS,
    faults: { loss: 0.1 },
    nic: {
      open: async (options, wait) => {
        const socket = await openDatagram(options, wait);
        const send: typeof socket.send = (batch, to) => {
          for (let n = 0; n < batch.count; n++) {
            if (to.port === parties.relays[2]!.local.port) lengths.push(batch.lengths[n]!);
          }
          return socket.send(batch, to);
        };
        const { local, kind, fallbackReason, burst, counts } = socket;
        return { local, kind, fallbackReason, burst, counts, send, close: () => socket.close() };
      },
    },
  });
  await sendSample(parties, text.sample, text.plan);
  assert.equal(lengths.length, parties.nic().counts().reports);
  assert(lengths.length > 0);
  assert(lengths.every((length) => length <= 28 && length < HEADER_BYTES));
});
