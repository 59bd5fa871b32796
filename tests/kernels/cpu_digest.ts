/**
 * Digest of what the executor computes for every filter, element type and layout.
 *
 * @module
 */

import { compile } from "../../kernels/compile.ts";
import { createImageExecutor } from "../../kernels/image/cpu/executor.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { crc32c } from "../../serialize/crc32c.ts";
import { type Tensor, tensor, toBytes } from "../../serialize/tensor.ts";
import { randomBytes } from "../support/random.ts";

/** CRC-32C of all outputs of the executor, and of the reference. */
export function digestsOfCpu(): string {
  const digests = [0, 0];
  for (const [pipeline, image] of cases()) {
    const executor = createImageExecutor(compile(pipeline, { input: image, device: MODEL_PROFILE }))!;
    digests[0] = crc32c(toBytes(executor.run(image)), digests[0]);
    digests[1] = crc32c(toBytes(referencePipeline(pipeline, image)), digests[1]);
  }
  return digests.map((digest) => digest.toString(16)).join(" ");
}

function* cases(): Generator<[ImagePipeline, Tensor]> {
  const samplings: ImagePipeline["steps"] = [
    ...(["exact", "opencv", "torchvision"] as const).map((match) => (
      { op: "resize", size: [23, 31], match } as const
    )),
    ...(["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] as const).map((filter) => (
      { op: "letterbox", size: [20, 20], match: "pillow", filter } as const
    )),
    { op: "rotate", degrees: 30, border: "reflect101" },
  ];
  const mean = [0.485, 0.456, 0.406, 0.5], std = [0.229, 0.224, 0.225, 0.25];
  for (const channels of [1, 3, 4]) {
    const data = randomBytes(33 * 47 * channels, channels);
    const image = tensor(data, { dtype: "u8", shape: [33, 47, channels], layout: "HWC" });
    for (const step of samplings) {
      for (const dtype of ["f32", "f16", "bf16", "u8"] as const) {
        for (const layout of ["HWC", "CHW"] as const) {
          const [own, spread] = [mean.slice(0, channels), std.slice(0, channels)];
          const normalize = { op: "normalize", mean: own, std: spread, range: "0-1", dtype, layout } as const;
          yield [{ steps: [step, normalize] }, image];
        }
      }
    }
  }
}
