/**
 * Compilation of a pipeline into a plan, for any workload.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import type { ImagePipeline, OutputDType } from "./image/pipeline.ts";
import type { CompileOptions } from "./image/plan/compile_options.ts";
import type { ImagePlan } from "./image/plan/plan.ts";
import type { DType } from "../serialize/dtype.ts";
import type { LookupCompileOptions, LookupPlan } from "./lookup/plan.ts";
import type { LookupPipeline } from "./lookup/spec.ts";
import { type AnyWorkload, WORKLOADS } from "./registry.ts";
import type { Plan } from "./plan/plan.ts";
import type { FloatDType } from "./quantize/formats/elements.ts";
import type {
  DequantizeCompileOptions,
  DequantizePlan,
  QuantizeCompileOptions,
  QuantizePlan,
} from "./quantize/plan.ts";
import type { DequantizePipeline, QuantizePipeline } from "./quantize/spec.ts";
import type { NormalizeCompileOptions, NormalizePlan } from "./text_normalize/plan.ts";
import type { TextCompileOptions } from "./tokenize/plan/compile.ts";
import type { TokenizePlan } from "./tokenize/plan/plan.ts";
import type { NormalizePipeline, TokenizePipeline } from "./tokenize/plan/spec.ts";

/**
 * Compiles a pipeline for one target. The step names select the workload.
 *
 * @param pipeline Steps of the user.
 * @param options Target device and the workload's inputs: `input` for images, `vocabulary` for
 * tokens, `memo` and `input` for lookups, `input` for KV caches.
 * @returns Plan: plain data, equal for equal arguments.
 * @throws {OnpathError} `pipeline` if a step is unknown, malformed or unsuitable; `dtype`, `shape`, `size`,
 * `device` or `table` if something does not fit.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const plan = compile(
 *   { steps: [{ op: "resize", size: [224, 224] }] },
 *   { input: { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" }, device },
 * );
 * assert.equal(plan.workload, "image");
 * assert.equal(plan.body.bounds[0]!.levels, 0);
 * assert.equal(compile({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }, { device }).workload, "text_normalize");
 * const method = { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" } as const;
 * const input = { dtype: "bf16", shape: [32, 64, 8, 16, 128] } as const;
 * assert.equal(compile({ steps: [{ op: "quantize", method }] }, { input, device }).packets.answer, 240);
 * ```
 */
export function compile<const P extends ImagePipeline>(
  pipeline: P,
  options: CompileOptions,
): ImagePlan<OutputDType<P>>;
/** Compiles a pipeline that gives tokens, for one vocabulary. */
export function compile(pipeline: TokenizePipeline, options: TextCompileOptions): TokenizePlan;
/** Compiles a pipeline that normalises text. */
export function compile(pipeline: NormalizePipeline, options: NormalizeCompileOptions): NormalizePlan;
/** Compiles a pipeline that looks tensors up in a memo. */
export function compile<D extends DType>(
  pipeline: LookupPipeline,
  options: LookupCompileOptions<D>,
): LookupPlan<D>;
/** Compiles a pipeline that quantizes a KV cache. */
export function compile<D extends FloatDType>(
  pipeline: QuantizePipeline,
  options: QuantizeCompileOptions<D>,
): QuantizePlan<D>;
/** Compiles a pipeline that takes a quantized KV cache back to values. */
export function compile<D extends FloatDType>(
  pipeline: DequantizePipeline<D>,
  options: DequantizeCompileOptions,
): DequantizePlan<D>;
export function compile(pipeline: unknown, options: object): Plan {
  if (typeof options !== "object" || options === null) {
    throw new OnpathError(
      "pipeline",
      `Cannot compile: expected options with a device, found ${typeof options}`,
    );
  }
  return workloadOf(stepNames(pipeline)).compile(pipeline, options);
}

/**
 * Lists the names of a pipeline's steps. A malformed step has the name "undefined"; the workload's parser refuses it.
 *
 * @param pipeline Anything, such as parsed JSON.
 */
export function stepNames(pipeline: unknown): string[] {
  const { steps } = Object(pipeline) as { steps?: unknown };
  return Array.isArray(steps) ? steps.map((step) => String(Object(step).op)) : [];
}

function workloadOf(ops: readonly string[]): AnyWorkload {
  const known = new Set(WORKLOADS.flatMap(({ steps }) => steps));
  const unknown = ops.findIndex((op) => !known.has(op));
  if (unknown >= 0) {
    const op = ops[unknown]!.slice(0, 40);
    throw new OnpathError(
      "pipeline",
      `Cannot read steps.${unknown}: op ${JSON.stringify(op)} is unknown, expected one of ${
        [...known].join(", ")
      }`,
      { step: unknown, op, known: [...known] },
    );
  }
  const found = WORKLOADS.find(({ steps }) => ops.every((op) => steps.includes(op)));
  if (found !== undefined) return found;
  throw new OnpathError(
    "pipeline",
    `Cannot compile ${
      ops.join(", ")
    } into one plan: they belong to different workloads, compile each and chain them`,
    { ops },
  );
}
