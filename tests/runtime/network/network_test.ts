import assert from "node:assert/strict";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { RelayFaults } from "../../../runtime/network/relay.ts";
import { tiny } from "../../kernels/tokenize/small_vocabularies.ts";
import { test } from "../helpers.ts";
import {
  CACHE_SAMPLES,
  IMAGE_SAMPLES,
  LOOKUP_SAMPLES,
  tokenSample,
  type WorkloadSample,
} from "../workload_samples.ts";
import { openParties, sendSample } from "./parties.ts";

const SAMPLES: readonly WorkloadSample[] = [
  ...IMAGE_SAMPLES,
  ...CACHE_SAMPLES,
  ...LOOKUP_SAMPLES.slice(0, 2),
  tokenSample(await tiny()),
];

const plansOf = (samples: readonly WorkloadSample[]) =>
  samples.map((sample) => ({ sample, plan: sample.compile(MODEL_PROFILE), resources: sample.resources }));

const FAULTS: Readonly<Record<string, RelayFaults>> = {
  "no faults": {},
  "1% loss": { loss: 0.01 },
  "10% loss": { loss: 0.1 },
  "5% duplication": { duplication: 0.05 },
  "heavy reordering": { reordering: 0.3, reorderBy: 16 },
  "corruption": { corruption: 0.05 },
  "all faults": { loss: 0.05, duplication: 0.05, reordering: 0.2, corruption: 0.03, delayMs: 2 },
};

for (const [name, faults] of Object.entries(FAULTS)) {
  test(`openSender() sends every workload through ${name}`, async () => {
    const plans = plansOf(name === "no faults" ? SAMPLES : [SAMPLES[0]!, SAMPLES[2]!, SAMPLES[5]!, SAMPLES.at(-1)!]);
    await using parties = await openParties({ plans, faults, seed: 7, nic: { limits: { programs: 64 } } });
    for (const { sample, plan } of plans) await sendSample(parties, sample, plan);
    const { duplicated, lost, corrupted, reordered } = parties.relays[0]!.counts;
    assert.equal(duplicated + lost + corrupted + reordered > 0, name !== "no faults", name);
  });
}
