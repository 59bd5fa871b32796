/**
 * Transform of records on the host: the reference, by plain loops in f64.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { named } from "../../serialize/excerpt.ts";
import { flowTypes } from "./fitted/flow.ts";
import {
  type FittedPipeline,
  type FittedStep,
  isValueStep,
  readsOf,
  type RowsStep,
  type ValueStep,
} from "./fitted/steps.ts";
import { mapsOf, refusalOf } from "./maps.ts";
import {
  type Cell,
  checkRecords,
  type Column,
  findColumn,
  quoted,
  type Records,
  type TextColumn,
} from "./table.ts";
import { buildColumn, cellsOf } from "./values.ts";
import { windowOf } from "./windows.ts";

/**
 * Transforms records by a fitted pipeline.
 *
 * @param fitted Fitted pipeline.
 * @param input Records with the columns that were fitted, in any order.
 * @throws {OnpathError} `shape` if columns are missing or unknown; `dtype` if a column has another type than fitted, or
 * a step refuses a value, such as an unknown category.
 *
 * @example
 * ```ts
 * import { fitRecords, records, transformRecords } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const people = records([{ name: "age", type: "f64", values: Float64Array.of(31, NaN, 47) }]);
 * const fitted = fitRecords({ steps: [{ op: "impute", columns: ["age"], method: "mean" }] }, people);
 * const { columns: [age] } = transformRecords(fitted, people);
 * assert.deepEqual(age, { name: "age", type: "f64", values: Float64Array.of(31, 39, 47) });
 * ```
 */
export function transformRecords(fitted: FittedPipeline, input: Records): Records {
  flowTypes(fitted);
  checkInputs(fitted, input);
  const { rows } = input;
  const env = new Map<string, Column>(input.columns.map((column) => [column.name, column]));
  runSteps(fitted.steps, env, rows);
  const columns = fitted.outputs.map((name) => env.get(name)!);
  const marks = fitted.drop.map((name) => cellsOf(env.get(name)!));
  return marks.length === 0
    ? { rows, columns }
    : keepRows(columns, rows, (row) => marks.every((mark) => mark(row) !== 1));
}

/**
 * Runs fitted steps on columns.
 *
 * @param steps Steps in order.
 * @param env Columns by name; written columns are added.
 * @param rows Number of rows.
 */
export function runSteps(steps: readonly FittedStep[], env: Map<string, Column>, rows: number): void {
  for (const step of steps) {
    const from = readsOf(step).map((name) => env.get(name)!);
    const written = isValueStep(step) ? mapColumns(step, from[0]!, rows) : [windowColumn(step, from, rows)];
    for (const column of written) env.set(column.name, column);
  }
}

/**
 * Checks that records have the columns of a fitted pipeline.
 *
 * @throws {OnpathError} `shape` if a column is missing or unknown; `dtype` if one has another type than fitted.
 */
export function checkInputs({ inputs }: FittedPipeline, input: Records): void {
  checkRecords(input);
  for (const { name, type } of inputs) {
    const found = findColumn(input, name).type;
    if (found !== type) {
      throw new OnpathError(
        "dtype",
        `Cannot transform column ${quoted(name)} of type ${found}: it was fitted as ${type}`,
        {
          name,
          expected: type,
          found,
        },
      );
    }
  }
  const known = new Set(inputs.map(({ name }) => name));
  const other = input.columns.find(({ name }) => !known.has(name));
  if (other !== undefined) {
    throw new OnpathError(
      "shape",
      `Cannot transform column ${quoted(other.name)}: it was not there at the fit`,
      {
        name: other.name,
      },
    );
  }
}

function mapColumns(step: ValueStep, from: Column, rows: number): Column[] {
  const read = cellsOf(from);
  return mapsOf(step, from.type).map(({ to, type, apply }) => {
    const compute = (row: number) => {
      const cell = read(row);
      const result = apply(cell);
      if (result !== undefined) return result;
      throw new OnpathError(
        "dtype",
        `Cannot transform column ${quoted(from.name)}: row ${row} has ${shown(cell)}, which ${
          refusalOf(step, cell)
        }`,
        { name: from.name, row },
      );
    };
    return buildColumn({ name: to, type, rows }, from.type === "text" ? onceACode(from, compute) : compute);
  });
}

/** Computes each code of a dictionary once, at its first row. */
function onceACode({ codes }: TextColumn, compute: (row: number) => Cell): (row: number) => Cell {
  const results = new Map<number, Cell>();
  return (row) => {
    const code = codes[row]!;
    let result = results.get(code);
    if (result === undefined) results.set(code, result = compute(row));
    return result;
  };
}

function shown(cell: Cell): string {
  return cell === null || Number.isNaN(cell) ? "a missing value" : named(cell);
}

function windowColumn(step: RowsStep, from: readonly Column[], rows: number): Column {
  const { to, type, before, after, apply } = windowOf(step);
  const reads = from.map(cellsOf);
  const cellAt = (row: number) => {
    const start = Math.max(0, row - before);
    const length = Math.min(rows, row + after + 1) - start;
    const cells = reads.map((read) => Array.from({ length }, (_, index) => read(start + index)));
    const result = apply(cells, row - start);
    if (result !== undefined) return result;
    throw new OnpathError(
      "dtype",
      `Cannot transform column ${quoted(from[0]!.name)}: row ${row} does not fit ${type}`,
      {
        row,
      },
    );
  };
  return buildColumn({ name: to, type, rows }, cellAt);
}

/** Keeps some rows of columns. */
export function keepRows(
  columns: readonly Column[],
  rows: number,
  isKept: (row: number) => boolean,
): Records {
  const kept: number[] = [];
  for (let row = 0; row < rows; row++) if (isKept(row)) kept.push(row);
  return {
    rows: kept.length,
    columns: columns.map((column) => {
      const read = cellsOf(column);
      const { name, type } = column;
      return buildColumn({ name, type, rows: kept.length }, (row) => read(kept[row]!));
    }),
  };
}
