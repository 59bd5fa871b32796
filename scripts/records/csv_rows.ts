/**
 * Rows of a CSV file, in chunks. Memory holds one chunk, whatever the file's length.
 *
 * @module
 */

import { CsvError, parse } from "csv-parse";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { MAX_COLUMNS, MAX_NAME, quoted } from "../../kernels/tabular/table.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { fileError, isErrno } from "../io/read.ts";

/** Maximum characters of a row, quotes and separators included: 1 MiB. */
export const MAX_ROW = 2 ** 20;

/** Bytes of one read. */
const READ_BYTES = 2 ** 20;

/** Options of {@linkcode readCsvRows}. */
export interface CsvOptions {
  /** Separator of fields: one character. Default a comma. */
  readonly delimiter?: string | undefined;
  /** Aborts the reading with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the bytes read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Chunk of rows. */
export interface CsvRows {
  /** Names of the columns, from the first row. */
  readonly names: readonly string[];
  /** Fields by row; every row has a field for each column. */
  readonly rows: readonly (readonly string[])[];
  /** Number of the first row, counted from 1 after the head. */
  readonly first: number;
}

/**
 * Reads a CSV file as RFC 4180 defines it, with a head. Empty lines are skipped, as pandas does.
 *
 * @param path Path of the file.
 * @param chunkRows Rows of a chunk.
 * @param options Separator, signal and progress.
 * @returns Chunks in order; at least one, which has no rows if the file has only a head.
 * @throws {OnpathError} `file` if the file cannot be read, is not UTF-8, has no head, a malformed quote, or a row of
 * another length; `size` if a row or the number of columns exceeds its limit.
 * @throws The signal's reason if aborted.
 */
export async function* readCsvRows(
  path: string,
  chunkRows: number,
  { delimiter = ",", signal, onBytes }: CsvOptions = {},
): AsyncGenerator<CsvRows> {
  signal?.throwIfAborted();
  const parser = parse({ delimiter, bom: true, skip_empty_lines: true, max_record_size: MAX_ROW });
  const source = createReadStream(path, { highWaterMark: READ_BYTES });
  // Errors of both streams reach the reader of the parser.
  const done = pipeline(source, (chunks) => checkUtf8(chunks, path, onBytes), parser, { signal });
  done.catch(() => undefined);
  let names: readonly string[] | undefined;
  let rows: string[][] = [];
  let first = 1;
  let isEmpty = true;
  try {
    for await (const row of parser as AsyncIterable<string[]>) {
      if (names === undefined) {
        names = checkNames(row, path);
        continue;
      }
      rows.push(row);
      if (rows.length < chunkRows) continue;
      isEmpty = false;
      yield { names, rows, first };
      first += rows.length;
      rows = [];
    }
    await done;
  } catch (error) {
    signal?.throwIfAborted();
    throw readError(error, path);
  } finally {
    source.destroy();
    parser.destroy();
  }
  if (names === undefined) throw malformed(path, "it is empty, expected a head with column names");
  if (rows.length > 0 || isEmpty) yield { names, rows, first };
}

/** Passes chunks on, and refuses bytes that are not UTF-8: the parser would replace them silently. */
async function* checkUtf8(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  onBytes: CsvOptions["onBytes"],
): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  const check = (chunk?: Uint8Array) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw new OnpathError(
        "file",
        `Cannot read ${path}: bytes after ${bytes} are not UTF-8`,
        { path, bytes },
        { cause },
      );
    }
  };
  for await (const chunk of chunks) {
    check(chunk);
    bytes += chunk.length;
    onBytes?.(bytes);
    yield chunk;
  }
  check();
}

function checkNames(names: readonly string[], path: string): readonly string[] {
  if (names.length > MAX_COLUMNS) {
    throw new OnpathError(
      "size",
      `Cannot read ${path}: it has ${names.length} columns, expected at most ${MAX_COLUMNS}`,
      { path, columns: names.length, most: MAX_COLUMNS },
    );
  }
  const seen = new Set<string>();
  for (const [at, name] of names.entries()) {
    if (name === "") throw malformed(path, `column ${at + 1} has no name in the head`);
    if (name.length > MAX_NAME) {
      throw malformed(path, `the name of column ${at + 1} has ${name.length} characters, above ${MAX_NAME}`);
    }
    if (seen.has(name)) throw malformed(path, `two columns have the name ${quoted(name)}`);
    seen.add(name);
  }
  return names;
}

function malformed(path: string, why: string): OnpathError {
  return new OnpathError("file", `Cannot read ${path}: ${why}`, { path });
}

/** Converts an error of the file system or the parser. */
function readError(error: unknown, path: string): unknown {
  if (isErrno(error)) return fileError("read", path, error);
  if (!(error instanceof CsvError)) return error;
  const { code, lines } = error as CsvError & { lines?: number };
  const at = lines === undefined ? "" : ` near line ${lines}`;
  switch (code) {
    case "CSV_MAX_RECORD_SIZE":
      return new OnpathError(
        "size",
        `Cannot read ${path}: a row${at} has more than ${MAX_ROW} characters`,
        { path, most: MAX_ROW },
        { cause: error },
      );
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH":
      return new OnpathError(
        "file",
        `Cannot read ${path}: the row${at} has another number of fields than the head`,
        { path, lines },
        { cause: error },
      );
    default:
      return new OnpathError(
        "file",
        `Cannot read ${path}: it is malformed${at}, ${error.message.slice(0, 200)}`,
        { path, cause: code },
        { cause: error },
      );
  }
}
