/**
 * Samples of every workload for the suite that runs on every device. A new workload adds its own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { referencePipeline } from "../../kernels/image/reference.ts";
import type { ImagePipeline } from "../../kernels/image/pipeline.ts";
import { compile } from "../../kernels/compile.ts";
import { operandBits } from "../../kernels/memoize/domain.ts";
import { elementsOf } from "../../kernels/memoize/element.ts";
import { type Memo, memoize } from "../../kernels/memoize/memo.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { QuantizedCache } from "../../kernels/quantize/cache.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import type { AnyWorkload } from "../../kernels/registry.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import type { TextTokens } from "../../kernels/tokenize/flows/text_pieces.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { fromBFloat16Bits, fromFloat16Bits, toBFloat16Bits } from "../../serialize/dtype.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { randomCache, referenceCache, referenceValues, reordered } from "../support/caches.ts";
import { random } from "../support/random.ts";
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

/** Elements of the lookups' inputs: more than two packets, and the last one is short. */
const ELEMENTS = 5001;

function lookupSample(
  name: string,
  memo: Memo,
  expected: (codes: readonly number[]) => number,
): WorkloadSample {
  const { dtype, operands } = memo.domain;
  const shape = operands.length === 2 ? [3, ELEMENTS / 3, 2] : [3, ELEMENTS / 3];
  const bits = operandBits(operands[0]!);
  const inputs = [1, 2, 3].map((seed) => {
    const next = random(seed);
    const codes = Uint32Array.from({ length: ELEMENTS * operands.length }, () => next() % 2 ** bits);
    return tensor(elementsOf(codes, dtype), { dtype, shape });
  });
  return {
    name: `lookup (${name})`,
    compile: (device) =>
      compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input: inputs[0]!, device }),
    resources: { memo },
    inputs,
    check: (input, output) => {
      const { data } = input as Tensor;
      const found = output as Tensor;
      assert.deepEqual([found.dtype, found.shape], [memo.output, [3, ELEMENTS / 3]]);
      for (let n = 0; n < ELEMENTS; n++) {
        const at = n * operands.length;
        assert.equal(found.data[n], expected([data[at]!, data[at + 1]!]), `element ${n}`);
      }
    },
  };
}

/** Memoized functions with items of 1 and 2 bytes, and results of 1, 2 and 4 bytes. */
export const LOOKUP_SAMPLES: readonly WorkloadSample[] = [
  lookupSample(
    "u8 to u8",
    memoize((x) => 255 - x, { input: "u8", output: "u8" }),
    ([x]) => 255 - x!,
  ),
  lookupSample(
    "u8 to u16",
    memoize((x) => x * x, { input: "u8", output: "u16" }),
    ([x]) => x! * x!,
  ),
  lookupSample(
    "u8 to f32",
    memoize((x) => Math.sqrt(x), { input: "u8", output: "f32" }),
    ([x]) => Math.fround(Math.sqrt(x!)),
  ),
  lookupSample(
    "bf16 to u8",
    memoize((x) => (Number.isNaN(x) ? 0 : Math.round(8 * x)), {
      input: "bf16",
      output: "u8",
      overflow: "saturate",
    }),
    ([x]) => {
      const value = fromBFloat16Bits(x!);
      return Number.isNaN(value) ? 0 : Math.min(255, Math.max(0, Math.round(8 * value)));
    },
  ),
  lookupSample(
    "f16 to bf16",
    memoize((x) => x, { input: "f16", output: "bf16" }),
    ([x]) => toBFloat16Bits(fromFloat16Bits(x!)),
  ),
  lookupSample(
    "two u8 to u16",
    memoize((a, b) => 256 * a + b, { input: ["u8", "u8"], output: "u16" }),
    ([a, b]) => 256 * a! + b!,
  ),
  lookupSample(
    "12 bits to i32",
    memoize((x) => 1000 * (x >> 6) - (x & 63), { input: { bits: 12 }, output: "i32" }),
    ([x]) => 1000 * (x! >> 6) - (x! & 63),
  ),
];

/** A cache of several packets, the last one padded, and heads that end within one. */
const CACHE: CacheDimensions = [1, 2, 3, 32, 64];

function quantizeSample(dtype: FloatDType, method: QuantizeMethod): WorkloadSample {
  const inputs = [1, 2, 3].map((seed) => reordered(randomCache(dtype, CACHE, seed), [1, 3, 0, 2, 4]));
  return {
    name: `quantize (${dtype}, ${Object.values(method).join(" ")})`,
    compile: (device) => compile({ steps: [{ op: "quantize", method }] }, { input: inputs[0]!, device }),
    inputs,
    check: (input, output) => assert.deepEqual(output, referenceCache(method, input as Tensor)),
  };
}

function dequantizeSample(dtype: FloatDType, method: QuantizeMethod): WorkloadSample {
  const inputs = [1, 2, 3].map((seed) => referenceCache(method, randomCache(dtype, CACHE, seed)));
  return {
    name: `dequantize (${dtype}, ${Object.values(method).join(" ")})`,
    compile: (device) =>
      compile({ steps: [{ op: "dequantize", method, dtype }] }, { input: inputs[0]!, device }),
    inputs,
    check: (input, output) => sameTensor(output as Tensor, referenceValues(dtype, input as QuantizedCache)),
  };
}

/** A method of each kind, with each layout of packets. */
const CACHE_METHODS: readonly QuantizeMethod[] = [
  { kind: "float", format: "e4m3fn", scale: "one", stored: "f16" },
  { kind: "float", format: "e5m2", scale: "block", stored: "bf16" },
  { kind: "float", format: "e4m3fn", scale: "channel", stored: "f16" },
  { kind: "absmax", bits: 4, axis: "channels", group: 64, stored: "f16" },
  { kind: "asymmetric", bits: 8, axis: "tokens", group: 32, stored: "f16" },
  { kind: "mx", format: "mxfp6_e2m3", axis: "channels" },
  { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" },
  { kind: "rotated", bits: 3, stored: "f16" },
];

/** KV caches there and back, in bf16 and f16. */
export const CACHE_SAMPLES: readonly WorkloadSample[] = CACHE_METHODS.flatMap((method, n) => [
  quantizeSample(n % 2 === 0 ? "bf16" : "f16", method),
  dequantizeSample(n % 2 === 0 ? "f16" : "bf16", method),
]);

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
