/**
 * Files of records; their names decide the format.
 *
 * @module
 */

import type { CsvSourceOptions } from "./csv_source.ts";
import type { RecordSink } from "./sink.ts";
import type { ColumnSchema, RecordSource } from "./source.ts";

/** Format of a file of records. */
export type RecordsFormat = "csv" | "arrow";

/** Extensions by format. */
const EXTENSIONS: Readonly<Record<string, RecordsFormat>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".arrow": "arrow",
  ".arrows": "arrow",
  ".feather": "arrow",
  ".ipc": "arrow",
};

/** Extensions of files that can be written. */
export const WRITTEN_EXTENSIONS: readonly string[] = [".csv", ".tsv", ".arrow", ".feather", ".ipc"];

/** Extensions of files that can be read. */
export const READ_EXTENSIONS: readonly string[] = Object.keys(EXTENSIONS);

/** Options of {@linkcode openSource}. Separator, missing values and types are those of CSV files. */
export type SourceOptions = CsvSourceOptions;

/**
 * Derives the format from a file name.
 *
 * @returns The format, or undefined if the extension is unknown.
 */
export function recordsFormat(path: string): RecordsFormat | undefined {
  return EXTENSIONS[/\.[a-z]+$/.exec(path.toLowerCase())?.[0] ?? ""];
}

/**
 * Opens a file of records for reading.
 *
 * @param path Path with a known extension.
 * @param options Format, columns and batches.
 * @throws {OnpathError} As `openCsv` and `openArrow`.
 */
export async function openSource(path: string, options: SourceOptions = {}): Promise<RecordSource> {
  // Each format loads its package.
  if (recordsFormat(path) === "arrow") {
    return await (await import("./arrow_source.ts")).openArrow(path, options);
  }
  const { openCsv } = await import("./csv_source.ts");
  return await openCsv(path, { ...options, delimiter: options.delimiter ?? delimiterOf(path) });
}

/**
 * Opens a file of records for writing.
 *
 * @param path Path with an extension of {@linkcode WRITTEN_EXTENSIONS}; an existing file is replaced.
 * @param columns Names and types of all batches.
 * @throws {OnpathError} `file` if the file cannot be written.
 */
export async function openSink(path: string, columns: readonly ColumnSchema[]): Promise<RecordSink> {
  if (recordsFormat(path) === "arrow") return (await import("./arrow_out.ts")).openArrowSink(path, columns);
  const { openCsvSink } = await import("./csv_out.ts");
  return openCsvSink(path, columns, delimiterOf(path));
}

function delimiterOf(path: string): string {
  return path.toLowerCase().endsWith(".tsv") ? "\t" : ",";
}
