/**
 * Percentiles and edges of bins, as NumPy computes them.
 *
 * @module
 */

import type { ColumnType } from "../table.ts";
import { roundTo } from "../values.ts";

/**
 * Computes a percentile, interpolated linearly between two values.
 *
 * @param sorted Values in ascending order, at least one.
 * @param percent 0 to 100.
 * @param type Type of the values. The difference of two floats is rounded to it.
 */
export function percentileOf(sorted: Float64Array, percent: number, type: ColumnType): number {
  const last = sorted.length - 1;
  const position = last * (percent / 100);
  if (position >= last) return sorted[last]!;
  const index = Math.floor(position);
  const [low, high] = [sorted[index]!, sorted[index + 1]!];
  const difference = type === "f32" || type === "f16" ? roundTo(type, high - low)! : high - low;
  const share = position - index;
  return share >= 0.5 ? high - difference * (1 - share) : low + difference * share;
}

/** Divides a range evenly; the last value is `to` exactly. */
export function evenly(from: number, to: number, parts: number): number[] {
  const step = (to - from) / parts;
  return Array.from({ length: parts + 1 }, (_, index) => {
    if (index === parts) return to;
    return step === 0 ? index / parts * (to - from) + from : index * step + from;
  });
}

/** Minimum width of a bin between quantiles. */
const MIN_WIDTH = 1e-8;

/** Keeps the edges that are wide enough apart from the one before. */
export function distinctEdges(edges: readonly number[]): number[] {
  return edges.filter((edge, index) => index === 0 || edge - edges[index - 1]! > MIN_WIDTH);
}
