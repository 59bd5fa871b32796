/**
 * The antialiased filter for multipliers: no table of products, the weights themselves. Columns go by
 * steps of sixteen taps, rows tap by tap.
 *
 * @module
 */

import { type TableForm, tableInfo } from "../kernel.ts";
import type { AxisFilter } from "./coefficients.ts";

/** Taps of all channels that are multiplied at once, over columns. */
export const STEP_TAPS = 16;

/** Entries of the table of column weights that a step's weights take: two weights an entry. */
export const STEP_ENTRIES: number = STEP_TAPS / 2;

/** The columns' filter cut into steps. */
export interface FilterSteps {
  /** Input column of each step's first tap. */
  readonly first: Int32Array;
  /** Which sixteen weights each step has. */
  readonly vector: Int32Array;
  /** The first step of each output column; one more number than there are columns. */
  readonly begin: Int32Array;
  /** The weights, sixteen by sixteen; taps that a step has not got weigh nothing. */
  readonly weights: Int32Array;
}

/** The rows' filter with each list of weights once. */
export interface FilterLists {
  /** Where each output row's weights begin in `weights`. */
  readonly start: Int32Array;
  /** The weights. */
  readonly weights: Int32Array;
}

/**
 * Cuts the columns' filter into steps of sixteen taps; steps with the same weights share them.
 *
 * @param filter The filter.
 *
 * @example
 * ```ts
 * import { filterAxis } from "./coefficients.ts";
 * import { filterSteps } from "./steps.ts";
 * import assert from "node:assert/strict";
 *
 * // 40 columns to 2: some 40 taps an output column, in three steps.
 * assert.equal(filterSteps(filterAxis({ input: 40, output: 2 })).first.length, 4);
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

/** Puts the rows' weights together; output rows with the same weights share them. */
export function filterLists({ first, taps, start, weights }: AxisFilter): FilterLists {
  const known = new Map<string, number>();
  const all: number[] = [];
  const begin = Int32Array.from(
    first,
    (_, o) => listOf([...weights.subarray(start[o], start[o]! + taps[o]!)], known, all),
  );
  return { start: begin, weights: Int32Array.from(all) };
}

/** Where a list stands among all; it is added where it does not. */
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
 * The form of the tables where each tap has a multiplier. Entries are those of `kernels/rtl`: a step, two
 * weights of columns, an output row, a weight of rows.
 *
 * @param y Filter of the rows.
 * @param x Filter of the columns.
 */
export function multiplyForm(y: AxisFilter, x: AxisFilter): TableForm {
  const steps = filterSteps(x);
  const lists = filterLists(y);
  const outputs = x.first.length;
  // Every input row passes the columns' filter once, however many output rows see it.
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
        46,
        stepsPerItem,
        "item",
      ),
      tableInfo("row entries", "row -> taps, weights", y.first.length, 51, 1 / outputs, "item"),
      tableInfo(
        "row weights",
        "tap -> weight",
        lists.weights.length,
        23,
        y.weights.length / y.first.length,
        "item",
      ),
    ],
  };
}
