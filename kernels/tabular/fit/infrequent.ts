/**
 * Groups of infrequent categories.
 *
 * @module
 */

import type { CountedCategory } from "./categories.ts";

/** Categories in groups. */
export interface Groups {
  /** Indexes of the categories with a column of their own. */
  readonly frequent: readonly number[];
  /** Whether the other categories share a column, which is the last one. */
  readonly hasInfrequent: boolean;
  /** Column of each category. */
  readonly slots: readonly number[];
}

/** Limits below which categories are infrequent. */
export interface FrequencyLimits {
  /** Rows, or a share of all rows if it is below 1. */
  readonly minFrequency?: number | undefined;
  /** Maximum columns, the one of infrequent categories among them. */
  readonly maxCategories?: number | undefined;
}

/**
 * Groups categories as scikit-learn does: those of too few rows, and then the rarest until few enough remain; of
 * equal counts the first one becomes infrequent first.
 *
 * @param list Categories with their rows.
 * @param rows All rows.
 * @param limits Limits.
 */
export function groupCategories(
  list: readonly CountedCategory[],
  rows: number,
  { minFrequency, maxCategories }: FrequencyLimits,
): Groups {
  const least = minFrequency === undefined ? 0 : minFrequency < 1 ? minFrequency * rows : minFrequency;
  const isRare = list.map(({ count }) => count < least);
  const columns = list.length - isRare.filter(Boolean).length + 1;
  if (maxCategories !== undefined && maxCategories < columns) {
    const byCount = list.map((_, index) => index).sort((a, b) => list[a]!.count - list[b]!.count);
    for (const index of byCount.slice(0, Math.max(0, list.length - (maxCategories - 1)))) {
      isRare[index] = true;
    }
  }
  const frequent = list.flatMap((_, index) => isRare[index] ? [] : [index]);
  const hasInfrequent = frequent.length < list.length;
  let next = 0;
  return { frequent, hasInfrequent, slots: isRare.map((each) => each ? frequent.length : next++) };
}
