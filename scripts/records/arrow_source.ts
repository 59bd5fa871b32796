/**
 * Arrow IPC file or stream as a source of records.
 *
 * @module
 */

import type { Schema } from "apache-arrow";
import { type ColumnType, MAX_COLUMNS, quoted, records } from "../../kernels/tabular/table.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { columnReader } from "./arrow_columns.ts";
import { malformed, readArrowBatches, readArrowSchema } from "./arrow_read.ts";
import { columnType } from "./arrow_schema.ts";
import { BATCH_ROWS, checkNamed, type ColumnSchema, type RecordSource } from "./source.ts";
import { textCodes } from "./text_codes.ts";

/** Options of {@linkcode openArrow}. */
export interface ArrowSourceOptions {
  /** Columns to leave out. */
  readonly drop?: readonly string[] | undefined;
  /** Maximum rows of a batch; longer record batches are cut. Default {@linkcode BATCH_ROWS}. */
  readonly batchRows?: number | undefined;
  /** Aborts the opening with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Column that is read, with its index in the file. */
interface KeptColumn extends ColumnSchema {
  readonly at: number;
}

/**
 * Opens an Arrow IPC file or stream: reads its schema.
 *
 * @param path Path of the file; read once for the schema and once for each pass.
 * @param options Columns and batches.
 * @throws {OnpathError} `file` if the file cannot be read or is malformed; `dtype` if a column is not table-shaped;
 * `shape` if an option names an unknown column, or two columns have one name; `size` if there are too many columns.
 */
export async function openArrow(path: string, options: ArrowSourceOptions = {}): Promise<RecordSource> {
  const { drop = [], batchRows = BATCH_ROWS, signal } = options;
  const { schema, bytes } = await readArrowSchema(path, signal);
  const kept = keptColumns(path, schema, drop);
  // Texts keep their codes in all passes; the dictionaries of batches may differ.
  const readers = kept.map(({ name, type, at }) => ({
    at,
    name,
    read: columnReader(
      name,
      type,
      textCodes(name, []),
      (why) => malformed(path, `column ${quoted(name)}: ${why}`),
    ),
  }));
  return {
    columns: kept.map(({ name, type }) => ({ name, type })),
    bytes,
    batches: async function* ({ signal, onBytes } = {}) {
      let row = 1;
      for await (const batch of readArrowBatches(path, { signal, onBytes })) {
        for (let from = 0; from === 0 || from < batch.numRows; from += batchRows) {
          const rows = Math.min(batchRows, batch.numRows - from);
          yield records(readers.map(({ at, name, read }) => {
            const data = batch.data.children[at];
            if (data?.length !== batch.numRows) {
              throw malformed(path, `a batch of column ${quoted(name)} is truncated`);
            }
            return read(data.slice(from, rows), row);
          }));
          row += rows;
        }
      }
    },
  };
}

function keptColumns(path: string, { fields }: Schema, drop: readonly string[]): readonly KeptColumn[] {
  const names = fields.map(({ name }) => name);
  if (names.length > MAX_COLUMNS) {
    throw new OnpathError(
      "size",
      `Cannot read ${path}: it has ${names.length} columns, expected at most ${MAX_COLUMNS}`,
      { path, columns: names.length, most: MAX_COLUMNS },
    );
  }
  if (!names.every((name: unknown) => typeof name === "string" && name !== "")) {
    throw malformed(path, "a column has no name");
  }
  if (new Set(names).size < names.length) {
    throw new OnpathError("shape", `Cannot read ${path}: two columns have one name`, { path });
  }
  checkNamed(path, drop, names);
  return fields.map(({ name, type }, at) => ({ name, type, at }))
    .filter(({ name }) => !drop.includes(name))
    .map(({ name, type, at }) => {
      const held: ColumnType | undefined = columnType(type);
      if (held !== undefined) return { name, type: held, at };
      throw new OnpathError(
        "dtype",
        `Cannot read ${path}: column ${quoted(name)} has Arrow's type ${type}, which is not table-shaped; ` +
          "leave it out by --drop",
        { path, column: name, type: String(type) },
      );
    });
}
