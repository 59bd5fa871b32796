/**
 * An image through AMD's XRT library on an emulated card, which runs the RTL. For a real card, use
 * `openXrtOffload({ xclbin: "nic.xclbin" })` from `onpath/xrt`. Requires Debian's package libxrt1.
 *
 *     deno task example examples/card.ts
 *
 * @module
 */

import { compile, type ImagePipeline, offload, OnpathError, referencePipeline, tensor } from "onpath";
import { openEmulated } from "../scripts/xrt/emulated.ts";

const pixels = Uint8Array.from({ length: 120 * 160 * 3 }, (_, at) => at % 251);
const image = tensor(pixels, { dtype: "u8", shape: [120, 160, 3], layout: "HWC" });
const pipeline: ImagePipeline = { steps: [{ op: "resize", size: [64, 64] }] };

const card = await openEmulated().catch((error) => {
  if (!(error instanceof OnpathError && error.code === "device")) throw error;
  console.log(`skipped: ${error.message}`);
});
if (card !== undefined) {
  await using device = card;
  const plan = compile(pipeline, { input: image, device });
  const { output, report } = await offload(plan, image, device);
  const expected = referencePipeline(pipeline, image);
  const isEqual = output.data.every((value, at) => value === expected.data[at]);
  console.log(`${report.sent} packets, ${report.counters.cycles} cycles, equal to the reference: ${isEqual}`);
}
