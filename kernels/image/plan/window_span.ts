/**
 * Window on an axis as three parts: fill colour, visible indexes, fill colour.
 *
 * @module
 */

import type { AxisWindow } from "../geometry/axis.ts";

/** Parts of a window. Plain data. */
export interface WindowSpan {
  /** Indexes of the fill colour before the visible ones. */
  readonly before: number;
  /** First visible source index; 0 if nothing is visible. */
  readonly first: number;
  /** Number of visible indexes. */
  readonly seen: number;
}

/**
 * Converts a window to the form that the RTL uses. If nothing is visible, `before` covers the whole window.
 */
export function windowSpan({ length, offset, low, high }: AxisWindow): WindowSpan {
  const first = Math.max(low, offset);
  const seen = Math.max(0, Math.min(high, offset + length) - first);
  return seen === 0 ? { before: length, first: 0, seen } : { before: first - offset, first, seen };
}
