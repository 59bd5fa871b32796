/**
 * Statistics of a column from one pass over batches of rows, in bounded memory.
 *
 * @module
 */

import { LogCollapsingLowestDenseDDSketch } from "@datadog/sketches-js";
import type { ColumnSchema } from "../fitted/steps.ts";
import { type Column, type ColumnType, numbersOf, rowsOf } from "../table.ts";
import { roundTo } from "../values.ts";
import {
  addCodes,
  addCount,
  exactStatistics,
  missingCodes,
  type Moments,
  noNumbers,
  sortCounts,
  type Statistics,
} from "./statistics.ts";

/** Statistics that a step needs. `presence`: missing rows, least and greatest value. */
export type Need = "none" | "presence" | "moments" | "percentiles" | "counts";

/** Relative error of a percentile of a sketch, to the value of its rank. */
export const SKETCH_ACCURACY = 0.001;

/** Bins of a sketch: magnitudes up to 10^56 below the greatest one have bins of their own. */
const MAX_BINS = 65_536;

/** Statistics of one column in progress. */
export class ColumnSketch {
  readonly #column: ColumnSchema;
  readonly #need: Need;
  readonly #sentinel: number | undefined;
  readonly #sketch = new LogCollapsingLowestDenseDDSketch({
    relativeAccuracy: SKETCH_ACCURACY,
    binLimit: MAX_BINS,
  });
  readonly #counts = new Map<number | string, number>();
  #rows = 0;
  #missing = 0;
  #range: [number, number] = [Infinity, -Infinity];
  #mean = 0;
  #squares = 0;

  /**
   * Begins without rows.
   *
   * @param column Name and type.
   * @param need Statistics to collect.
   * @param sentinel Number that means "missing" besides NaN.
   */
  constructor(column: ColumnSchema, need: Need, sentinel: number | undefined) {
    this.#column = column;
    this.#need = need;
    this.#sentinel = sentinel;
  }

  /** Adds the rows of a batch. */
  add(column: Column): void {
    if (column.type === "text") {
      this.#rows += rowsOf(column);
      this.#missing += missingCodes(column);
      if (this.#need === "counts") addCodes(column, this.#counts);
      return;
    }
    const statistics = exactStatistics(column, this.#sentinel);
    const before = this.#rows - this.#missing;
    const present = statistics.rows - statistics.missing;
    this.#rows += statistics.rows;
    this.#missing += statistics.missing;
    if (present === 0) return;
    if (this.#need === "moments") this.#merge(before, present, statistics.moments());
    for (const value of numbersOf(column)) {
      if (value !== value || value === this.#sentinel) continue;
      if (value < this.#range[0]) this.#range[0] = value;
      if (value > this.#range[1]) this.#range[1] = value;
      if (this.#need === "counts") addCount(this.#column.name, this.#counts, value + 0);
      if (this.#need === "percentiles" && Number.isFinite(value)) this.#sketch.accept(value);
    }
  }

  /** Merges the moments of a batch, as Chan, Golub and LeVeque do. */
  #merge(before: number, added: number, { mean, variance }: Moments): void {
    const all = before + added;
    const difference = mean - this.#mean;
    this.#mean += difference * added / all;
    this.#squares += variance * added + difference ** 2 * before * added / all;
  }

  /** Statistics of all rows so far. */
  statistics(): Statistics {
    const { name, type } = this.#column;
    const [rows, missing] = [this.#rows, this.#missing];
    const counts = () => sortCounts(this.#counts);
    if (type === "text") return { name, type, rows, missing, ...noNumbers(name), counts };
    const [min, max] = this.#range;
    const percentile = (percent: number) => {
      if (percent === 0 || percent === 100) return percent === 0 ? min : max;
      return Math.min(max, Math.max(min, this.#sketch.getValueAtQuantile(percent / 100)));
    };
    return {
      name,
      type,
      rows,
      missing,
      mean: () => type === "f16" ? roundTo("f16", this.#mean)! : this.#mean,
      moments: () => ({ mean: this.#mean, variance: this.#squares / (rows - missing) }),
      range: () => [min, max],
      median: () => roundMedian(type, percentile(50)),
      percentiles: (percents) => percents.map(percentile),
      counts,
    };
  }
}

function roundMedian(type: ColumnType, value: number): number {
  return type === "f32" || type === "f16" ? roundTo(type, value)! : value;
}
