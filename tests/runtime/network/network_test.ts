import assert from "node:assert/strict";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { type OpenDatagram, openDatagram } from "../../../runtime/network/datagram.ts";
import type { RelayFaults } from "../../../runtime/network/fault_path.ts";
import { longTest } from "../../support/long.ts";
import { tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { escapingVocabulary } from "../../rtl/text_vocabularies.ts";
import { test } from "../helpers.ts";
import {
  CACHE_SAMPLES,
  IMAGE_SAMPLES,
  LOOKUP_SAMPLES,
  tokenSample,
  type WorkloadSample,
} from "../workload_samples.ts";
import { CELLS, openParties, sendSample } from "./parties.ts";

const TEXT = tokenSample(await tiny());
const ROWS = IMAGE_SAMPLES[2]!;
const ALL: readonly WorkloadSample[] = [
  CELLS,
  ...IMAGE_SAMPLES,
  ...CACHE_SAMPLES,
  ...LOOKUP_SAMPLES.slice(0, 2),
  TEXT,
];

const plansOf = (samples: readonly WorkloadSample[]) =>
  samples.map((sample) => ({ sample, plan: sample.compile(MODEL_PROFILE), resources: sample.resources }));

const FAULTS: Readonly<Record<string, RelayFaults>> = {
  "1% loss": { loss: 0.01 },
  "10% loss": { loss: 0.1 },
  "5% duplication": { duplication: 0.05 },
  "heavy reordering": { reordering: 0.3, reorderBy: 16 },
  "corruption": { corruption: 0.05 },
  "50 ms delay": { delayMs: 50, loss: 0.01 },
  "all faults": { loss: 0.05, duplication: 0.05, reordering: 0.2, corruption: 0.03, delayMs: 2 },
};

async function runThrough(
  samples: readonly WorkloadSample[],
  faults: RelayFaults,
  seed: number,
): Promise<void> {
  const plans = plansOf(samples);
  await using parties = await openParties({ plans, faults, seed, nic: { limits: { programs: 64 } } });
  for (const { sample, plan } of plans) await sendSample(parties, sample, plan);
  for (const relay of parties.relays) assert.equal(relay.counts.received > 0, true);
}

test("openSender() sends every workload, and each result equals the local one", () => runThrough(ALL, {}, 1));

for (const [name, faults] of Object.entries(FAULTS)) {
  longTest(`openSender() sends images and caches through ${name}`, () => {
    return runThrough([CELLS, CACHE_SAMPLES[2]!], faults, 7);
  }, name === "50 ms delay");
  longTest(`openSender() sends every workload through ${name}`, async () => {
    // Waits for timeouts make these long; the others run with three seeds.
    const isSlow = ["10% loss", "50 ms delay", "all faults"].includes(name);
    for (const seed of isSlow ? [10] : [10, 20, 30]) await runThrough(ALL, faults, seed);
  });
}

test("a sequential flow keeps its order through loss and reordering", () => {
  return runThrough([TEXT, ROWS], { loss: 0.02, reordering: 0.2, duplication: 0.05 }, 3);
});

test("SentPlan.send() completes what the device gives up on the sender", async () => {
  const inputs = ["x".repeat(2000) + "yz", "xxx" + "y".repeat(600) + "z", "x".repeat(1024) + "!x"];
  const sample = { ...tokenSample(await escapingVocabulary()), inputs };
  const plans = plansOf([sample]);
  await using parties = await openParties({ plans, faults: { loss: 0.05, reordering: 0.1 }, seed: 2 });
  const reports = await sendSample(parties, sample, plans[0]!.plan);
  const escapes = reports.reduce((sum, { fallbacks }) => sum + (fallbacks.escape ?? 0), 0);
  assert(escapes > 0);
  assert.equal(parties.receiver.counts().fallbacks, escapes);
});

test("a NIC that is restarted in the middle loses no placed input", async () => {
  const plans = plansOf([CACHE_SAMPLES[2]!]);
  const [{ plan, sample }] = plans as [typeof plans[0]];
  const { promise: isFirst, resolve } = Promise.withResolvers<void>();
  await using parties = await openParties({ plans, faults: { delayMs: 2 }, onOutput: () => resolve() });
  const inputs = Array.from({ length: 24 }, (_, n) => sample!.inputs[n % 3]);
  const sent = inputs.map((input, n) => parties.send(plan!, undefined, input, String(n)));
  await isFirst;
  await parties.restart();
  const reports = await Promise.all(sent);
  for (const [n, input] of inputs.entries()) {
    assert.equal(parties.outputs.get(String(n))!.length, 1);
    sample!.check(input, parties.outputs.get(String(n))![0]);
  }
  assert(reports.some(({ restarts }) => restarts > 0));
});

test("a NIC that is restarted in the middle of sequential flows loses nothing", async () => {
  const plans = plansOf([TEXT, ROWS]);
  // Answers are lost before the restart, so that every flow that began is in its middle.
  let isMute = true;
  const open: OpenDatagram = async (...options) => {
    const socket = await openDatagram(...options);
    return { ...socket, send: (batch, to) => isMute ? Promise.resolve() : socket.send(batch, to) };
  };
  await using parties = await openParties({ plans, faults: { delayMs: 5 }, nic: { open } });
  const sending = plans.map(({ sample, plan }) => sendSample(parties, sample, plan));
  while (parties.nic().counts().requests < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  isMute = false;
  await parties.restart();
  const [texts, rows] = await Promise.all(sending);
  const count = texts!.reduce((sum, { fallbacks }) => sum + (fallbacks.restart ?? 0), 0) +
    rows!.reduce((sum, { restarts }) => sum + restarts, 0);
  assert(count > 0);
});

test("openNic(), openReceiver() and openSender() work over IPv6", async () => {
  const plans = plansOf([CELLS]);
  await using parties = await openParties({ plans, host: "::1" });
  await sendSample(parties, CELLS, plans[0]!.plan);
});
