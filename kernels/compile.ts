/**
 * Compilation of a pipeline into a plan, for any workload.
 *
 * @module
 */

import { OnpathError } from "../serialize/errors.ts";
import type { ImagePipeline, OutputDType } from "./image/pipeline.ts";
import type { CompileOptions } from "./image/plan/compile.ts";
import type { ImagePlan } from "./image/plan/plan.ts";
import { WORKLOADS } from "./registry.ts";
import type { Plan } from "./plan/plan.ts";
import type { NormalizeCompileOptions, NormalizePlan } from "./text_normalize/plan.ts";
import type { TextCompileOptions } from "./tokenize/plan/compile.ts";
import type { TokenizePlan } from "./tokenize/plan/plan.ts";
import type { NormalizePipeline, TokenizePipeline } from "./tokenize/plan/spec.ts";

/**
 * Compiles a pipeline for one target. The step names select the workload.
 *
 * @param pipeline Steps of the user.
 * @param options Target device and the workload's inputs: `input` for images, `vocabulary` for tokens.
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
 * ```
 */
export function compile<const P extends ImagePipeline>(
  pipeline: P,
  options: CompileOptions,
): ImagePlan<OutputDType<P>>;
export function compile(pipeline: TokenizePipeline, options: TextCompileOptions): TokenizePlan;
export function compile(pipeline: NormalizePipeline, options: NormalizeCompileOptions): NormalizePlan;
export function compile(pipeline: unknown, options: object): Plan {
  const ops = stepNames(pipeline);
  if (typeof options !== "object" || options === null) {
    throw new OnpathError(
      "pipeline",
      `Cannot compile: expected options with a device, found ${typeof options}`,
    );
  }
  return WORKLOADS.find((workload) => workload.takes(ops))!.compile(pipeline, options);
}

/** Returns the names of the steps. Malformed steps are refused later by the workload's own parser. */
function stepNames(pipeline: unknown): string[] {
  const { steps } = Object(pipeline) as { steps?: unknown };
  return Array.isArray(steps) ? steps.map((step) => String(Object(step).op)) : [];
}
