/**
 * Columns that depend on rows nearby: the host computes the steps around, and a device the step on the rows.
 *
 * @module
 */

import type { ComposedColumn } from "../kernels/tabular/compose.ts";
import type { RowsStep } from "../kernels/tabular/fitted/steps.ts";
import type { CellFunction } from "../kernels/tabular/maps.ts";
import type { WindowColumn } from "../kernels/tabular/plan.ts";
import { type Cell, type Column, findColumn, type Records } from "../kernels/tabular/table.ts";
import { buildColumn, cellsOf } from "../kernels/tabular/values.ts";
import type { WindowInput } from "../kernels/tabular/window/workload.ts";

/** Runs a step on rows nearby on a device. */
export type RunWindow = (step: RowsStep, cells: WindowInput) => Promise<Float64Array>;

/**
 * Computes a column for all rows of the input.
 *
 * @param column Planned column.
 * @param input Records.
 * @param run Runs a step on the device.
 * @returns The column; undefined if a step refuses a value.
 */
export async function windowColumn(
  { name, type, source: { step, from, apply } }: WindowColumn,
  input: Records,
  run: RunWindow,
): Promise<Column | undefined> {
  const cells = await windowCells(step, from, input, run);
  if (cells === undefined) return undefined;
  const results = applyAll(cells.length, (row) => cells[row]!, apply);
  return results && buildColumn({ name, type, rows: cells.length }, (row) => results[row]!);
}

async function windowCells(
  step: RowsStep,
  from: readonly ComposedColumn[],
  input: Records,
  run: RunWindow,
): Promise<Float64Array | undefined> {
  const columns: Float64Array[] = [];
  for (const column of from) {
    const cells = await cellsFor(column, input, run);
    if (cells === undefined) return undefined;
    columns.push(cells);
  }
  return input.rows === 0 ? new Float64Array() : await run(step, columns);
}

/** Cells as f64: numbers as they are, texts by the order of their appearance. Steps on texts compare them only. */
async function cellsFor(
  { source }: ComposedColumn,
  input: Records,
  run: RunWindow,
): Promise<Float64Array | undefined> {
  let results: readonly Cell[] | undefined;
  if (source.kind === "value") {
    results = applyAll(input.rows, cellsOf(findColumn(input, source.input)), source.apply);
  } else {
    const cells = await windowCells(source.step, source.from, input, run);
    results = cells && applyAll(cells.length, (row) => cells[row]!, source.apply);
  }
  if (results === undefined) return undefined;
  const known = new Map<string, number>();
  return Float64Array.from(results, (cell) => {
    if (typeof cell === "number") return cell;
    if (cell === null) return NaN;
    let key = known.get(cell);
    if (key === undefined) known.set(cell, key = known.size);
    return key;
  });
}

/** Applies a function to all rows; undefined if it refuses one. */
function applyAll(
  rows: number,
  read: (row: number) => Cell,
  apply: CellFunction | null,
): readonly Cell[] | undefined {
  const results: Cell[] = [];
  for (let row = 0; row < rows; row++) {
    const cell = read(row);
    const result = apply === null ? cell : apply(cell);
    if (result === undefined) return undefined;
    results.push(result);
  }
  return results;
}
