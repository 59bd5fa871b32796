/**
 * XRT itself starts the device processes: two cards, each with a process of its own.
 */

import assert from "node:assert/strict";
import type { ImagePipeline } from "../../../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../../../kernels/image/reference.ts";
import { compile } from "../../../../kernels/compile.ts";
import { offload } from "../../../../runtime/offload.ts";
import { emulatedXclbin } from "../../../../runtime/device/emulation/image.ts";
import { createXrtOffload } from "../../../../runtime/device/xrt/device/card_device.ts";
import { openXrt } from "../../../../runtime/device/xrt/binding/library.ts";
import { XrtDevice } from "../../../../runtime/device/xrt/binding/device.ts";
import { prepareEnvironment } from "../../../../scripts/emulation/environment.ts";
import { remedyDefect } from "../../../../scripts/emulation/remedy.ts";
import { keepSignals } from "../../../../scripts/emulation/signals.ts";
import { noise } from "../../../support/images.ts";
import { sameTensor } from "../../helpers.ts";
import { PROGRAM } from "./cards.ts";

Deno.test("two cards whose processes XRT has started", async () => {
  const { restore } = prepareEnvironment(2, PROGRAM);
  try {
    const giveBack = keepSignals((await openXrt()).provider);
    const devices = [];
    for (const index of [0, 1]) {
      const device = await XrtDevice.open({ index });
      remedyDefect(device);
      await device.load(emulatedXclbin());
      devices.push(createXrtOffload({ device }));
    }
    giveBack();
    const image = noise(1, 20, 30, 3, 1);
    const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [40, 40] }] };
    for (const device of devices) {
      const plan = compile(pipeline, { input: image, device });
      sameTensor((await offload(plan, image, device)).output, referencePipeline(pipeline, image));
    }
    assert.deepEqual(devices.map((device) => device.counters().packets), [20, 20]);
    for (const device of devices) await device.close();
    await assert.rejects(XrtDevice.open({ index: 2 }), { code: "device" });
  } finally {
    restore();
  }
});
