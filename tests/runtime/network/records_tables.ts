/**
 * Tables of records for the network: each column that a device cleans crosses as one lookup of its codes.
 *
 * @module
 */

import type { Memo } from "../../../kernels/memoize/memo.ts";
import { fitRecords } from "../../../kernels/tabular/fit/fit.ts";
import {
  codedInputs,
  type DeviceColumn,
  planRecords,
  type RecordsPlan,
} from "../../../kernels/tabular/plan.ts";
import { scanDomains } from "../../../kernels/tabular/domain.ts";
import { findColumn, type Records, records } from "../../../kernels/tabular/table.ts";
import type { DeviceProfile } from "../../../kernels/target/profile.ts";
import type { DType } from "../../../serialize/dtype.ts";
import { type Tensor, tensor } from "../../../serialize/tensor.ts";
import { random } from "../../support/random.ts";

/** Columns of {@linkcode peopleTable}. */
export const COLUMNS = ["age", "city"] as const;
const CITIES = ["Bern", "Lima", "Oslo", "Pune", "Rome"];
const MISSING = 255;

/** A table of ages, some of which are missing or wrong, and of cities. */
export function peopleTable(rows: number, seed: number): Records {
  const next = random(seed);
  const ages = Float64Array.from({ length: rows }, () => {
    const draw = next() % 100;
    return draw === 0 ? NaN : draw === 1 ? 900 : (next() % 200) / 2;
  });
  const codes = Uint8Array.from({ length: rows }, () => next() % 50 === 0 ? MISSING : next() % CITIES.length);
  return records([
    { name: "age", type: "f64", values: ages },
    { name: "city", type: "text", codes, dictionary: CITIES, missing: MISSING },
  ]);
}

/** Fits the pipeline to the first table, and plans it for all of them. */
export function planPeople(tables: readonly Records[], device: DeviceProfile): RecordsPlan {
  const fitted = fitRecords({
    steps: [
      { op: "impute", columns: ["age"], method: "median" },
      { op: "clean", columns: ["age"], method: "iqr", action: "clip" },
      { op: "scale", columns: ["age"], method: "standard" },
      { op: "impute", columns: ["city"], method: "most_frequent" },
      { op: "encode", columns: ["city"], method: "ordinal" },
    ],
  }, tables[0]!);
  const scan = scanDomains(codedInputs(fitted));
  for (const table of tables) scan.add(table);
  return planRecords(fitted, { domains: scan.domains(), device });
}

/** A column of a plan, its lookup, and the codes of a table for it. */
export interface CodedColumn {
  readonly column: DeviceColumn;
  readonly memo: Memo<DType>;
  readonly items: Tensor;
}

/** Codes a table for a column that a device computes. */
export function codedColumn(plan: RecordsPlan, name: string, table: Records): CodedColumn {
  const column = plan.columns.find((each) => each.name === name);
  if (column?.kind !== "device") throw new Error(`a device does not compute column ${name}`);
  const codes = plan.coders.get(column.input)!.encode(findColumn(table, column.input), 0, table.rows);
  const { memo } = column;
  return {
    column,
    memo,
    items: tensor(codes, { dtype: memo.domain.dtype, shape: [codes.length] }) as Tensor,
  };
}
