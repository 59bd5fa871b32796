/**
 * Antialiased filter for devices with multipliers. It stores weights instead of product tables. Columns are
 * processed in steps of 16 taps, rows tap by tap.
 *
 * @module
 */

import { type TableForm, tableInfo } from "../kernel.ts";
import type { AxisFilter } from "./coefficients.ts";

/** Column taps that are multiplied at once, in all channels. */
export const STEP_TAPS = 16;

/** Entries of one step in the table of column weights: two weights an entry. */
export const STEP_ENTRIES: number = STEP_TAPS / 2;

/** Column filter, cut into steps. */
export interface FilterSteps {
  /** Input column of each step's first tap. */
  readonly first: Int32Array;
  /** Weight vector of each step, as an index of 16 weights. */
  readonly vector: Int32Array;
  /** Index of each output column's first step, and the total as a last element. */
  readonly begin: Int32Array;
  /** Weight vectors of 16 each. Unused taps have weight 0. */
  readonly weights: Int32Array;
}

/** Row filter, with each distinct weight list stored once. */
export interface FilterLists {
  /** Index of each output row's first weight in `weights`. */
  readonly start: Int32Array;
  /** Distinct weight lists in sequence, in units of 2^−22. */
  readonly weights: Int32Array;
}

/**
 * Cuts the column filter into steps of 16 taps. Steps with equal weights share a vector.
 *
 * @param filter Filter of the columns.
 *
 * @example
 * ```ts
 * import { filterAxis } from "./coefficients.ts";
 * import { filterSteps } from "./steps.ts";
 * import assert from "node:assert/strict";
 *
 * // 40 columns to 2: some 40 taps an output column, in three steps.
 * assert.equal(filterSteps(filterAxis({ input: 40, output: 2 }, "bilinear")).first.length, 4);
 * ```
 */
export function filterSteps({ first, taps, start, weights }: AxisFilter): FilterSteps {
  const steps: number[] = [];
  const vectors: number[] = [];
  const begin = new Int32Array(first.length + 1);
  const known = new Map<string, number>();
  const all: number[] = [];
  for (let o = 0; o < first.length; o++) {
    for (let t = 0; t < taps[o]!; t += STEP_TAPS) {
      const own = Array.from(
        { length: STEP_TAPS },
        (_, k) => t + k < taps[o]! ? weights[start[o]! + t + k]! : 0,
      );
      steps.push(first[o]! + t);
      vectors.push(listOf(own, known, all) / STEP_TAPS);
    }
    begin[o + 1] = steps.length;
  }
  return {
    first: Int32Array.from(steps),
    vector: Int32Array.from(vectors),
    begin,
    weights: Int32Array.from(all),
  };
}

/** Collects the row weights. Output rows with equal weights share a list. */
export function filterLists({ first, taps, start, weights }: AxisFilter): FilterLists {
  const known = new Map<string, number>();
  const all: number[] = [];
  const begin = Int32Array.from(
    first,
    (_, o) => listOf([...weights.subarray(start[o], start[o]! + taps[o]!)], known, all),
  );
  return { start: begin, weights: Int32Array.from(all) };
}

/** Returns the index of a list in `all`; a new list is appended. */
function listOf(own: readonly number[], known: Map<string, number>, all: number[]): number {
  const key = own.join();
  let at = known.get(key);
  if (at === undefined) {
    known.set(key, at = all.length);
    all.push(...own);
  }
  return at;
}

/**
 * Table form of devices with one multiplier a tap. Entries match `kernels/rtl`: a step, two column weights,
 * an output row, or a row weight.
 *
 * @param y Filter of the rows.
 * @param x Filter of the columns.
 */
export function multiplyForm(y: AxisFilter, x: AxisFilter): TableForm {
  const steps = filterSteps(x);
  const lists = filterLists(y);
  const outputs = x.first.length;
  // Each input row passes the column filter once, however many output rows use it.
  const rowsPerOutput = (y.first.at(-1)! + y.taps.at(-1)!) / y.first.length;
  const stepsPerItem = rowsPerOutput * steps.first.length / outputs;
  return {
    form: "multiply",
    levels: 0,
    because:
      "a weight of 22 bits times a pixel is a whole number, and so are the sums; nothing is looked up but weights",
    index: "pairs",
    paged: 0,
    pages: null,
    tables: [
      tableInfo("column steps", "step -> column, weights", steps.first.length, 26, stepsPerItem, "item"),
      tableInfo(
        "column weights",
        "sixteen weights",
        STEP_ENTRIES * steps.weights.length / STEP_TAPS,
        48,
        stepsPerItem,
        "item",
      ),
      tableInfo("row entries", "row -> taps, weights", y.first.length, 51, 1 / outputs, "item"),
      tableInfo(
        "row weights",
        "tap -> weight",
        lists.weights.length,
        24,
        y.weights.length / y.first.length,
        "item",
      ),
    ],
  };
}
