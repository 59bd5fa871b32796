/**
 * Rows of records: parts of them, and records one after the other.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { type Column, isValid, numberArray, quoted, type Records, rowsOf } from "./table.ts";

/**
 * Takes rows of a column. Elements are shared, except a validity that does not begin at a byte.
 *
 * @param column Column.
 * @param from First row.
 * @param to Exclusive end of the rows.
 */
export function sliceColumn(column: Column, from: number, to: number): Column {
  if (from === 0 && to === rowsOf(column)) return column;
  if (column.type === "text") return { ...column, codes: column.codes.subarray(from, to) };
  const { name, type, validity } = column;
  const values = column.values.subarray(from, to);
  if (validity === undefined) return { name, type, values } as Column;
  if (from % 8 === 0) return { name, type, values, validity: validity.subarray(from / 8) } as Column;
  const bits = new Uint8Array(Math.ceil(values.length / 8));
  for (let row = from; row < to; row++) {
    if (isValid(column, row)) bits[(row - from) >> 3]! |= 1 << ((row - from) & 7);
  }
  return { name, type, values, validity: bits } as Column;
}

/**
 * Takes rows of records.
 *
 * @param records Records.
 * @param from First row.
 * @param to Exclusive end of the rows.
 */
export function sliceRecords({ columns }: Records, from: number, to: number): Records {
  return { rows: to - from, columns: columns.map((column) => sliceColumn(column, from, to)) };
}

/**
 * Joins batches of the same columns.
 *
 * @param batches At least one batch. Texts of a column have one dictionary, which may grow from batch to batch.
 * @throws {OnpathError} `shape` if columns or dictionaries differ.
 */
export function joinRecords(batches: readonly Records[]): Records {
  const [first, ...others] = batches;
  if (first === undefined) throw new OnpathError("shape", "Cannot join records: expected at least one batch");
  if (others.length === 0) return first;
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const columns = first.columns.map((column, at) => {
    const parts = batches.map((batch) => batch.columns[at]);
    if (parts.every((part) => part?.name === column.name && part.type === column.type)) {
      return joinColumn(parts as Column[], rows);
    }
    throw new OnpathError(
      "shape",
      `Cannot join records: column ${quoted(column.name)} is missing or of another type`,
      {
        name: column.name,
      },
    );
  });
  return { rows, columns };
}

function joinColumn(parts: readonly Column[], rows: number): Column {
  const last = parts.at(-1)!;
  let at = 0;
  if (last.type === "text") {
    const codes = new Uint32Array(rows);
    for (const part of parts) {
      if (
        part.type !== "text" || part.missing !== last.missing || !isStart(part.dictionary, last.dictionary)
      ) {
        throw new OnpathError("shape", `Cannot join records: dictionaries of ${quoted(last.name)} differ`, {
          name: last.name,
        });
      }
      codes.set(part.codes, at);
      at += part.codes.length;
    }
    return { ...last, codes };
  }
  const { name, type } = last;
  const values = numberArray(type, rows);
  let validity: Uint8Array<ArrayBuffer> | undefined;
  for (const part of parts as readonly (typeof last)[]) {
    values.set(part.values, at);
    if (part.validity !== undefined) {
      validity ??= new Uint8Array(Math.ceil(rows / 8)).fill(255);
      for (let row = 0; row < part.values.length; row++) {
        if (!isValid(part, row)) validity[(at + row) >> 3]! &= ~(1 << ((at + row) & 7));
      }
    }
    at += part.values.length;
  }
  return { name, type, values, ...(validity === undefined ? {} : { validity }) } as Column;
}

function isStart(list: readonly string[], of: readonly string[]): boolean {
  return list === of || (list.length <= of.length && list.every((text, at) => text === of[at]));
}
