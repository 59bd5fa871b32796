/**
 * Parts of a fit: what a step makes of one column, and new names of columns.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { FittedStep } from "../fitted/steps.ts";
import { type ColumnType, MAX_NAME, quoted } from "../table.ts";
import type { Statistics } from "./statistics.ts";

/** What a step makes of one column. */
export interface FittedPart {
  /** Fitted steps in order. */
  readonly steps: readonly FittedStep[];
  /** Columns that take the place of the column. */
  readonly replaced: readonly string[];
  /** Columns that follow all others. */
  readonly added?: readonly string[];
  /** Columns of marks, whose rows are removed. */
  readonly drop?: readonly string[];
}

/** Column of a step at a fit. */
export interface FitColumn {
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Statistics of the column; those of text columns have counts only. */
  readonly statistics: Statistics;
  /** Makes the name of a new column. */
  readonly newName: (suffix: string) => string;
}

/** Refuses to fit a column. */
export function refuseFit(name: string, why: string): OnpathError {
  return new OnpathError("dtype", `Cannot fit column ${quoted(name)}: ${why}`, { name });
}

/** Refuses a column of text where numbers are expected. */
export function checkNumbers({ name, type }: FitColumn, what: string): Exclude<ColumnType, "text"> {
  if (type !== "text") return type;
  throw refuseFit(name, `${what} needs numbers, found text`);
}

/** Refuses a column without values, or with infinite ones. */
export function checkValues({ name, statistics }: FitColumn): void {
  if (statistics.rows === statistics.missing) throw refuseFit(name, "all its values are missing");
  if (!statistics.range().every(Number.isFinite)) throw refuseFit(name, "it has an infinite value");
}

/**
 * Makes a name that no column has yet, by underscores at its end.
 *
 * @throws {OnpathError} `size` if the name gets too long.
 */
export function newName(taken: Set<string>, name: string): string {
  let free = name;
  while (taken.has(free)) free += "_";
  if (free.length > MAX_NAME) {
    throw new OnpathError(
      "size",
      `Cannot name column ${quoted(name)}: it has more than ${MAX_NAME} characters`,
    );
  }
  taken.add(free);
  return free;
}
