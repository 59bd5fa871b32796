/**
 * Source of records: a file that is read in batches, as often as needed.
 *
 * @module
 */

import type { ColumnType, Records } from "../../kernels/tabular/table.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { suggest } from "../cli/suggest.ts";

/** Name and type of a column. */
export interface ColumnSchema {
  /** Name of the column. */
  readonly name: string;
  /** Type of its values. */
  readonly type: ColumnType;
}

/** Signal and progress of one pass over a source. */
export interface PassOptions {
  /** Aborts the pass with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the bytes read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Records of a file, in batches. */
export interface RecordSource {
  /** Columns in order. */
  readonly columns: readonly ColumnSchema[];
  /** Bytes of the file, for progress. */
  readonly bytes: number;
  /**
   * Reads all batches from the beginning. There is at least one, which may have no rows. A text keeps its code in all
   * batches and passes.
   */
  readonly batches: (options?: PassOptions) => AsyncGenerator<Records>;
}

/** Rows of a batch: about 100 KB a column. */
export const BATCH_ROWS = 16_384;

/**
 * Checks that named columns exist.
 *
 * @param path File with the columns.
 * @param names Names that an option gives.
 * @param columns All names of the file.
 * @throws {OnpathError} `shape` if a name is unknown; the message suggests the nearest one.
 */
export function checkNamed(path: string, names: Iterable<string>, columns: readonly string[]): void {
  for (const name of names) {
    if (columns.includes(name)) continue;
    throw new OnpathError(
      "shape",
      `Cannot find column ${name} in ${path}: it has ${columns.length} columns${suggest(name, columns)}`,
      { path, column: name },
    );
  }
}
