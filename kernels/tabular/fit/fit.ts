/**
 * Fit of a pipeline of records, exact.
 *
 * @module
 */

import { identifyFitted } from "../fitted/check.ts";
import type { FittedPipeline } from "../fitted/steps.ts";
import { parseRecordsPipeline, type RecordsPipeline } from "../spec.ts";
import { checkRecords, type Column, type Records, records } from "../table.ts";
import { runSteps } from "../transform.ts";
import { FitState } from "./state.ts";
import { exactStatistics } from "./statistics.ts";

/**
 * Fits a pipeline to records. Each step is fitted to what the steps before it make of the records.
 *
 * @param pipeline Steps.
 * @param input Records.
 * @returns Everything that a transform needs, as data that JSON can hold.
 * @throws {OnpathError} `pipeline` if a step is malformed; `shape` if it names a missing column; `dtype` if a column or
 * its values do not fit a step; `size` if there are too many categories.
 *
 * @example
 * ```ts
 * import { fitRecords, records, transformRecords } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const cities = records([
 *   { name: "city", type: "text", codes: Uint8Array.of(0, 1, 0), dictionary: ["Oslo", "Bern"], missing: 255 },
 * ]);
 * const fitted = fitRecords({ steps: [{ op: "encode", columns: ["city"], method: "ordinal" }] }, cities);
 * const { columns: [codes] } = transformRecords(fitted, cities);
 * assert.deepEqual(codes, { name: "city", type: "f64", values: Float64Array.of(1, 0, 1) });
 * ```
 */
export function fitRecords(pipeline: RecordsPipeline, input: Records): FittedPipeline {
  const { steps } = parseRecordsPipeline(pipeline);
  const { columns, rows } = records(checkRecords(input).columns);
  const state = new FitState(columns);
  const env = new Map<string, Column>(columns.map((column) => [column.name, column]));
  for (const step of steps) {
    const added = state.fit(step, ({ name }, sentinel) => exactStatistics(env.get(name)!, sentinel));
    runSteps(added, env, rows);
  }
  return identifyFitted(state.parts());
}
