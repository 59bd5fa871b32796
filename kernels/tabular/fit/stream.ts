/**
 * Fit of a pipeline of records to a stream of batches, in bounded memory.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { identifyFitted } from "../fitted/check.ts";
import { type ColumnSchema, type FittedPipeline, type FittedStep, isValueStep } from "../fitted/steps.ts";
import { parseRecordsPipeline, type RecordsPipeline, type RecordsStep } from "../spec.ts";
import { type Column, type Records, records } from "../table.ts";
import { checkInputs, runSteps } from "../transform.ts";
import type { ColumnSketch, Need } from "./sketch.ts";
import { FitState } from "./state.ts";

/** Opens a stream of batches from its beginning. All batches have the same columns. */
export type RecordsSource = () => AsyncIterable<Records> | Iterable<Records>;

/** Options of {@linkcode fitRecordsStream}. */
export interface FitStreamOptions {
  /** Signal that ends the fit with its reason, between two batches. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fits a pipeline to a stream of batches, in bounded memory. Steps that do not depend on each other share a pass over
 * the stream; a step on the results of another one needs a pass of its own.
 *
 * Counts, minimum and maximum are exact. Means and variances are merged by batch and differ from those of
 * {@linkcode fitRecords} in their last bits. Percentiles are those of a sketch, at most 0.1% off the value of their
 * rank, if its magnitude is at least 10^-56 of the greatest one. At most 65,536 categories a column are counted.
 *
 * @param pipeline Steps.
 * @param source Opens the stream; called once for each pass.
 * @param options Abort signal.
 * @throws {OnpathError} As {@linkcode fitRecords} does; `pipeline` if a step needs statistics of what a step on rows
 * nearby has written; `shape` if batches differ in their columns.
 *
 * @example
 * ```ts
 * import { fitRecordsStream, records } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const batch = (...ages: number[]) => records([{ name: "age", type: "f64", values: Float64Array.from(ages) }]);
 * const fitted = await fitRecordsStream(
 *   { steps: [{ op: "scale", columns: ["age"], method: "min_max" }] },
 *   () => [batch(20, 40), batch(60)],
 * );
 * assert.deepEqual(fitted.steps[0], {
 *   op: "arithmetic",
 *   from: "age",
 *   to: "age",
 *   type: "f64",
 *   terms: [{ op: "multiply", value: 0.025 }, { op: "add", value: -0.5 }],
 * });
 * ```
 */
export async function fitRecordsStream(
  pipeline: RecordsPipeline,
  source: RecordsSource,
  options: FitStreamOptions = {},
): Promise<FittedPipeline> {
  const { steps } = parseRecordsPipeline(pipeline);
  if (typeof source !== "function") {
    throw new OnpathError(
      "shape",
      `Cannot fit a stream: its source is ${kindOf(source)}, expected a function`,
    );
  }
  const { signal } = options;
  const state = new FitState(await readSchema(source, signal));
  for (let at = 0; at < steps.length;) {
    const group = groupAt(steps, at, state);
    const sketches = await sketchGroup(group, state, source, signal);
    for (const step of group) state.fit(step, ({ name }) => sketches.get(name)!.statistics());
    at += group.length;
  }
  return identifyFitted(state.parts());
}

/** Statistics that a step needs of each of its columns. */
export function needOf(step: RecordsStep): Need {
  switch (step.method) {
    case "mean":
    case "z_score":
    case "standard":
      return "moments";
    case "median":
    case "iqr":
    case "clip":
    case "quantile_bins":
    case "robust":
      return "percentiles";
    case "most_frequent":
    case "ordinal":
    case "one_hot":
      return "counts";
    case "uniform_bins":
    case "min_max":
      return "presence";
    case "constant":
    case "window":
    case "last":
      return step.indicator === true ? "presence" : "none";
    default:
      return "none";
  }
}

/** Steps from `at` on, of which none reads a column that another one writes. */
function groupAt(steps: readonly RecordsStep[], at: number, state: FitState): RecordsStep[] {
  const group = [steps[at]!];
  state.columnsOf(group[0]!);
  const touched = new Set(group[0]!.columns);
  for (const step of steps.slice(at + 1)) {
    if (step.columns.some((name) => touched.has(name) || !state.has(name))) break;
    group.push(step);
    for (const name of step.columns) touched.add(name);
  }
  return group;
}

/** Collects the statistics of a group, in one pass or none. */
async function sketchGroup(
  group: readonly RecordsStep[],
  state: FitState,
  source: RecordsSource,
  signal: AbortSignal | undefined,
): Promise<Map<string, ColumnSketch>> {
  const { ColumnSketch } = await import("./sketch.ts");
  const sketches = new Map<string, ColumnSketch>();
  for (const step of group) {
    const sentinel = step.op === "impute" ? step.missing : undefined;
    for (const column of state.columnsOf(step)) {
      sketches.set(column.name, new ColumnSketch(column, needOf(step), sentinel));
    }
  }
  if (group.every((step) => needOf(step) === "none")) return sketches;
  const parts = state.parts();
  checkRows(parts.steps);
  const fitted = identifyFitted(parts);
  for await (const batch of batchesOf(source, signal)) {
    checkInputs(fitted, batch);
    const env = new Map<string, Column>(batch.columns.map((column) => [column.name, column]));
    runSteps(parts.steps, env, batch.rows);
    for (const [name, sketch] of sketches) sketch.add(env.get(name)!);
  }
  return sketches;
}

/** Refuses statistics after a step on rows nearby, which would see the rows of one batch only. */
function checkRows(steps: readonly FittedStep[]): void {
  const rows = steps.find((step) => !isValueStep(step));
  if (rows === undefined) return;
  throw new OnpathError(
    "pipeline",
    `Cannot fit a stream: a step needs statistics after ${rows.op}, which depends on rows nearby; fit all rows at once`,
  );
}

async function readSchema(source: RecordsSource, signal: AbortSignal | undefined): Promise<ColumnSchema[]> {
  for await (const { columns } of batchesOf(source, signal)) {
    return columns.map(({ name, type }) => ({ name, type }));
  }
  throw new OnpathError("shape", "Cannot fit a stream: it has no batch");
}

async function* batchesOf(source: RecordsSource, signal: AbortSignal | undefined): AsyncGenerator<Records> {
  signal?.throwIfAborted();
  for await (const batch of source()) {
    signal?.throwIfAborted();
    yield records(Object(batch).columns);
  }
}
