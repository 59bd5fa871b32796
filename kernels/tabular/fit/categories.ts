/**
 * Categories of a column: found, or given and checked.
 *
 * @module
 */

import { named } from "../../../serialize/excerpt.ts";
import type { Category } from "../spec/encode.ts";
import { type FitColumn, refuseFit } from "./parts.ts";
import { compareValues } from "./statistics.ts";

/** Category and the number of its rows. */
export interface CountedCategory {
  /** Number, string, or null for missing values. */
  readonly value: Category;
  /** Rows with the category. */
  readonly count: number;
}

/** Categories in order. */
export interface Categories {
  /** Categories with their rows. */
  readonly list: readonly CountedCategory[];
  /** Whether missing values are a category. */
  readonly hasMissing: boolean;
}

/**
 * Finds the categories of a column in ascending order, missing values last; or counts given ones.
 *
 * @param given Categories of the user.
 * @param column Column.
 * @param isStrict Whether values of no given category are refused.
 */
export function findCategories(
  given: readonly Category[] | undefined,
  column: FitColumn,
  isStrict: boolean,
): Categories {
  const { statistics, name } = column;
  const counts = statistics.counts();
  if (given === undefined) {
    if (statistics.rows === 0) throw refuseFit(name, "it has no rows");
    const missing = statistics.missing > 0 ? [{ value: null, count: statistics.missing }] : [];
    return { list: [...counts, ...missing], hasMissing: missing.length > 0 };
  }
  checkGiven(given, column);
  const hasMissing = given.includes(null);
  const byValue = new Map<Category, number>(counts.map(({ value, count }) => [value, count]));
  if (isStrict) {
    const known = new Set(given);
    const other = counts.find(({ value }) => !known.has(value));
    if (other !== undefined) {
      throw refuseFit(name, `value ${named(other.value)} is none of the given categories`);
    }
    if (statistics.missing > 0 && !hasMissing) {
      throw refuseFit(name, "missing values are none of the given categories");
    }
  }
  const list = given.map((value) => ({
    value,
    count: value === null ? statistics.missing : byValue.get(value) ?? 0,
  }));
  return { list, hasMissing };
}

/** Refuses categories of another kind than the column, and numbers that do not ascend. */
function checkGiven(given: readonly Category[], { name, type }: FitColumn): void {
  const present = given.filter((value) => value !== null);
  const other = present.find((value) => (typeof value === "string") !== (type === "text"));
  if (other !== undefined) throw refuseFit(name, `category ${named(other)} does not fit type ${type}`);
  if (type === "text") return;
  const isAscending = present.every((value, index) =>
    index === 0 || compareValues(present[index - 1]!, value) < 0
  );
  if (!isAscending || given.indexOf(null) !== (given.includes(null) ? given.length - 1 : -1)) {
    throw refuseFit(name, "categories of numbers must ascend, missing values last");
  }
}
