import assert from "node:assert/strict";
import fc from "fast-check";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import type { Progress } from "../../runtime/run_options.ts";
import { HEADER_BYTES } from "../../serialize/header.ts";
import type { OnpathError } from "../../serialize/errors.ts";
import { slotAddress } from "../../serialize/packets.ts";
import { refusal } from "../support/failure.ts";
import { shuffled } from "../support/random.ts";
import { smallImage } from "./device_bench.ts";
import { copySlot, faultyDevice, keepAnswers, reorderAnswers } from "./faulty_device.ts";
import { sameTensor, test } from "./helpers.ts";
import { expected, openSession, PACKETS, planFor } from "./session_samples.ts";

test("Session.run() sends missing packets again, and only those", async () => {
  const lost = fc.uniqueArray(fc.integer({ min: 0, max: PACKETS - 1 }), { maxLength: PACKETS });
  await fc.assert(
    fc.asyncProperty(lost, lost, async (first, second) => {
      await using device = faultyDevice(async ({ number, exchange, answer }) => {
        const missing = [first, second][number] ?? [];
        return keepAnswers(exchange.output, await answer(), (sequence) => !missing.includes(sequence));
      });
      const progress: Progress[] = [];
      const { output, report } = await offload(planFor(device), smallImage(), device, {
        onProgress: (state) => progress.push(state),
      });
      sameTensor(output, expected(smallImage()));
      const again = first.length + first.filter((sequence) => second.includes(sequence)).length;
      assert.deepEqual([report.sent, report.resent], [PACKETS + again, again]);
      assert.equal(device.sent(), report.sent);
      assert.deepEqual(report.outcomes, { accepted: PACKETS });
      const done = progress.map(({ done }) => done);
      assert.deepEqual(done, [...done].sort((a, b) => a - b));
      assert.deepEqual(progress.at(-1), { done: PACKETS, total: PACKETS });
    }),
    { numRuns: 60, seed: 20260108 },
  );
});

test("Session.run() takes duplicates once and counts them", async () => {
  await using device = faultyDevice(async ({ exchange, answer }) => {
    const count = await answer();
    copySlot(exchange.output, 3, 4);
    copySlot(exchange.output, 3, 5);
    return count;
  });
  const failed = offload(planFor(device), smallImage(), device, { retries: 0 });
  await assert.rejects(failed, refusal("gap", /2 of 20 packets/));
  const { output, report } = await offload(planFor(device), smallImage(), device);
  sameTensor(output, expected(smallImage()));
  assert.deepEqual(report.outcomes, { accepted: PACKETS, duplicate: 2 });
  assert.equal(report.resent, 2);
});

test("Session.run() takes answers in any order", async () => {
  for (const seed of [1, 2, 3]) {
    await using device = faultyDevice(async ({ exchange, answer }) => {
      const count = await answer();
      reorderAnswers(exchange.output, shuffled(Array.from({ length: count }, (_, slot) => slot), seed));
      return count;
    });
    const { output, report } = await offload(planFor(device), smallImage(), device);
    sameTensor(output, expected(smallImage()));
    assert.equal(report.resent, 0);
  }
});

test("Session.run() refuses answers with a flipped bit and sends their packets again", async () => {
  const bit = fc.nat(8 * (HEADER_BYTES + 2 * 40 * 6) - 1);
  await fc.assert(
    fc.asyncProperty(fc.nat(PACKETS - 1), bit, async (slot, bit) => {
      await using device = faultyDevice(async ({ number, exchange, answer }) => {
        const count = await answer();
        const at = slotAddress(exchange.output, slot) + (bit >> 3);
        if (number === 0) exchange.output.engine.bytes[at]! ^= 1 << (bit & 7);
        return count;
      });
      const { output, report } = await offload(planFor(device), smallImage(), device);
      sameTensor(output, expected(smallImage()));
      assert.equal(report.resent, 1);
      const refused = Object.entries(report.outcomes).filter(([name]) => name !== "accepted");
      assert.equal(refused.length, 1);
      assert.equal(refused[0]![1], 1);
    }),
    { numRuns: 100, seed: 20260109 },
  );
});

for (const count of [-1, NaN, 0.5, 1e9, Infinity, PACKETS + 1]) {
  test(`Session.run() blames the device for ${count} answers`, async () => {
    await using device = faultyDevice(async ({ number, answer }) =>
      number === 0 ? (await answer(), count) : answer()
    );
    const session = await openSession(device);
    await assert.rejects(session.run(smallImage()), refusal("device"));
    const { output } = await offload(planFor(device), smallImage(), device);
    sameTensor(output, expected(smallImage()));
  });
}

test("Session.run() takes fewer answers than the device wrote for what they are", async () => {
  await using device = faultyDevice(async ({ number, answer }) => {
    const count = await answer();
    return number === 0 ? 3 : count;
  });
  const { output, report } = await offload(planFor(device), smallImage(), device);
  sameTensor(output, expected(smallImage()));
  assert.equal(report.resent, PACKETS - 3);
});

test("Session.run() names the packets that never came back", async () => {
  await using device = faultyDevice(async ({ exchange, answer }) =>
    keepAnswers(exchange.output, await answer(), (sequence) => ![0, 7, 8, 19].includes(sequence))
  );
  const session = await openSession(device);
  await assert.rejects(session.run(smallImage()), (error) => {
    refusal("gap", /flow \d+: 4 of 20 packets did not come back after 3 tries/)(error);
    const { details } = error as OnpathError;
    assert.deepEqual(details["gaps"], [[0, 0], [7, 8], [19, 19]]);
    assert.deepEqual([details["missing"], details["packets"]], [4, 20]);
    return true;
  });
  assert.equal(device.calls(), 3);
  assert.equal(device.sent(), PACKETS + 4 + 4);
});

test("Session.run() names the refusals of a gap", async () => {
  await using device = faultyDevice(async ({ exchange, answer }) => {
    const count = await answer();
    for (let slot = 0; slot < count; slot++) {
      exchange.output.engine.bytes[slotAddress(exchange.output, slot)]! ^= slot % 2;
    }
    return count;
  });
  const failed = offload(planFor(device), smallImage(), device, { retries: 0 });
  await assert.rejects(failed, refusal("gap", /10 of 20 .* after 1 tries \(refused answers: magic 10\)/));
});

for (const retries of [0, 1, 5]) {
  test(`Session.run() tries ${retries + 1} times with ${retries} retries when no answer comes`, async () => {
    await using device = faultyDevice(() => Promise.resolve(0));
    const failed = offload(planFor(device), smallImage(), device, { retries });
    await assert.rejects(failed, refusal("gap", /20 of 20/));
    assert.equal(device.calls(), retries + 1);
  });
}

test("Session.run() refuses answers of another flow and of another plan", async () => {
  const outcomes: Record<string, number> = { flow: 8, plan: 24 };
  for (const [name, offset] of Object.entries(outcomes)) {
    await using device = faultyDevice(async ({ number, exchange, answer }) => {
      const count = await answer();
      const { engine } = exchange.output;
      for (let slot = 0; number === 0 && slot < count; slot++) {
        const at = slotAddress(exchange.output, slot);
        engine.view.setUint32(at + offset, engine.view.getUint32(at + offset, true) ^ 0x100, true);
        engine.functions.seal(at, HEADER_BYTES + engine.view.getUint16(at + 20, true));
      }
      return count;
    });
    const { output, report } = await offload(planFor(device), smallImage(), device);
    sameTensor(output, expected(smallImage()));
    assert.deepEqual(report.outcomes, { accepted: PACKETS, [name]: PACKETS });
  }
});

for (const [what, sessions] of [["session", 1], ["session before it", 2]] as const) {
  test(`Session.run() takes no late answer to an earlier run of the ${what}`, async () => {
    let late: Uint8Array | undefined;
    await using device = faultyDevice(async ({ number, exchange, answer }) => {
      const { engine, address, slotBytes } = exchange.output;
      const bytes = slotBytes * PACKETS;
      const count = await answer();
      if (number === 0) late = engine.bytes.slice(address, address + bytes);
      if (number === 1) engine.bytes.set(late!, address);
      return count;
    });
    let session = await openSession(device);
    await session.run(smallImage(1));
    if (sessions === 2) session = await Session.open(planFor(device), device);
    const { output, report } = await session.run(smallImage(2));
    sameTensor(output, expected(smallImage(2)));
    assert.equal(report.outcomes.flow, PACKETS);
  });
}
