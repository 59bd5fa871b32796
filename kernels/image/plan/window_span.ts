/**
 * A window on an axis as three stretches.
 *
 * @module
 */

import type { AxisWindow } from "../geometry/axis.ts";

/** What is in front, where what is seen begins, and how much that is. Plain data. */
export interface WindowSpan {
  /** Indexes of the fill colour in front. */
  readonly before: number;
  /** Index that is seen first; 0 where none is. */
  readonly first: number;
  /** Number of those that are seen. */
  readonly seen: number;
}

/** A window as the RTL goes through it; where nothing is seen, all is in front. */
export function windowSpan({ length, offset, low, high }: AxisWindow): WindowSpan {
  const first = Math.max(low, offset);
  const seen = Math.max(0, Math.min(high, offset + length) - first);
  return seen === 0 ? { before: length, first: 0, seen } : { before: first - offset, first, seen };
}
