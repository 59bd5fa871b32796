/**
 * onpath: offloading the data processing around AI models onto FPGA NICs.
 *
 * Where to read on: each workload has a file that joins all its parts, `kernels/image/workload.ts`,
 * `kernels/tokenize/workload.ts` and `kernels/text_normalize/workload.ts`. `docs/architecture.md` follows a packet.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice, offload, tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array(480 * 640 * 3), { dtype: "u8", shape: [480, 640, 3], layout: "HWC" });
 * const pipeline = {
 *   steps: [
 *     { op: "resize", size: [224, 224], match: "torchvision" },
 *     {
 *       op: "normalize",
 *       mean: [0.485, 0.456, 0.406],
 *       std: [0.229, 0.224, 0.225],
 *       range: "0-1",
 *       dtype: "f32",
 *       layout: "CHW",
 *     },
 *   ],
 * };
 * await using device = createModelDevice();
 * const plan = compile(pipeline, { input: image, device });
 * const { output } = await offload(plan, image, device);
 * assert.deepEqual(output.shape, [3, 224, 224]);
 * ```
 *
 * @module
 */

export * from "./kernels/mod.ts";
export * from "./runtime/mod.ts";
export * from "./serialize/mod.ts";
