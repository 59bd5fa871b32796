/**
 * Columns of plain values, for tests.
 *
 * @module
 */

import {
  type Cell,
  type Column,
  type ColumnType,
  type Records,
  records,
} from "../../../kernels/tabular/table.ts";
import { buildColumn, cellsOf, roundTo } from "../../../kernels/tabular/values.ts";

/** Makes a column; numbers are rounded to the type. */
export function column(name: string, type: ColumnType, values: readonly Cell[]): Column {
  return buildColumn({ name, type, rows: values.length }, (row) => {
    return type === "text" ? values[row]! : roundTo(type, Number(values[row]))!;
  });
}

/** Makes records of one type, with columns `c0`, `c1` and so on. */
export function recordsOf(type: ColumnType, columns: readonly (readonly Cell[])[]): Records {
  return records(columns.map((values, index) => column(`c${index}`, type, values)));
}

/** Reads all cells of a column. */
export function valuesOf(of: Column, rows: number): Cell[] {
  const read = cellsOf(of);
  return Array.from({ length: rows }, (_, row) => read(row));
}
