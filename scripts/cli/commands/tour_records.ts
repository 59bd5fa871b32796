/**
 * Records of the tour: a small table with holes, filled, encoded and scaled on the tour's device.
 *
 * @module
 */

import { scanDomains } from "../../../kernels/tabular/domain.ts";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import { codedInputs, planRecords } from "../../../kernels/tabular/plan.ts";
import { type Column, records } from "../../../kernels/tabular/table.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { offloadRecords } from "../../../runtime/records.ts";
import { count } from "../text.ts";
import type { FamilyExample } from "./tour_example.ts";

/** Rows of the table. */
const ROWS = 1000;

/**
 * Transforms the table on a device, and compares it with the reference.
 *
 * @param device An open device.
 * @param signal Aborts the run with its reason.
 */
export async function cleanRecords(device: Device, signal: AbortSignal): Promise<FamilyExample> {
  const ages = Float64Array.from({ length: ROWS }, (_, row) => row % 13 === 5 ? NaN : 18 + row * 7 % 60);
  const cities = Uint8Array.from({ length: ROWS }, (_, row) => row * row % 3);
  const table = records([
    { name: "age", type: "f64", values: ages },
    { name: "city", type: "text", codes: cities, dictionary: ["Oslo", "Bern", "Zürich"], missing: 255 },
  ]);
  const fitted = fitRecords({
    steps: [
      { op: "impute", columns: ["age"], method: "median" },
      { op: "scale", columns: ["age"], method: "standard" },
      { op: "encode", columns: ["city"], method: "one_hot" },
    ],
  }, table);
  const scan = scanDomains(codedInputs(fitted));
  scan.add(table);
  const plan = planRecords(fitted, { domains: scan.domains(), device });
  const { output } = await offloadRecords(plan, table, device, { signal });
  const memos = plan.columns.flatMap((column) => column.kind === "device" ? [column.memo] : []);
  const bytes = memos.reduce((sum, { form }) => sum + form.bytes, 0);
  const naiveBytes = memos.reduce((sum, memo) => sum + memo.naiveBytes, 0);
  const different = countDifferent(output.columns, transformRecords(fitted, table).columns);
  return {
    family: "records",
    text:
      `${count(ROWS)} rows filled, scaled and one-hot encoded by ${memos.length} lookups of ${bytes} bytes ` +
      `in place of ${naiveBytes}; ${count(different)} cells differ from the reference`,
    facts: { rows: ROWS, columns: memos.length, bytes, naiveBytes, different },
  };
}

function countDifferent(found: readonly Column[], expected: readonly Column[]): number {
  const cells = (columns: readonly Column[]) =>
    columns.flatMap((column) => column.type === "text" ? [] : [...column.values]);
  const wanted = cells(expected);
  return cells(found).filter((cell, at) => !Object.is(cell, wanted[at])).length;
}
