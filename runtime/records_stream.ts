/**
 * Records on a device in batches, as of a file that is longer than memory.
 *
 * @module
 */

import type { RecordsPlan } from "../kernels/tabular/plan.ts";
import { joinRecords, sliceRecords } from "../kernels/tabular/rows.ts";
import type { Context } from "../kernels/tabular/slice.ts";
import type { Records } from "../kernels/tabular/table.ts";
import type { Device } from "./device/device.ts";
import { openRecords, type RecordsResult } from "./records.ts";
import type { RunOptions } from "./run_options.ts";

/** Batch with the rows around it that its results depend on. */
interface Surrounded {
  readonly records: Records;
  readonly from: number;
  readonly to: number;
}

/**
 * Transforms batches on a device, one after the other. Batches overlap by the rows that windows need, so that results
 * are those of all rows at once.
 *
 * @param plan Plan for the device.
 * @param batches Batches of the same columns, in order.
 * @param device An open device. The caller closes it.
 * @param options Signal, timeout and retries of every batch.
 * @returns Results in order. A result may have no rows.
 * @throws {OnpathError} As `RecordsSession.run`.
 *
 * @example
 * ```ts
 * import {
 *   codedInputs, createModelDevice, fitRecords, offloadRecordsStream, planRecords, records, scanDomains,
 * } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * const batch = (...ages: number[]) => records([{ name: "age", type: "f64", values: Float64Array.from(ages) }]);
 * const fitted = fitRecords({ steps: [{ op: "impute", columns: ["age"], method: "last", window: 2 }] }, batch(1, NaN));
 * const plan = planRecords(fitted, { domains: scanDomains(codedInputs(fitted)).domains(), device });
 * const ages: number[] = [];
 * for await (const { output } of offloadRecordsStream(plan, [batch(31), batch(NaN, 47)], device)) {
 *   const [age] = output.columns;
 *   if (age?.type === "f64") ages.push(...age.values);
 * }
 * assert.deepEqual(ages, [31, 31, 47]); // the missing value is filled from the batch before
 * ```
 */
export async function* offloadRecordsStream(
  plan: RecordsPlan,
  batches: AsyncIterable<Records> | Iterable<Records>,
  device: Device,
  options: RunOptions = {},
): AsyncGenerator<RecordsResult> {
  const session = openRecords(plan, device);
  for await (const { records, from, to } of surround(batches, plan.context)) {
    options.signal?.throwIfAborted();
    yield await session.run(records, { ...options, rows: { from, to } });
  }
}

/** Adds the last rows before and the first rows after to each batch. */
async function* surround(
  batches: AsyncIterable<Records> | Iterable<Records>,
  { before, after }: Context,
): AsyncGenerator<Surrounded> {
  let held: Records | undefined;
  // First row of `held` that has no result yet.
  let from = 0;
  for await (const batch of batches) {
    const records: Records = held === undefined ? batch : joinRecords([held, batch]);
    const to = Math.max(from, records.rows - after);
    if (to > from || held === undefined) yield { records, from, to };
    const kept = Math.max(0, to - before);
    held = sliceRecords(records, kept, records.rows);
    from = to - kept;
  }
  if (held !== undefined && held.rows > from) yield { records: held, from, to: held.rows };
}
