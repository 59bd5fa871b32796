import assert from "node:assert/strict";
import { encodePlan } from "../../../../kernels/plan/file.ts";
import { createModelDevice, MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import { connectControl } from "../../../../runtime/network/connect.ts";
import { openDatagram } from "../../../../runtime/network/datagram.ts";
import { type Nic, type NicOptions, openNic } from "../../../../runtime/network/nic.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { openSender } from "../../../../runtime/network/sender.ts";
import { Peer, Peers } from "../../../../runtime/network/security/peers.ts";
import { batchOf, datagramAt, eachDatagram } from "../../../../runtime/network/socket/batch.ts";
import type { OpenDatagram } from "../../../../runtime/network/socket/contract.ts";
import { createEngine } from "../../../../serialize/engine.ts";
import { FLAG, newHeader } from "../../../../serialize/header.ts";
import { packetBytes, reserveSlots, writePacket } from "../../../../serialize/packets.ts";
import { test } from "../../helpers.ts";
import { CACHE_SAMPLES } from "../../workload_samples.ts";
import { CELLS, openParties } from "../parties.ts";

const plan = CELLS.compile(MODEL_PROFILE);
const TOKEN = "0".repeat(32);

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > 2000) assert.fail(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function packet(flow: number): Uint8Array {
  const slots = reserveSlots(createEngine(2 ** 14), 1, 64);
  const flags = FLAG.first | FLAG.last | FLAG.checked;
  writePacket(slots, 0, { ...newHeader(), flags, length: 8, plan: plan.id, flow }, new Uint8Array(8));
  return packetBytes(slots, 0).slice();
}

/** Registers flow 1 from a host of loopback. */
async function register(nic: Nic, host: string) {
  const arrived: Uint8Array[] = [];
  const socket = await openDatagram({
    listen: { host, port: 0 },
    onDatagrams: eachDatagram((bytes) => arrived.push(bytes.slice())),
  });
  const control = await connectControl(nic.control, "test", {}, {}, {}, host);
  await control.call("destination", { token: TOKEN, port: socket.local.port });
  await control.call("announce", { plan: encodePlan(plan) });
  await control.call("flows", { flows: [1], plan: plan.id, token: TOKEN });
  /** Sends requests, no more at once than a socket buffers. */
  const flood = async (count: number) => {
    for (let sent = 0; sent < count; sent += 32) {
      const before = nic.counts().received;
      await socket.send(batchOf(Array(Math.min(32, count - sent)).fill(packet(1))), nic.data);
      await until(() => nic.counts().received >= before + Math.min(32, count - sent), "the arrival");
    }
  };
  const close = async () => {
    control.close();
    await socket.close();
  };
  return { socket, control, arrived, flood, close };
}

Deno.test("Peer.admit() takes a burst, then its rate, by the clock that it is given", () => {
  const peer = new Peer({ packetsPerSecond: 1000, burstPackets: 10 });
  const take = (count: number, now: number) =>
    Array.from({ length: count }, () => peer.admit(now)).filter(Boolean).length;
  assert.equal(take(50, 1000), 10);
  assert.equal(take(50, 1005), 5);
  assert.equal(take(50, 1005), 0);
  assert.equal(take(50, 9000), 10);
  // A clock that goes back gives nothing.
  assert.equal(take(50, 8000), 0);
  assert.equal(new Peer({ packetsPerSecond: 10_000 }).admit(0), true);
});

Deno.test("Peer.admit() refuses a host that has too many bytes queued", () => {
  const peer = new Peer({ queuedBytes: 1000 });
  peer.queuedBytes = 999;
  assert.equal(peer.admit(0), true);
  peer.queuedBytes = 1000;
  assert.equal(peer.admit(0), false);
});

Deno.test("Peers keeps the counts of a bounded number of hosts, and of all that are connected", () => {
  const peers = new Peers({});
  peers.of("first").connections++;
  for (let n = 0; n < 1000; n++) peers.of(`host ${n}`);
  const names = Object.keys(peers.counts());
  assert.equal(names.length, 256);
  assert(names.includes("first") && names.includes("host 999"));
  assert.throws(() => new Peers({ flows: 0 }), { code: "size", message: /limit flows of a peer/ });
});

test("a noisy host is dropped as limit and counted, and a good host beside it loses nothing", async () => {
  const limits = { perPeer: { packetsPerSecond: 1, burstPackets: 2000 } };
  // 2,000 requests are more than the good host sends, and fewer than the noisy one.
  await using parties = await openParties({ plans: [{ plan }], nic: { limits } });
  const nic = parties.nic();
  const noisy = await register(nic, "127.0.0.7");
  let isOver = false;
  const noise = (async () => {
    for (let sent = 0; sent < 3200; sent += 32) await noisy.flood(32);
    isOver = true;
  })();
  for (let n = 0; n < 3 || !isOver; n++) {
    if (n < 3) await parties.send(plan, undefined, CELLS.inputs[0], String(n));
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await noise;
  for (let n = 0; n < 3; n++) CELLS.check(CELLS.inputs[0], parties.outputs.get(String(n))![0]);
  const { peers, dropped } = nic.counts();
  const [good, bad] = [peers["127.0.0.1"]!, peers["127.0.0.7"]!];
  assert.deepEqual(good.dropped, {});
  assert(good.packets > 0 && good.packets < 2000);
  const limited = bad.dropped["limit"]!;
  assert(limited > 1100 && limited <= 1200, JSON.stringify(bad));
  assert.equal(bad.packets + Object.values(bad.dropped).reduce((sum, count) => sum + count, 0), 3200);
  assert.equal(dropped["limit"], limited);
  await noisy.close();
});

/** A NIC whose device takes nothing until it is released. */
async function stalledNic(options: NicOptions) {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const openDevice: NicOptions["openDevice"] = () => {
    const device = createModelDevice();
    return Promise.resolve({
      ...device,
      exchange: async (...call: Parameters<typeof device.exchange>) => {
        await promise;
        return await device.exchange(...call);
      },
    });
  };
  return { nic: await openNic({ openDevice, ...options }), release };
}

test("one host fills three quarters of a queue, and another one still has room", async () => {
  const { nic, release } = await stalledNic({});
  const noisy = await register(nic, "127.0.0.7");
  // The device takes the first requests and stalls, so the others stay in the queue.
  await noisy.flood(1);
  await until(() => nic.counts().peers["127.0.0.7"]!.queuedBytes > 0, "the first request");
  await new Promise((resolve) => setTimeout(resolve, 5));
  await noisy.flood(1024);
  const bad = nic.counts().peers["127.0.0.7"]!;
  // Nothing is dropped as full.
  assert.deepEqual(bad.dropped, { limit: 1025 - bad.packets });
  assert(bad.packets > 700 && bad.packets < 800, `${bad.packets} of a queue of 1024`);
  const good = await openDatagram({ listen: { host: "127.0.0.8", port: 0 }, onDatagrams: () => {} });
  const control = await connectControl(nic.control, "test", {}, {}, {}, "127.0.0.8");
  await control.call("announce", { plan: encodePlan(plan) });
  await control.call("flows", { flows: [2], plan: plan.id, token: TOKEN });
  await good.send(batchOf(Array(32).fill(packet(2))), nic.data);
  await until(() => nic.counts().peers["127.0.0.8"]!.packets === 32, "the good host's requests");
  assert.deepEqual(nic.counts().peers["127.0.0.8"]!.dropped, {});
  release();
  await until(() => nic.counts().peers["127.0.0.7"]!.queuedBytes === 0, "the end of the queue");
  assert.equal(nic.counts().peers["127.0.0.8"]!.queuedBytes, 0);
  control.close();
  await good.close();
  await noisy.close();
  await nic.close();
});

test("a host over its bytes is dropped as limit, and its bytes are given back when the NIC is closed", async () => {
  const { nic, release } = await stalledNic({ limits: { perPeer: { queuedBytes: 4096 } } });
  const noisy = await register(nic, "127.0.0.7");
  await noisy.flood(32);
  const { queuedBytes, packets, dropped } = nic.counts().peers["127.0.0.7"]!;
  assert(queuedBytes >= 4096 && queuedBytes < 4096 + 1408, String(queuedBytes));
  assert.deepEqual(dropped, { limit: 32 - packets });
  release();
  await noisy.close();
  await nic.close();
  assert.equal(nic.counts().peers["127.0.0.7"]!.queuedBytes, 0);
});

test("openNic() refuses programs, flows and connections of one host beyond its share by name", async () => {
  await using nic = await openNic({ limits: { programs: 2, flows: 4, connections: 4 } });
  const peer = await register(nic, "127.0.0.1");
  const { control } = peer;
  const limits = { code: "size", message: /the host has 1, the maximum of one host is 3/ };
  await assert.rejects(control.call("flows", { flows: [2, 3, 4], plan: plan.id, token: TOKEN }), limits);
  await control.call("flows", { flows: [2, 3], plan: plan.id, token: TOKEN });
  const cache = (n: number) => encodePlan(CACHE_SAMPLES[n]!.compile(MODEL_PROFILE));
  await control.call("announce", { plan: cache(0) });
  const others = [
    await connectControl(nic.control, "test", {}),
    await connectControl(nic.control, "test", {}),
  ];
  await assert.rejects(connectControl(nic.control, "test", {}), { code: "device" });
  const stranger = await connectControl(nic.control, "test", {}, {}, {}, "127.0.0.5");
  assert.equal(nic.counts().control.refused.limit, 1);
  assert.equal(nic.counts().peers["127.0.0.1"]!.connections, 3);
  for (const each of [...others, stranger]) each.close();
  await peer.close();
  await until(() => nic.counts().programs === 0, "the end of the programs");
  await using narrow = await openNic({ limits: { perPeer: { programs: 1 } } });
  const [first, second] = [
    await register(narrow, "127.0.0.1"),
    await connectControl(narrow.control, "test", {}),
  ];
  const message = /the host uses 1 programs, the maximum of one host is 1/;
  await assert.rejects(second.call("announce", { plan: cache(0) }), { code: "device", message });
  await second.call("announce", { plan: encodePlan(plan) });
  second.close();
  await first.close();
});

test("a spoofed source gets nothing, and no report is larger than the answers that it acknowledges", async () => {
  const answers = { count: 0, bytes: 0 }, reports = { count: 0, bytes: 0, most: 0 };
  const counting =
    (counts: { count: number; bytes: number; most?: number }): OpenDatagram => (options, wait) =>
      openDatagram({
        ...options,
        onDatagrams: (batch) => {
          for (let n = 0; n < batch.count; n++) {
            counts.count++;
            counts.bytes += datagramAt(batch, n).length;
            counts.most = Math.max(counts.most ?? 0, datagramAt(batch, n).length);
          }
          return options.onDatagrams(batch);
        },
      }, wait);
  const requests: Uint8Array[] = [];
  const recording: OpenDatagram = (options, wait) =>
    openDatagram({
      ...options,
      onDatagrams: (batch) => {
        for (let n = 0; n < batch.count; n++) requests.push(datagramAt(batch, n).slice());
        return options.onDatagrams(batch);
      },
    }, wait);
  await using nic = await openNic({ open: recording });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let results = 0;
  await using receiver = await openReceiver({
    nic: nic.control,
    plans: [{ plan }],
    open: counting(answers),
    onOutput: () => (results++, held),
  });
  await using sender = await openSender({
    nic: nic.control,
    receiver: receiver.control,
    open: counting(reports),
  });
  const sending = (await sender.open(plan as never)).send(CELLS.inputs[0] as never);
  await until(() => results === 1, "the result");
  assert(reports.bytes < answers.bytes && reports.most <= 20 + 256, JSON.stringify([answers, reports]));
  // Valid requests of an open flow, from a host that registered nothing.
  let toSpoofed = 0;
  const spoofed = await openDatagram({
    listen: { host: "127.0.0.4", port: 0 },
    onDatagrams: ({ count }) => void (toSpoofed += count),
  });
  const before = { nic: nic.counts(), answers: answers.count };
  const copies = requests.slice(0, 32);
  await spoofed.send(batchOf(copies), nic.data);
  await until(() => nic.counts().dropped["peer"] === copies.length, "the drops");
  // A datagram that arrives later shows that nothing was sent before.
  const last = await openDatagram({ listen: { host: "127.0.0.4", port: 0 }, onDatagrams: () => {} });
  await last.send(batchOf([Uint8Array.of(1)]), spoofed.local);
  await until(() => toSpoofed === 1, "the last datagram");
  const after = nic.counts();
  assert.deepEqual([after.answers, after.requests, answers.count], [
    before.nic.answers,
    before.nic.requests,
    before.answers,
  ]);
  release();
  await sending;
  await Promise.all([spoofed.close(), last.close()]);
});
