/**
 * An image through the model, the RTL and the cpu device, under whatever permissions this process has.
 *
 * @module
 */

import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { createCpuDevice } from "../../../runtime/device/cpu/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { createRtlDevice } from "../../../runtime/device/rtl/device.ts";
import { offload } from "../../../runtime/offload.ts";
import { noise } from "../../support/images.ts";

const image = noise(1, 20, 30, 3, 1);
for (const device of [createModelDevice(), await createRtlDevice(), createCpuDevice()]) {
  const plan = compile({ steps: [{ op: "resize", size: [8, 8] }] }, { input: image, device });
  const { output } = await offload(plan, image, device);
  assert.deepEqual([...output.shape], [1, 8, 8, 3]);
}
console.log("done");
