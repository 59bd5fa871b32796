import assert from "node:assert/strict";
import { decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { Session } from "../../runtime/session.ts";
import { byteTable, type ByteTablePlan } from "../support/byte_table.ts";
import { refusal } from "../support/failure.ts";
import { random, randomBytes } from "../support/random.ts";
import { faultyDevice, spoilAnswers } from "./faulty_device.ts";
import { test } from "./helpers.ts";
import { workloadSuite } from "./workload_suite.ts";

const LENGTH = 5000;
/** Packets of one input: 5,000 bytes by 64. */
const PACKETS = 79;
const TABLE = Array.from(randomBytes(256, 1));
const input = (seed: number) => randomBytes(LENGTH, seed);
const expected = (bytes: Uint8Array) => bytes.map((level) => TABLE[level]!);

function planFor(profile: DeviceProfile): ByteTablePlan {
  return byteTable.compile({ length: LENGTH, table: TABLE }, { device: { profile } });
}

workloadSuite("the model device", () => createModelDevice(), [{
  name: "byte_table",
  compile: planFor,
  workload: byteTable,
  inputs: [1, 2, 3].map(input),
  check: (bytes, output) => assert.deepEqual(output, expected(bytes as Uint8Array)),
}]);

test("byteTable sends every packet once, and counts its lookups", async () => {
  await using device = createModelDevice();
  const session = await Session.open(planFor(MODEL_PROFILE), device, undefined, { workload: byteTable });
  const { report } = await session.runMany([input(1), input(2), input(3)]);
  assert.deepEqual([report.sent, report.resent], [3 * PACKETS, 0]);
  assert.deepEqual([report.outcomes, report.counters.lookups], [{ accepted: 3 * PACKETS }, 3 * LENGTH]);
});

test("byteTable gives the same bytes where answers are lost, swapped and come twice", async () => {
  const sums = { resent: 0, duplicate: 0 };
  for (let seed = 0; seed < 40; seed++) {
    const next = random(seed);
    await using device = faultyDevice(async ({ answer, exchange: { output } }) => {
      const answers = await answer();
      return answers < 2 ? answers : spoilAnswers(output, answers, next);
    });
    const session = await Session.open(planFor(MODEL_PROFILE), device, undefined, { workload: byteTable });
    const { output, report } = await session.run(input(seed), { retries: 9 });
    assert.deepEqual(output, expected(input(seed)));
    sums.resent += report.resent;
    sums.duplicate += report.outcomes["duplicate"] ?? 0;
  }
  assert(sums.resent > 20 && sums.duplicate > 20, JSON.stringify(sums));
});

test("byteTable plans pass through a file, and a changed one is refused", () => {
  const plan = planFor(MODEL_PROFILE);
  assert.deepEqual(decodePlan(encodePlan(plan), byteTable), plan);
  const changed = encodePlan({ ...plan, body: { ...plan.body, length: LENGTH + 1 } });
  assert.throws(() => decodePlan(changed, byteTable), refusal("plan"));
  assert.throws(() => decodePlan(encodePlan(plan)), refusal("plan", /"byte_table": it is unknown/));
});

test("byteTable refuses an input of another length and a table of another size", async () => {
  await using device = createModelDevice();
  const session = await Session.open(planFor(MODEL_PROFILE), device, undefined, { workload: byteTable });
  await assert.rejects(session.run(new Uint8Array(LENGTH - 1)), refusal("shape"));
  const compile = () => byteTable.compile({ length: 1, table: TABLE.slice(1) }, { device });
  assert.throws(compile, refusal("pipeline", /body\.table/));
});
