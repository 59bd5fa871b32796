import assert from "node:assert/strict";
import { encodePlan } from "../../../../kernels/plan/file.ts";
import { MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import { connectControl } from "../../../../runtime/network/connect.ts";
import { openDatagram } from "../../../../runtime/network/datagram.ts";
import { openNic } from "../../../../runtime/network/nic.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { decodeReport, encodeReport } from "../../../../runtime/network/report_packet.ts";
import { openSender } from "../../../../runtime/network/sender.ts";
import { agreeKeys } from "../../../../runtime/network/security/agree.ts";
import { TRAILER_BYTES } from "../../../../runtime/network/security/packet_mac.ts";
import { batchOf, datagramAt, eachDatagram } from "../../../../runtime/network/socket/batch.ts";
import type { OpenDatagram } from "../../../../runtime/network/socket/contract.ts";
import { createEngine } from "../../../../serialize/engine.ts";
import { FLAG, newHeader } from "../../../../serialize/header.ts";
import { packetBytes, reserveSlots, writePacket } from "../../../../serialize/packets.ts";
import { tiny } from "../../../kernels/tokenize/small_vocabularies.ts";
import { longTest } from "../../../support/long.ts";
import { test } from "../../helpers.ts";
import { CACHE_SAMPLES, IMAGE_SAMPLES, tokenSample, type WorkloadSample } from "../../workload_samples.ts";
import { CELLS, openParties, sendSample } from "../parties.ts";
import { makeAuthority } from "./certificates.ts";

const listen = { host: "127.0.0.1", port: 0 };
const security = { authenticate: true } as const;
const plan = CELLS.compile(MODEL_PROFILE);
const input = CELLS.inputs[0];

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > 2000) assert.fail(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Records the datagrams that a socket receives. */
function recording(taken: Uint8Array[]): OpenDatagram {
  return (options, wait) =>
    openDatagram({
      ...options,
      onDatagrams: (batch) => {
        for (let n = 0; n < batch.count; n++) taken.push(datagramAt(batch, n).slice());
        return options.onDatagrams(batch);
      },
    }, wait);
}

async function sendThroughFaults(samples: readonly WorkloadSample[]): Promise<void> {
  const plans = samples.map((sample) => ({
    sample,
    plan: sample.compile(MODEL_PROFILE),
    resources: sample.resources,
  }));
  const authority = await makeAuthority();
  const tls = { ...await authority.party("party.test"), mutual: true };
  const faults = { loss: 0.02, duplication: 0.1, reordering: 0.1, corruption: 0.05 };
  await using parties = await openParties({
    plans,
    faults,
    seed: 4,
    security: { tls, token: "a token of the tests", authenticate: true },
  });
  for (const { sample, plan } of plans) await sendSample(parties, sample, plan);
  const { dropped, peers } = parties.nic().counts();
  assert(dropped["mac"]! > 0 && dropped["replay"]! > 0, JSON.stringify(dropped));
  assert.equal(dropped["crc"], undefined);
  assert.deepEqual(Object.keys(peers), ["127.0.0.1"]);
  const { outcomes } = parties.receiver.counts();
  assert(outcomes["mac"]! > 0 && outcomes["replay"]! > 0, JSON.stringify(outcomes));
  const { reports } = parties.sender.counts();
  assert(reports["mac"]! > 0 && reports["replay"]! > 0, JSON.stringify(reports));
}

longTest("openSender() sends every kind of flow in authenticated packets through all faults", async () => {
  await sendThroughFaults([CELLS, IMAGE_SAMPLES[2]!, CACHE_SAMPLES[2]!, tokenSample(await tiny())]);
});

test("openSender() sends images in authenticated packets over TLS through all faults", () =>
  sendThroughFaults([CELLS]));

test("a NIC that is restarted in the middle of authenticated flows has new keys, and nothing is lost", async () => {
  const sample = CACHE_SAMPLES[2]!;
  const plans = [{ plan: sample.compile(MODEL_PROFILE) }];
  const { promise: isFirst, resolve } = Promise.withResolvers<void>();
  await using parties = await openParties({
    plans,
    security,
    faults: { delayMs: 2 },
    onOutput: () => resolve(),
  });
  const inputs = Array.from({ length: 16 }, (_, n) => sample.inputs[n % 3]);
  const sent = inputs.map((each, n) => parties.send(plans[0]!.plan, undefined, each, String(n)));
  await isFirst;
  await parties.restart();
  await Promise.all(sent);
  for (const [n, each] of inputs.entries()) sample.check(each, parties.outputs.get(String(n))![0]);
});

test("forged and copied requests, answers and reports are refused by name and change nothing", async () => {
  const requests: Uint8Array[] = [], answers: Uint8Array[] = [], reports: Uint8Array[] = [];
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => release = resolve);
  await using parties = await openParties({
    plans: [{ plan }],
    security,
    nic: { open: recording(requests) },
    onOutput: () => held,
    openReceiver: recording(answers),
    openSender: recording(reports),
  });
  const sending = parties.send(plan, undefined, input, "");
  await until(() => parties.outputs.size === 1, "the result");
  const attacker = await openDatagram({ listen: { host: "127.0.0.9", port: 0 }, onDatagrams: () => {} });
  const nic = parties.nic();
  const before = { nic: nic.counts(), receiver: parties.receiver.counts(), sender: parties.sender.counts() };
  // The flow is open until its result was taken. Each end gets a copy, a packet without a trailer, and a forged one.
  for (const [list, to] of [[requests, nic.data], [answers, parties.receiver.data]] as const) {
    const [copy] = list;
    const plain = copy!.subarray(0, -TRAILER_BYTES), forged = copy!.slice();
    forged[70]! ^= 1;
    await attacker.send(batchOf([copy!, plain, forged]), to);
  }
  await until(() => nic.counts().received === before.nic.received + 3, "the arrival at the NIC");
  await until(() => parties.receiver.counts().received === before.receiver.received + 3, "the arrival");
  const { dropped, requests: given } = nic.counts();
  assert.deepEqual([dropped["mac"], dropped["replay"], given], [2, 1, before.nic.requests]);
  const { outcomes } = parties.receiver.counts();
  assert.deepEqual([outcomes["mac"], outcomes["replay"]], [2, 1]);
  assert.deepEqual(nic.counts().peers["127.0.0.1"]!.dropped, { mac: 2, replay: 1 });
  release();
  await sending;
  CELLS.check(input, parties.outputs.get("")![0]);
  await attacker.close();
});

test("openSender() takes no forged report: requests that did not arrive stay unacknowledged", async () => {
  let flow = -1;
  // Nothing reaches the NIC, so only the attacker reports.
  const blackHole: OpenDatagram = async (options, wait) => {
    const socket = await openDatagram(options, wait);
    const { local, kind, fallbackReason, burst, counts } = socket;
    return {
      local,
      kind,
      fallbackReason,
      burst,
      counts,
      close: () => socket.close(),
      send: (batch) => {
        flow = new DataView(batch.bytes.buffer, batch.bytes.byteOffset + batch.offsets[0]!).getUint32(
          8,
          true,
        );
        return Promise.resolve();
      },
    };
  };
  await using parties = await openParties({ plans: [{ plan }], security, openSender: blackHole });
  const controller = new AbortController();
  const open = await parties.sender.open(plan as never);
  const sending = assert.rejects(open.send(input as never, { signal: controller.signal }), /enough/);
  await until(() => flow >= 0, "the first request");
  const attacker = await openDatagram({ listen, onDatagrams: () => {} });
  const all = encodeReport({ flow, first: 2 ** 24, bitmap: new Uint8Array(0) });
  await attacker.send(
    batchOf([all, encodeReport({ flow: flow + 999, first: 1, bitmap: all })]),
    parties.sender.data,
  );
  await until(() => parties.sender.counts().received === 2, "the reports");
  assert.deepEqual(parties.sender.counts().reports, { mac: 1, flow: 1 });
  controller.abort(new Error("enough"));
  await sending;
  await attacker.close();
});

test("parties that do not agree on authentication refuse each other by name", async () => {
  {
    await using nic = await openNic({ security });
    const opening = openReceiver({ nic: nic.control, plans: [{ plan }], onOutput: () => {} });
    await assert.rejects(opening, { code: "device", message: /takes authenticated packets only/ });
  }
  {
    await using parties = await openParties({ plans: [{ plan }], nic: { security: {} }, security });
    await parties.send(plan, undefined, input, "");
    const plain = await openSender({ nic: parties.nic().control, receiver: parties.receiver.control });
    const sent = await plain.open(plan as never);
    await assert.rejects(sent.send(input as never), {
      code: "device",
      message: /authenticated packets only/,
    });
    await plain.close();
  }
  // A receiver without authentication beside a sender with it.
  await using parties = await openParties({ plans: [{ plan }] });
  const sender = await openSender({
    nic: parties.nic().control,
    receiver: parties.receiver.control,
    security,
  });
  const sent = await sender.open(plan as never);
  await assert.rejects(sent.send(input as never), {
    code: "device",
    message: /only one of sender and receiver/,
  });
  await sender.close();
});

test("an authenticated request may come from any address, and its answer goes to the destination alone", async () => {
  await using nic = await openNic({ security });
  const answers: Uint8Array[] = [];
  const take = eachDatagram((bytes) => answers.push(bytes.slice()));
  const socket = await openDatagram({ listen, onDatagrams: take });
  const control = await connectControl(nic.control, "test", {});
  const token = "0".repeat(32);
  await assert.rejects(control.call("destination", { token, port: 9 }), { code: "device" });
  await agreeKeys(control, {});
  await control.call("destination", { token, port: socket.local.port });
  await control.call("announce", { plan: encodePlan(plan) });
  await control.call("flows", { flows: [1], plan: plan.id, token });
  const slots = reserveSlots(createEngine(2 ** 14), 1, 64);
  const flags = FLAG.first | FLAG.last | FLAG.checked;
  writePacket(slots, 0, { ...newHeader(), flags, length: 8, plan: plan.id, flow: 1 }, new Uint8Array(8));
  const roaming = await openDatagram({ listen: { host: "127.0.0.2", port: 0 }, onDatagrams: take });
  await roaming.send(control.keys!.mac("request").seal(batchOf([packetBytes(slots, 0)])), nic.data);
  // The packet is authentic. The device refuses its contents.
  await until(() => nic.counts().dropped["items"] === 1, "the drop of the device");
  assert.deepEqual([nic.counts().requests, answers.length], [1, 0]);
  control.close();
  await Promise.all([roaming.close(), socket.close()]);
});

test("openReceiver() repeats the last report of a complete flow only for an authentic answer, and seals it", async () => {
  const withheld: Uint8Array[] = [], reports: Uint8Array[] = [];
  let deliver: (datagrams: readonly Uint8Array[]) => void = () => {};
  await using nic = await openNic({ security });
  await using receiver = await openReceiver({
    nic: nic.control,
    security,
    plans: [{ plan }],
    onOutput: () => {},
    // The first answers arrive when their flow is complete.
    open: (options, wait) => {
      deliver = (datagrams) =>
        void options.onDatagrams({
          ...batchOf(datagrams),
          sources: datagrams.map(() => ({ host: "127.0.0.1", port: 9 })),
        });
      return openDatagram({
        ...options,
        onDatagrams: (batch) => {
          if (withheld.length > 0) return options.onDatagrams(batch);
          for (let n = 0; n < batch.count; n++) withheld.push(datagramAt(batch, n).slice());
        },
      }, wait);
    },
  });
  await using sender = await openSender({
    nic: nic.control,
    receiver: receiver.control,
    security,
    open: recording(reports),
  });
  await (await sender.open(plan as never)).send(input as never);
  await until(() => receiver.counts().inputs === 0, "the end");
  const before = receiver.counts();
  const forged = withheld[0]!.slice();
  forged[70]! ^= 1;
  deliver([forged, withheld[0]!, withheld[0]!]);
  await until(() => sender.counts().received === before.sent + 1, "the report");
  const { outcomes, sent } = receiver.counts();
  const count = (name: string) => (outcomes[name] ?? 0) - (before.outcomes[name] ?? 0);
  assert.deepEqual([count("mac"), count("duplicate"), count("replay"), sent], [1, 1, 1, before.sent + 1]);
  const last = reports.at(-1)!;
  assert.equal(typeof decodeReport(last), "string");
  assert.equal(typeof decodeReport(last.subarray(0, -TRAILER_BYTES)), "object");
});
