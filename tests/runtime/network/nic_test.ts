import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { encodePlan } from "../../../kernels/plan/file.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { connectControl } from "../../../runtime/network/connect.ts";
import { openDatagram } from "../../../runtime/network/datagram.ts";
import { type Nic, openNic } from "../../../runtime/network/nic.ts";
import { openReceiver } from "../../../runtime/network/receiver.ts";
import { openPortableDatagram } from "../../../runtime/network/socket/portable.ts";
import { batchOf, eachDatagram } from "../../../runtime/network/socket/batch.ts";
import { openRelay } from "../../../runtime/network/relay.ts";
import { openSender } from "../../../runtime/network/sender.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { FLAG, newHeader } from "../../../serialize/header.ts";
import { packetBytes, reserveSlots, writePacket } from "../../../serialize/packets.ts";
import { random } from "../../support/random.ts";
import { test } from "../helpers.ts";
import { CACHE_SAMPLES, tokenSample } from "../workload_samples.ts";
import { tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { CELLS, openParties } from "./parties.ts";

const listen = { host: "127.0.0.1", port: 0 };
const plan = CELLS.compile(MODEL_PROFILE);
const TOKEN = "0".repeat(32);

function packet(fields: Partial<ReturnType<typeof newHeader>>): Uint8Array<ArrayBuffer> {
  const slots = reserveSlots(createEngine(2 ** 14), 1, 64);
  const flags = FLAG.first | FLAG.last | FLAG.checked;
  writePacket(slots, 0, { ...newHeader(), flags, length: 8, ...fields }, new Uint8Array(8));
  return packetBytes(slots, 0).slice();
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > 2000) assert.fail(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Registers flow 1 of the plan, with a destination that counts what it gets. */
async function registered(nic: Nic) {
  let answers = 0;
  const socket = await openDatagram({ listen, onDatagrams: ({ count }) => void (answers += count) });
  const control = await connectControl(nic.control, "test", {});
  await control.call("destination", { token: TOKEN, port: socket.local.port });
  await control.call("announce", { plan: encodePlan(plan) });
  await control.call("flows", { flows: [1], plan: plan.id, token: TOKEN, port: socket.local.port });
  return {
    socket,
    control,
    answers: () => answers,
    close: async () => {
      control.close();
      await socket.close();
    },
  };
}

test("openNic() drops by name what it does not hold, and passes foreign datagrams untouched", async () => {
  const passed: number[][] = [];
  const behind = await openDatagram({
    listen,
    onDatagrams: eachDatagram((bytes) => passed.push([...bytes])),
  });
  await using nic = await openNic({ passTo: behind.local });
  const peer = await registered(nic);
  const foreign = Uint8Array.of(1, 2, 3);
  await peer.socket.send(batchOf([foreign]), nic.data);
  await peer.socket.send(batchOf([packet({ plan: plan.id + 1, flow: 1 })]), nic.data);
  await peer.socket.send(batchOf([packet({ plan: plan.id, flow: 2 })]), nic.data);
  await peer.socket.send(batchOf([packet({ plan: plan.id, flow: 1 })]), nic.data);
  await until(() => nic.counts().received === 4 && (nic.counts().dropped["items"] ?? 0) === 1, "the drop");
  const { foreign: found, dropped } = nic.counts();
  assert.deepEqual([found, dropped], [1, { program: 1, flow: 1, items: 1 }]);
  await until(() => passed.length > 0, "the pass");
  assert.deepEqual(passed, [[...foreign]]);
  assert.equal(peer.answers(), 0);
  await peer.close();
  await behind.close();
});

for (const open of [openPortableDatagram, openDatagram]) {
  test(`openNic() passes many foreign datagrams untouched (${open.name})`, async () => {
    const passed: string[] = [];
    const onDatagrams = eachDatagram((bytes) => passed.push(bytes.join()));
    const behind = await openDatagram({ listen, onDatagrams });
    await using nic = await openNic({ passTo: behind.local, open });
    const before = await openDatagram({ listen, onDatagrams: () => {} });
    const datagrams = Array.from({ length: 48 }, (_, n) => new Uint8Array(1 + n % 7).fill(n));
    await before.send(batchOf(datagrams), nic.data);
    await until(() => passed.length === datagrams.length, "the pass");
    assert.deepEqual(passed.sort(), datagrams.map((bytes) => bytes.join()).sort());
    assert.equal(nic.counts().passed, datagrams.length);
    await Promise.all([before.close(), behind.close()]);
  });
}

test("openNic() counts each of many hostile datagrams, and answers none", async () => {
  await using nic = await openNic();
  const peer = await registered(nic);
  const next = random(5);
  const good = packet({ plan: plan.id, flow: 1 });
  const count = 400;
  for (let n = 0; n < count; n++) {
    const bytes = good.slice(0, n % 5 === 0 ? next() % good.length : good.length);
    for (let change = next() % 4; change >= 0; change--) {
      if (bytes.length > 0) bytes[next() % bytes.length]! ^= 1 << (next() % 8);
    }
    await peer.socket.send(batchOf([bytes]), nic.data);
    if (n % 32 === 31) await until(() => nic.counts().received === n + 1, "the arrival");
  }
  const counted = () => {
    const { foreign, dropped } = nic.counts();
    return foreign + Object.values(dropped).reduce((sum, each) => sum + each, 0);
  };
  await until(() => counted() >= count, "the count");
  assert.deepEqual([counted(), peer.answers()], [count, 0]);
  await peer.close();
});

test("openNic() drops packets of a registered flow that come from another host", async () => {
  await using nic = await openNic({ listen: { host: "127.0.0.1", port: 0 } });
  const peer = await registered(nic);
  const other = await openDatagram({ listen: { host: "127.0.0.2", port: 0 }, onDatagrams: () => {} });
  await other.send(batchOf([packet({ plan: plan.id, flow: 1 })]), nic.data);
  await until(() => nic.counts().dropped["peer"] === 1, "the drop");
  await other.close();
  await peer.close();
});

test("openNic() refuses plans, flows and destinations by name", async () => {
  await using nic = await openNic({ limits: { programs: 1, flows: 2 } });
  const peer = await registered(nic);
  const { control } = peer;
  const flows = (numbers: number[], id = plan.id, token = TOKEN) =>
    control.call("flows", { flows: numbers, plan: id, token, port: 9 });
  await assert.rejects(flows([1]), { code: "size", message: /flow 1: the number is in use/ });
  await assert.rejects(flows([2, 3]), { code: "size", message: /the maximum is 2/ });
  await assert.rejects(flows([2], 5), { code: "plan", message: /was not announced/ });
  await assert.rejects(flows([2], plan.id, "1".repeat(32)), { code: "gap", message: /not connected/ });
  await assert.rejects(control.call("destination", { token: TOKEN, port: 9 }), { code: "size" });
  const cache = encodePlan(CACHE_SAMPLES[0]!.compile(MODEL_PROFILE));
  await assert.rejects(control.call("announce", { plan: cache }), { code: "device", message: /1 programs/ });
  await assert.rejects(control.call("announce", { plan: Uint8Array.of(1) }), { code: "plan" });
  await control.call("close", { flows: [1] });
  assert.equal(nic.counts().flows, 0);
  await peer.close();
  await until(() => nic.counts().programs === 0, "the end of the program");
});

test("openSender() and openReceiver() refuse plans whose packets cannot cross a network", async () => {
  await using nic = await openNic();
  const image = { dtype: "u8", shape: [40, 60, 3], layout: "HWC" } as const;
  const steps = [{ op: "resize", size: [90, 80] }] as const;
  const link = compile({ steps }, { input: image, device: MODEL_PROFILE, checksum: "link" });
  const opening = openReceiver({ nic: nic.control, plans: [{ plan: link }], onOutput: () => {} });
  await assert.rejects(opening, {
    code: "pipeline",
    message: /carry no CRC, and a network changes bytes unnoticed/,
  });
  const text = tokenSample(await tiny());
  await using parties = await openParties({ plans: [], nic: { resourcesOf: () => undefined } });
  const missing = parties.sender.open(text.compile(MODEL_PROFILE), text.resources as never);
  await assert.rejects(missing, { code: "plan", message: /its vocabulary tiny is missing/ });
});

test("SentPlan.send() names a plan that the receiver lacks, a receiver that is gone, and a silent NIC", async () => {
  const input = CELLS.inputs[0];
  {
    await using parties = await openParties({ plans: [] });
    await assert.rejects(parties.send(plan, undefined, input, ""), {
      code: "plan",
      message: /does not have the plan/,
    });
  }
  {
    await using parties = await openParties({ plans: [{ plan }], faults: { loss: 1 } });
    const sent = await parties.sender.open(plan as never);
    await assert.rejects(sent.send(input as never, { timeoutMs: 50 }), { code: "timeout" });
    const controller = new AbortController();
    const aborted = assert.rejects(sent.send(input as never, { signal: controller.signal }), /enough/);
    controller.abort(new Error("enough"));
    await aborted;
    const gone = assert.rejects(sent.send(input as never), {
      code: "device",
      message: /control channel|receiver has ended/,
    });
    await until(() => parties.receiver.counts().inputs > 0, "the input");
    await parties.receiver.close();
    await gone;
  }
});

test("SentPlan.send() names a device that has failed", async () => {
  const openDevice = () => {
    const device = createModelDevice();
    return Promise.resolve({ ...device, exchange: () => Promise.reject(new Error("burnt")) });
  };
  await using parties = await openParties({ plans: [{ plan }], nic: { openDevice } });
  await assert.rejects(parties.send(plan, undefined, CELLS.inputs[0], ""), {
    code: "device",
    message: /burnt/,
  });
});

test("SentPlan.send() fails with the error of the receiver's program", async () => {
  const { OnpathError } = await import("../../../serialize/errors.ts");
  await using parties = await openParties({
    plans: [{ plan }],
    onOutput: () => {
      throw new OnpathError("file", "Cannot write a result: the disk is full");
    },
  });
  await assert.rejects(parties.send(plan, undefined, CELLS.inputs[0], ""), { message: /the disk is full/ });
  const empty = openSender({ nic: parties.nic().control, receiver: parties.nic().control });
  const wrong = await empty;
  const sent = await wrong.open(plan as never);
  await assert.rejects(sent.send(CELLS.inputs[0] as never), { code: "packet", message: /no such function/ });
  await wrong.close();
});

test("openRelay() gives the n-th datagram the same fate for the same seed", async () => {
  const run = async (seed: number) => {
    const arrived: number[] = [];
    const socket = await openDatagram({
      listen,
      onDatagrams: eachDatagram((bytes) => arrived.push(bytes[0]! + 1000 * bytes[1]!)),
    });
    const faults = { loss: 0.2, duplication: 0.2, corruption: 0.2, reordering: 0.2 };
    const relay = await openRelay({ to: socket.local, seed, ...faults });
    for (let n = 0; n < 60; n++) {
      await socket.send(batchOf([Uint8Array.of(n, 0)]), relay.local);
      await until(() => relay.counts.received === n + 1, "the arrival");
    }
    await until(() => arrived.length === relay.counts.sent && relay.counts.sent > 0, "the end");
    const { received, lost, duplicated, corrupted, reordered } = relay.counts;
    await relay.close();
    await socket.close();
    return [received, lost, duplicated, corrupted, reordered];
  };
  const first = await run(3);
  assert.deepEqual(await run(3), first);
  assert.notDeepEqual(await run(4), first);
  await assert.rejects(openRelay({ to: listen, seed: 1, loss: 2 }), { code: "size", message: /loss 2/ });
});

test("openReceiver() repeats the last report of a complete flow", async () => {
  const received: Uint8Array[] = [];
  await using nic = await openNic();
  await using receiver = await openReceiver({
    nic: nic.control,
    plans: [{ plan }],
    onOutput: () => {},
    open: (options, wait) =>
      openDatagram({
        ...options,
        onDatagrams: (batch) => {
          eachDatagram((bytes) => received.push(bytes.slice()))(batch);
          options.onDatagrams(batch);
        },
      }, wait),
  });
  await using sender = await openSender({ nic: nic.control, receiver: receiver.control });
  const open = await sender.open(plan);
  await open.send(CELLS.inputs[0] as never);
  const stranger = await openDatagram({ listen, onDatagrams: () => assert.fail("a stranger got a report") });
  const { outcomes: { duplicate = 0 }, sent } = receiver.counts();
  await stranger.send(batchOf([received[0]!]), receiver.data);
  await until(() => receiver.counts().outcomes["duplicate"] === duplicate + 1, "the repetition");
  await until(() => receiver.counts().sent === sent + 1, "the report");
  await until(() => sender.counts().received === sent + 1, "the report's arrival");
  assert.equal(receiver.counts().inputs, 0);
  await stranger.close();
});
