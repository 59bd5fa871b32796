import assert from "node:assert/strict";
import type { XrtDevice } from "../../../runtime/device/xrt/binding/device.ts";
import type { XrtKernel } from "../../../runtime/device/xrt/binding/kernel.ts";
import { createCardPackets } from "../../../runtime/device/xrt/device/card_packets.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { reserveSlots } from "../../../serialize/packets.ts";
import { refusal } from "../../support/failure.ts";

/** Device and kernel that count open handles, and fail to create the run with a given number. */
function card(failingRun: number) {
  let [open, runs] = [0, 0];
  const handle = <T>(methods: T) => {
    open++;
    return { ...methods, close: () => void open-- };
  };
  const part = (bytes: number) => {
    const memory = new Uint8Array(bytes);
    return { map: () => memory, sync: () => Promise.resolve(), syncNow: () => {} };
  };
  const device = { allocate: () => Promise.resolve(handle({ part })) };
  const run = { running: false, set: () => {}, startNow: () => {}, wait: () => Promise.resolve() };
  const kernel = {
    group: () => 0,
    run: () => {
      if (runs++ === failingRun) throw new OnpathError("device", "Cannot create a run: no handle is left");
      return handle(run);
    },
  };
  return {
    packets: createCardPackets(device as unknown as XrtDevice, kernel as unknown as XrtKernel),
    open: () => open,
  };
}

Deno.test("createCardPackets() frees all handles when a run cannot be created, and the next exchange works", async () => {
  const engine = createEngine(2 ** 20);
  const [input, output] = [reserveSlots(engine, 2, 64), reserveSlots(engine, 2, 64)];
  for (const failingRun of [0, 1, 2]) {
    const { packets, open } = card(failingRun);
    const exchange = () => packets.exchange({ input, count: 1, output }, 1, {});
    await assert.rejects(exchange(), refusal("device", /no handle is left/));
    assert.equal(open(), 0);
    assert.deepEqual(await exchange(), { answers: 0, bytes: 0 });
    assert.equal(open(), 5);
  }
});
