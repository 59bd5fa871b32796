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
import type { Row } from "../summary.ts";

/** Rows of the table. */
const ROWS = 1000;

/** Result of the tour's records. Plain data. */
export interface TourRecords {
  /** Rows, and columns of the result. */
  readonly rows: number;
  /** Columns of the result that the device computed. */
  readonly columns: number;
  /** Bytes of all tables. */
  readonly bytes: number;
  /** Bytes of tables with one entry a code. */
  readonly naiveBytes: number;
  /** Cells that differ from the reference. */
  readonly different: number;
}

/**
 * Transforms the table on a device, and compares it with the reference.
 *
 * @param device An open device.
 * @param signal Aborts the run with its reason.
 */
export async function tourRecords(device: Device, signal: AbortSignal): Promise<TourRecords> {
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
  return {
    rows: ROWS,
    columns: memos.length,
    bytes: memos.reduce((sum, { form }) => sum + form.bytes, 0),
    naiveBytes: memos.reduce((sum, memo) => sum + memo.naiveBytes, 0),
    different: countDifferent(output.columns, transformRecords(fitted, table).columns),
  };
}

function countDifferent(found: readonly Column[], expected: readonly Column[]): number {
  const cells = (columns: readonly Column[]) =>
    columns.flatMap((column) => column.type === "text" ? [] : [...column.values]);
  const wanted = cells(expected);
  return cells(found).filter((cell, at) => !Object.is(cell, wanted[at])).length;
}

/** Row of the tour's report; empty if the records did not run. */
export function recordsRows(found: TourRecords | undefined): Row[] {
  if (found === undefined) return [];
  const { rows, columns, bytes, naiveBytes, different } = found;
  return [[
    "records",
    `${count(rows)} rows filled, scaled and one-hot encoded by ${columns} lookups of ${bytes} bytes ` +
    `(${naiveBytes} with one entry a code); ${count(different)} cells differ from the reference`,
  ]];
}
