/**
 * Results of `deno task mutate:ts`, as docs/mutations_ts.json holds them.
 *
 * @module
 */

/** A mutant that no test noticed. */
export interface UnnoticedRow {
  /** Name of the enclosing function. */
  readonly scope: string;
  /** Code before the change. */
  readonly text: string;
  /** Code after the change. */
  readonly replacement: string;
  /** Number of earlier mutants of the file with the same scope, text and replacement. */
  readonly nth: number;
  /** Reason why no test can notice; null for a gap in the tests. */
  readonly reason: string | null;
}

/** Result of one file. */
export interface FileRow {
  /** Group of the file. */
  readonly group: string;
  /** Path of the file. */
  readonly file: string;
  /** Mutants that the file has. */
  readonly mutants: number;
  /** Mutants that were tried. */
  readonly tried: number;
  /** Those that no test noticed. */
  readonly unnoticed: readonly UnnoticedRow[];
}

/** Result of one listed mistake. */
export interface KnownRow {
  /** Path of the file. */
  readonly file: string;
  /** The mistake. */
  readonly wrong: string;
  /** First test that failed, or null. */
  readonly caughtBy: string | null;
}

/** All results. */
export interface TsTable {
  /** Listed mistakes. */
  readonly known: readonly KnownRow[];
  /** Files, in the order of the groups. */
  readonly files: readonly FileRow[];
}

/**
 * Replaces rows of a table.
 *
 * @param old The table.
 * @param judged New rows.
 * @param files Paths of all files that are mutated, in their order; rows of others are dropped.
 * @param mistakes Names of all listed mistakes, in their order; rows of others are dropped.
 * @returns The new table.
 */
export function mergeRows(
  old: TsTable,
  judged: TsTable,
  files: readonly string[],
  mistakes: readonly string[],
): TsTable {
  const byFile = new Map([...old.files, ...judged.files].map((row) => [row.file, row]));
  const byMistake = new Map([...old.known, ...judged.known].map((row) => [row.wrong, row]));
  return {
    known: mistakes.flatMap((wrong) => byMistake.get(wrong) ?? []),
    files: files.flatMap((file) => byFile.get(file) ?? []),
  };
}
