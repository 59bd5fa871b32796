/**
 * Samples of every workload for the suite that runs on every device. A new workload adds its own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/compile.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { AnyWorkload } from "../../kernels/registry.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import type { TextTokens } from "../../kernels/tokenize/flows/text_pieces.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { noise } from "../support/images.ts";
import { sameTensor } from "./helpers.ts";

/** What the suite needs of a workload. */
export interface WorkloadSample {
  /** Name in test names. */
  readonly name: string;
  /** Compiles the plan for a device. */
  readonly compile: (profile: DeviceProfile) => Plan;
  /** Resources of the plan. */
  readonly resources?: unknown;
  /** The workload, if the registry does not list it. */
  readonly workload?: AnyWorkload;
  /** Different inputs, at least three. */
  readonly inputs: readonly unknown[];
  /** Asserts that an output is right. */
  readonly check: (input: unknown, output: unknown) => void;
}

function imageSample(name: string, pipeline: ImagePipeline, images: readonly Tensor[]): WorkloadSample {
  return {
    name,
    compile: (device) => compile(pipeline, { input: images[0]!, device }),
    inputs: images,
    check: (input, output) => sameTensor(output as Tensor, referencePipeline(pipeline, input as Tensor)),
  };
}

const images = [1, 2, 3, 4].map((seed) => noise(1, 40, 60, 3, seed));

/** Images: cells, a normalised tensor, and rows through a filter. */
export const IMAGE_SAMPLES: readonly WorkloadSample[] = [
  imageSample("image (cells)", { steps: [{ op: "resize", size: [90, 80] }] }, images),
  imageSample("image (tensor)", {
    steps: [
      { op: "resize", size: [50, 70], match: "torchvision" },
      {
        op: "normalize",
        mean: [0.5, 0.4, 0.3],
        std: [0.2, 0.3, 0.4],
        range: "0-1",
        dtype: "f16",
        layout: "CHW",
      },
    ],
  }, images),
  imageSample("image (rows)", { steps: [{ op: "resize", size: [20, 30], match: "pillow" }] }, images),
];

const TEXTS = [
  "The quick brown fox jumps over the lazy dog. ".repeat(40),
  "naïve façade, Привет мир, 你好世界, 🙂🙃 \u0301\u0323 " + "x".repeat(700),
  "    \n\n\tdef f(x):\n        return x ** 2  # 12345678901234567890\n".repeat(30),
  "a",
];

/** Texts to tokens. */
export function tokenSample(vocabulary: Vocabulary, payload = 100): WorkloadSample {
  const encoder = createEncoder(vocabulary);
  return {
    name: `tokenize (${vocabulary.name})`,
    compile: (device) => compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device, payload }),
    resources: { vocabulary },
    inputs: TEXTS,
    check: (input, output) => {
      const { ids, starts, ends } = output as TextTokens;
      assert.deepEqual([...ids], [...encoder.encode(input as string)]);
      if (vocabulary.algorithm === "wordpiece") return;
      assert.equal(starts[0], 0);
      assert.equal(ends.at(-1), new TextEncoder().encode(input as string).length);
    },
  };
}

/** Texts to normalised texts. */
export const NORMALIZE_SAMPLE: WorkloadSample = {
  name: "text_normalize",
  compile: (device) =>
    compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfkc" }, { op: "lower_case" }] }] }, {
      device,
      payload: 100,
    }),
  inputs: TEXTS,
  check: (input, output) =>
    assert.equal(
      new TextDecoder().decode(output as Uint8Array),
      normalizeText(input as string, [{ op: "nfkc" }, { op: "lower_case" }]),
    ),
};
