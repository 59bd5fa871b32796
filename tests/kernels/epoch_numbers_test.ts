import assert from "node:assert/strict";
import {
  checkLoadEpochs,
  createEpochCounter,
  createEpochEnds,
  lastEpoch,
  MAX_EPOCH,
} from "../../kernels/epochs.ts";
import { createEngine } from "../../serialize/engine.ts";
import { OFFSET } from "../../serialize/header.ts";
import { reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { refusal } from "../support/failure.ts";

Deno.test("lastEpoch() is the greatest epoch up to 2^32 - 2, of the packets that are sent", () => {
  assert.equal(MAX_EPOCH, 2 ** 32 - 2);
  const slots = reserveSlots(createEngine(2 ** 12), 4, 8);
  const last = (...epochs: number[]) => {
    epochs.forEach((epoch, slot) =>
      slots.engine.view.setUint32(slotAddress(slots, slot) + OFFSET.epoch, epoch, true)
    );
    return lastEpoch({ input: slots, count: epochs.length, output: slots });
  };
  assert.equal(last(), 0);
  assert.equal(last(3, 9, 4), 9);
  assert.equal(last(3, 5), 5);
  assert.equal(last(7, MAX_EPOCH), MAX_EPOCH);
  assert.equal(last(7, MAX_EPOCH + 1), 7);
});

Deno.test("checkLoadEpochs() accepts epochs from 0 to 2^32 - 2, and -1 for a slot that is free", () => {
  for (const [after, before] of [[-1, 0], [0, 0], [5, 6], [MAX_EPOCH, MAX_EPOCH], [-1, MAX_EPOCH]] as const) {
    checkLoadEpochs({ page: 1, after, before });
  }
  const wrong = [[-2, 0], [0, -1], [-1, -1], [MAX_EPOCH + 1, 0], [0, MAX_EPOCH + 1], [0.5, 0], [
    0,
    NaN,
  ]] as const;
  for (const [after, before] of wrong) {
    assert.throws(() => checkLoadEpochs({ page: 1, after, before }), refusal("table", /page 1/));
  }
});

Deno.test("createEpochCounter() reserves up to its limit, and begins again at 0", () => {
  const epochs = createEpochCounter(10);
  assert.deepEqual([epochs.reserve(0), epochs.reserve(10), epochs.reserve(1), epochs.reserve(0)], [
    0,
    0,
    null,
    10,
  ]);
  epochs.restart();
  assert.deepEqual([epochs.reserve(11), epochs.reserve(4), epochs.reserve(7), epochs.reserve(6)], [
    null,
    0,
    null,
    4,
  ]);
  const all = createEpochCounter();
  assert.deepEqual([all.reserve(2 ** 32), all.reserve(2 ** 32 - 1), all.reserve(1)], [null, 0, null]);
});

Deno.test("createEpochEnds() keeps the latest 4 slots + 16 ends", () => {
  for (const slots of [1, 3]) {
    const ends = createEpochEnds(slots);
    const kept = 4 * slots + 16;
    for (let epoch = 0; epoch < kept; epoch++) ends.set(epoch, 100 + epoch);
    assert.deepEqual([ends.size(), ends.get(0), ends.get(kept - 1)], [kept, 100, 99 + kept]);
    ends.set(kept, 7);
    assert.deepEqual([ends.size(), ends.get(0), ends.get(1), ends.get(kept)], [kept, undefined, 101, 7]);
  }
});
