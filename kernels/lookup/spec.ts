/**
 * Lookup step and its pipeline.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../serialize/errors.ts";
import { parseWith, type Schema } from "../schema.ts";

/** Looks every item of a tensor up in the tables of a memoized function. */
export interface LookupStep {
  /** Name of the step. */
  readonly op: "lookup";
  /** Id of the memo, as `memoize()` computes it. */
  readonly table: number;
}

/** Pipeline of workload `lookup`: one step. */
export interface LookupPipeline {
  /** The lookup, which names its memo. */
  readonly steps: readonly [LookupStep];
}

/** Schema of {@linkcode LookupStep}. */
export const lookupSpec: Schema<LookupStep> = z.strictObject({
  op: z.literal("lookup"),
  table: z.number().int().min(0).max(2 ** 32 - 1),
});

const pipelineSpec: Schema<{ steps: LookupStep[] }> = z.strictObject({
  steps: z.array(lookupSpec as z.ZodType<LookupStep>).max(64),
});

/**
 * Checks a pipeline.
 *
 * @param value Value from outside.
 * @returns Its only step.
 * @throws {OnpathError} `pipeline` if a step is malformed, or there is not exactly one.
 */
export function parseLookupPipeline(value: unknown): LookupStep {
  const { steps } = parseWith(pipelineSpec, value, "pipeline", "pipeline");
  if (steps.length === 1) return steps[0]!;
  throw new OnpathError(
    "pipeline",
    `Cannot compile ${steps.length} lookup steps into one plan: expected 1, memoize the composed function`,
    { steps: steps.length },
  );
}
