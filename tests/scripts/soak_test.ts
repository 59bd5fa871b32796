import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import type { Device } from "../../runtime/device/device.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { tensor } from "../../serialize/tensor.ts";
import { soak } from "../../scripts/xrt/soak.ts";
import { faultyDevice } from "../runtime/faulty_device.ts";
import { random, randomBytes } from "../support/random.ts";

const INPUT = tensor(randomBytes(32 * 48 * 3, 5), { dtype: "u8", shape: [32, 48, 3], layout: "HWC" });
const PLAN = compile({ steps: [{ op: "resize", size: [16, 16] }] }, { input: INPUT, device: MODEL_PROFILE });
const OPTIONS = { plan: PLAN, input: INPUT, timeoutMs: 60 };

/** Counts what is opened and closed. */
function counted(
  open: () => Device,
): { open: () => Promise<Device>; opened: () => number; left: () => number } {
  let [opened, left] = [0, 0];
  return {
    opened: () => opened,
    left: () => left,
    open: () => {
      const device = open();
      let closed = false;
      opened++;
      left++;
      return Promise.resolve({
        ...device,
        close: async () => {
          if (!closed) left--;
          closed = true;
          await device.close();
        },
      });
    },
  };
}

Deno.test("soak() keeps one device while nothing fails", async () => {
  const { open, opened, left } = counted(() => createModelDevice());
  const report = await soak({ ...OPTIONS, open, runs: 25 });
  assert.deepEqual([report.succeeded, report.failed, report.retried, report.wrong], [25, 0, 0, 0]);
  assert.deepEqual([opened(), left(), report.errors], [1, 0, {}]);
});

Deno.test("soak() makes every fault an error or a retry that succeeds, and closes every device", async () => {
  const next = random(9);
  const { open, opened, left } = counted(() =>
    faultyDevice(({ answer }) => {
      const draw = next() % 10;
      if (draw === 0) return Promise.reject(new OnpathError("device", "Cannot answer: it died"));
      // A device that never answers.
      if (draw === 1) return new Promise(() => {});
      return answer();
    })
  );
  const report = await soak({ ...OPTIONS, open, runs: 60, tries: 20 });
  assert.deepEqual([report.succeeded, report.failed, report.wrong], [60, 0, 0]);
  assert(report.retried > 0 && report.errors["device"]! > 0 && report.errors["timeout"]! > 0);
  assert.equal(opened(), 1 + report.errors["device"]! + report.errors["timeout"]!);
  assert.equal(report.devices, opened());
  assert.equal(left(), 0);
});

Deno.test("soak() finds wrong bytes that no check of packets sees", async () => {
  let calls = 0;
  const open = () =>
    Promise.resolve(faultyDevice(async ({ exchange, answer }) => {
      const answers = await answer();
      if (calls++ !== 3) return answers;
      const { engine, address } = exchange.output;
      engine.bytes[address + 64]! ^= 1;
      engine.functions.seal(address, 64 + engine.view.getUint16(address + 20, true));
      return answers;
    }));
  const report = await soak({ ...OPTIONS, open, runs: 8 });
  assert.deepEqual([report.succeeded, report.wrong], [8, 1]);
});

Deno.test("soak() counts runs that never succeed, and ends with what is no failure of a device", async () => {
  const { open, left } = counted(() =>
    faultyDevice(() => Promise.reject(new OnpathError("device", "Cannot answer: it is dead")))
  );
  const report = await soak({ ...OPTIONS, open, runs: 3, tries: 2 });
  assert.deepEqual([report.succeeded, report.failed, report.errors], [0, 3, { device: 6 }]);
  assert.equal(left(), 0);
  const wrong = counted(() => createModelDevice({ ...MODEL_PROFILE, name: "another" }));
  await assert.rejects(soak({ ...OPTIONS, open: wrong.open, runs: 3 }), { code: "plan" });
  assert.equal(wrong.left(), 0);
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(soak({ ...OPTIONS, open, runs: 3, signal }), { message: "enough" });
});
