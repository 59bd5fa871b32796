import process from "node:process";
import assert from "node:assert/strict";
import { MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import { openNic } from "../../../../runtime/network/nic.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { encodeReport } from "../../../../runtime/network/report_packet.ts";
import { openSender } from "../../../../runtime/network/sender.ts";
import { tiny } from "../../../kernels/tokenize/small_vocabularies.ts";
import { IS_LONG_SUITE, sized } from "../../../support/long.ts";
import { test } from "../../helpers.ts";
import { CACHE_SAMPLES, IMAGE_SAMPLES, tokenSample } from "../../workload_samples.ts";
import { CELLS } from "../parties.ts";
import { fedSocket, Mutator, sumOf } from "./fuzz.ts";

const PACKETS = sized(100_000, 1200);
const BATCH = sized(64, 32);
const samples = [CELLS, IMAGE_SAMPLES[2]!, CACHE_SAMPLES[2]!, tokenSample(await tiny())];
const plans = samples.map((sample) => ({
  sample,
  plan: sample.compile(MODEL_PROFILE),
  resources: sample.resources,
}));

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let n = 0; !condition(); n++) {
    if (n > 4000) assert.fail(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/**
 * Parties whose datagrams the test carries. Those that pass are also recorded, and nothing ends, as the last datagrams
 * of a flow do not pass.
 */
async function fedParties(authenticate: boolean) {
  const requests: Uint8Array[] = [], answers: Uint8Array[] = [], reports: Uint8Array[] = [];
  const nicSocket = fedSocket((bytes) => {
    answers.push(bytes);
    if (answers.length < 40) void receiverSocket.feed([bytes]);
  });
  const receiverSocket = fedSocket((bytes) => void reports.push(bytes));
  const senderSocket = fedSocket((bytes) => {
    requests.push(bytes);
    if (requests.length < 200) void nicSocket.feed([bytes]);
  });
  const security = { authenticate };
  const nic = await openNic({
    open: nicSocket.open,
    security,
    resourcesOf: ({ id }) => plans.find(({ plan }) => plan.id === id)?.resources,
  });
  let outputs = 0;
  const receiver = await openReceiver({
    nic: nic.control,
    security,
    plans,
    open: receiverSocket.open,
    onOutput: () => {
      outputs++;
      return new Promise(() => {});
    },
  });
  const sender = await openSender({
    nic: nic.control,
    receiver: receiver.control,
    security,
    open: senderSocket.open,
  });
  const controller = new AbortController();
  const sending = plans.map(async ({ sample, plan, resources }) => {
    const open = await sender.open(plan, resources as never);
    await open.send(sample.inputs[0] as never, { signal: controller.signal, timeoutMs: 600_000 });
  });
  const ended = Promise.allSettled(sending);
  await until(() => requests.length > 30 && answers.length > 20 && reports.length > 2, "the first datagrams");
  return {
    nic,
    receiver,
    sender,
    sockets: { nic: nicSocket, receiver: receiverSocket, sender: senderSocket },
    valid: { requests, answers, reports },
    outputs: () => outputs,
    close: async () => {
      controller.abort(new Error("the test has ended"));
      await ended;
      await sender.close();
      await receiver.close();
      await nic.close();
    },
  };
}

for (const authenticate of [false, true]) {
  const name = authenticate ? "authenticated" : "plain";
  test(`NIC, receiver and sender count each of ${PACKETS} hostile datagrams, ${name}`, async () => {
    const parties = await fedParties(authenticate);
    const { nic, receiver, sender, sockets, valid } = parties;
    const report = encodeReport({ flow: 1, first: 2, bitmap: Uint8Array.of(255, 1) });
    const corpus = [
      ...valid.requests,
      ...valid.answers,
      ...valid.reports,
      report,
    ];
    const mutator = new Mutator(corpus, authenticate ? 6 : 5);
    const memory = { first: 0, last: 0 };
    let given = 0;
    for (; given < PACKETS; given += BATCH) {
      const datagrams = Array.from({ length: BATCH }, () => mutator.make());
      for (const socket of Object.values(sockets)) await socket.feed(datagrams);
      // Devices take their requests, so that no queue is full.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (given === BATCH * Math.floor(PACKETS / BATCH / 2)) memory.first = process.memoryUsage().rss;
    }
    memory.last = process.memoryUsage().rss;
    await new Promise((resolve) => setTimeout(resolve, 20));
    const counts = nic.counts();
    const byDevices = [...nic.devices().values()].reduce((sum, { dropped }) => sum + sumOf(dropped), 0);
    const { received, foreign, requests, released, held, repeated, dropped } = counts;
    assert(received >= given);
    const counted = foreign + requests - released + held + repeated + sumOf(dropped) - byDevices;
    assert.equal(counted, received, JSON.stringify(counts));
    assert.equal(sumOf(receiver.counts().outcomes), receiver.counts().received);
    assert.equal(sumOf(sender.counts().reports), sender.counts().received);
    assert(receiver.counts().received >= given && sender.counts().received >= given);
    if (authenticate) {
      for (const seen of [dropped, receiver.counts().outcomes, sender.counts().reports]) {
        assert(seen["mac"]! > 0 && seen["replay"]! > 0, JSON.stringify(seen));
      }
    }
    if (IS_LONG_SUITE) assert(memory.last - memory.first < 200 * 2 ** 20, JSON.stringify(memory));
    await parties.close();
  });
}
