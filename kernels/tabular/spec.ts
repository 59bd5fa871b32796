/**
 * Pipeline of records: steps that fill, clean, encode and scale columns.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../schema.ts";
import { cleanSpec, type CleanStep } from "./spec/clean.ts";
import { encodeSpec, type EncodeStep } from "./spec/encode.ts";
import { imputeSpec, type ImputeStep } from "./spec/impute.ts";
import { scaleSpec, type ScaleStep } from "./spec/scale.ts";

/** Step of a pipeline of records. */
export type RecordsStep = ImputeStep | CleanStep | EncodeStep | ScaleStep;

/** Steps on the columns of records, in order. Columns that no step names pass unchanged. */
export interface RecordsPipeline {
  /** Steps, at most 256. */
  readonly steps: readonly RecordsStep[];
}

const OPS = { impute: imputeSpec, clean: cleanSpec, encode: encodeSpec, scale: scaleSpec } as const;

const pipelineSpec: Schema<{ steps: { op: keyof typeof OPS }[] }> = z.strictObject({
  steps: z.array(
    z.looseObject({ op: z.enum(["impute", "clean", "encode", "scale"]) }),
  ).min(1).max(256),
});

/**
 * Checks a pipeline of records.
 *
 * @param value Value from outside.
 * @throws {OnpathError} `pipeline` if a step is malformed.
 *
 * @example
 * ```ts
 * import { parseRecordsPipeline } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const step = { op: "impute", columns: ["age"], method: "mean" };
 * assert.deepEqual(parseRecordsPipeline({ steps: [step] }), { steps: [step] });
 * assert.throws(() => parseRecordsPipeline({ steps: [{ ...step, method: "average" }] }), /steps\.0/);
 * ```
 */
export function parseRecordsPipeline(value: unknown): RecordsPipeline {
  const { steps } = parseWith(pipelineSpec, value, "pipeline", "pipeline");
  return {
    steps: steps.map((step, index) =>
      parseWith<RecordsStep>(OPS[step.op], step, "pipeline", `pipeline.steps.${index}`)
    ),
  };
}
