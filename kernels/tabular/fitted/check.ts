/**
 * Fitted pipelines from outside, and their id.
 *
 * @module
 */

import { crc32c } from "../../../serialize/crc32c.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { parseWith } from "../../schema.ts";
import { flowTypes } from "./flow.ts";
import { fittedSchema } from "./schema.ts";
import { FITTED_VERSION, type FittedPipeline } from "./steps.ts";

/** Completes a fitted pipeline with its version and id, after a check of its types. */
export function identifyFitted(parts: Omit<FittedPipeline, "id" | "version">): FittedPipeline {
  const { inputs, steps, outputs, drop } = parts;
  const fitted: FittedPipeline = { version: FITTED_VERSION, id: idOf(parts), inputs, steps, outputs, drop };
  // A fit must not make what parseFitted() refuses.
  parseWith(fittedSchema, fitted, "pipeline", "fitted");
  flowTypes(parts);
  return fitted;
}

/**
 * Checks a fitted pipeline, such as one from a JSON file.
 *
 * @param value Value from outside.
 * @returns The pipeline; keys are put in the order of the schema.
 * @throws {OnpathError} `pipeline` if it is malformed, of another version, or was changed.
 *
 * @example
 * ```ts
 * import { fitRecords, parseFitted, records } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const people = records([{ name: "age", type: "f64", values: Float64Array.of(31, NaN, 47) }]);
 * const fitted = fitRecords({ steps: [{ op: "impute", columns: ["age"], method: "mean" }] }, people);
 * assert.deepEqual(parseFitted(JSON.parse(JSON.stringify(fitted))), fitted);
 * ```
 */
export function parseFitted(value: unknown): FittedPipeline {
  const fitted = parseWith(fittedSchema, value, "pipeline", "fitted");
  const { id, ...parts } = fitted;
  if (idOf(parts) !== id) {
    throw new OnpathError(
      "pipeline",
      `Cannot use fitted pipeline ${id}: its contents have id ${idOf(parts)}`,
      { id },
    );
  }
  flowTypes(parts);
  return fitted;
}

/** CRC-32C of the parts, as JSON with sorted keys. */
function idOf({ inputs, steps, outputs, drop }: Omit<FittedPipeline, "id" | "version">): number {
  return crc32c(new TextEncoder().encode(JSON.stringify({ inputs, steps, outputs, drop }, sortKeys)));
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
