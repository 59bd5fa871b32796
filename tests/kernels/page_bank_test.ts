import assert from "node:assert/strict";
import { MAX_EPOCH } from "../../kernels/epochs.ts";
import { checkPages, createPageBank } from "../../kernels/image/model/page_bank.ts";
import type { PageLoad } from "../../kernels/program.ts";
import { bytesPerCycle, latencyCycles } from "../../kernels/target/profile.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { refusal } from "../support/failure.ts";

const BYTES = 400;
const LATENCY = latencyCycles(MODEL_PROFILE);
const BEATS = Math.ceil(BYTES / bytesPerCycle(MODEL_PROFILE));

/** A bank, and the calls of its slots. */
function openBank(slotCount = 4) {
  const calls: string[] = [];
  const slots = {
    install: (slot: number, page: number) => void calls.push(`page ${page} in ${slot}`),
    clear: (slot: number) => void calls.push(`clear ${slot}`),
    wanted: () => 77,
  };
  const bank = createPageBank(MODEL_PROFILE, slots, { bytes: BYTES, slots: slotCount });
  const taken = () => calls.splice(0);
  return { bank, taken };
}

const load = (page: number, slot: number, after: number, before: number, bytes = BYTES): PageLoad => ({
  page,
  slot,
  bytes: new Uint8Array(bytes),
  after,
  before,
});

Deno.test("PageBank.stage() refuses a page of another length or epoch, and queues none of its list", () => {
  const { bank, taken } = openBank();
  for (const bytes of [BYTES - 1, BYTES + 1]) {
    assert.throws(
      () => bank.stage([load(1, 0, -1, 0), load(2, 1, -1, 0, bytes)]),
      refusal("table", /page 2/),
    );
  }
  assert.throws(() => bank.stage([load(1, 0, -2, 0)]), refusal("table", /epoch/));
  assert.equal(bank.held(), 0);
  checkPages([load(1, 0, -1, 0)], BYTES);
  bank.stage([load(1, 0, -1, 0)]);
  assert.deepEqual([bank.held(), taken()], [1, []]);
});

Deno.test("PageBank.begin() waits for the pages that the epoch needs, one behind another", () => {
  const { bank, taken } = openBank();
  bank.stage([load(5, 0, -1, 0), load(6, 1, -1, 0)]);
  assert.equal(bank.begin(0), true);
  assert.deepEqual(taken(), ["clear 0", "page 5 in 0", "clear 1", "page 6 in 1"]);
  const now = LATENCY + 2 * BEATS;
  assert.deepEqual(bank.counts, { now, stalls: now, swaps: 2, bytes: 2 * BYTES });
  assert.equal(bank.begin(0), true);
  assert.deepEqual(bank.counts, { now, stalls: now, swaps: 2, bytes: 2 * BYTES });
  bank.work(1000);
  assert.equal(bank.counts.now, now + 1000);
});

Deno.test("PageBank.begin() loads beside the epoch that runs, and clears a slot once its page is over", () => {
  const { bank, taken } = openBank();
  bank.stage([load(5, 0, -1, 0), load(6, 1, -1, 1), load(7, 0, 0, 2)]);
  bank.begin(0);
  // The slot of page 6 is free, so that it is overwritten from now on; that of page 7 is in use.
  assert.deepEqual(taken(), ["clear 0", "page 5 in 0", "clear 1"]);
  assert.equal(bank.held(), 2 + 1);
  const first = bank.counts.now;
  bank.work(10_000);
  bank.begin(1);
  assert.deepEqual(taken(), ["clear 1", "page 6 in 1", "clear 0"]);
  // Page 6 was staged at the start, and came while epoch 0 ran.
  assert.deepEqual([bank.counts.now, bank.counts.stalls], [first + 10_000, first]);
  bank.work(5);
  bank.begin(2);
  assert.deepEqual(taken(), ["clear 0", "page 7 in 0"]);
  // Page 7 was asked for when epoch 0 had ended.
  const came = first + 10_000 + LATENCY + BEATS;
  assert.deepEqual([bank.counts.now, bank.counts.stalls], [came, first + came - (first + 10_005)]);
});

Deno.test("PageBank.begin() lets the channel alone delay a load whose slot was free earlier", () => {
  const { bank } = openBank();
  bank.begin(0);
  bank.work(100);
  bank.begin(1);
  bank.work(100);
  bank.stage([load(1, 0, 1, 2), load(2, 1, 0, 2)]);
  bank.begin(2);
  assert.equal(bank.counts.now, 200 + LATENCY + 2 * BEATS);
});

Deno.test("PageBank.begin() refuses epochs that are over, and those beyond 2^32 - 2", () => {
  const { bank } = openBank();
  assert.deepEqual([bank.begin(3), bank.begin(3), bank.begin(2)], [true, true, false]);
  assert.deepEqual([bank.begin(MAX_EPOCH + 1), bank.begin(4)], [false, true]);
  assert.deepEqual([bank.begin(MAX_EPOCH), bank.begin(MAX_EPOCH + 1), bank.begin(MAX_EPOCH)], [
    true,
    false,
    true,
  ]);
});

Deno.test("PageBank.fail() names the page, the packet and the epoch", () => {
  const { bank } = openBank();
  assert.throws(() => bank.fail(9, 4), refusal("table", /packet 9: page 77 is not resident in epoch 4/));
});
