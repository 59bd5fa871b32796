/**
 * CSV file as a source of records.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { type ColumnType, records } from "../../kernels/tabular/table.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { fileError } from "../io/read.ts";
import { columnBuilder, inferType, MISSING_TOKENS } from "./csv_columns.ts";
import { type CsvRows, readCsvRows } from "./csv_rows.ts";
import { BATCH_ROWS, checkNamed, type RecordSource } from "./source.ts";

/** Rows that are held as strings. */
const CHUNK_ROWS = 1024;

/** Options of {@linkcode openCsv}. */
export interface CsvSourceOptions {
  /** Separator of fields: one character. Default a comma. */
  readonly delimiter?: string | undefined;
  /** Fields that mean a missing value. Default {@linkcode MISSING_TOKENS}. */
  readonly missing?: readonly string[] | undefined;
  /** Declared types by column; the type of every other column is inferred. */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined;
  /** Columns to leave out. */
  readonly drop?: readonly string[] | undefined;
  /** Rows of a batch, and of the sample from which types are inferred. Default {@linkcode BATCH_ROWS}. */
  readonly batchRows?: number | undefined;
  /** Aborts the opening with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a CSV file: reads its head, and infers types from the first batch.
 *
 * @param path Path of the file; read once for the types and once for each pass.
 * @param options Separator, missing values, types and columns.
 * @throws {OnpathError} As {@linkcode readCsvRows}; `shape` if an option names an unknown column.
 */
export async function openCsv(path: string, options: CsvSourceOptions = {}): Promise<RecordSource> {
  const { delimiter, types = {}, drop = [], batchRows = BATCH_ROWS, signal } = options;
  const missing = new Set(options.missing ?? MISSING_TOKENS);
  const info = await stat(path).catch((error) => {
    throw fileError("read", path, error);
  });
  // A second pass over a pipe would find nothing.
  if (!info.isFile()) {
    throw new OnpathError("file", `Cannot read ${path}: expected a file, which can be read twice`, { path });
  }
  // Short chunks die young, which costs the garbage collector half as much.
  const chunkRows = Math.min(CHUNK_ROWS, batchRows);
  const sample = readCsvRows(path, batchRows, { delimiter, signal });
  const { value: head } = await sample.next();
  await sample.return(undefined);
  const { names, rows } = head as CsvRows;
  checkNamed(path, [...Object.keys(types), ...drop], names);
  const kept = names.map((name, at) => ({ name, at })).filter(({ name }) => !drop.includes(name));
  const builders = kept.map(({ name, at }) => {
    const type = Object.hasOwn(types, name) ? types[name]! : inferType(fields(rows, at), missing);
    return columnBuilder(name, type, missing, batchRows);
  });
  return {
    columns: kept.map(({ name }, n) => ({ name, type: builders[n]!.type })),
    bytes: info.size,
    batches: async function* ({ signal, onBytes } = {}) {
      const take = () => records(builders.map(({ take }) => take()));
      let [length, total] = [0, 0];
      try {
        for await (const { rows, first } of readCsvRows(path, chunkRows, { delimiter, signal, onBytes })) {
          for (const [n, { at }] of kept.entries()) {
            const { push } = builders[n]!;
            for (let row = 0; row < rows.length; row++) push(rows[row]![at]!, first + row);
          }
          length += rows.length;
          total += rows.length;
          if (length + chunkRows <= batchRows) continue;
          yield take();
          length = 0;
        }
        if (length > 0 || total === 0) yield take();
      } finally {
        // Drops the fields of a pass that failed.
        for (const { take } of builders) take();
      }
    },
  };
}

function* fields(rows: readonly (readonly string[])[], at: number): Generator<string> {
  for (const row of rows) yield row[at]!;
}
