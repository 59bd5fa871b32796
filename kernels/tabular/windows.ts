/**
 * Fitted steps on rows nearby as functions of a window. A window has at most 1024 rows.
 *
 * @module
 */

import type { HampelStep, RowsStep, WindowStep } from "./fitted/steps.ts";
import type { Cell, NumberType } from "./table.ts";
import { isMissing, roundTo } from "./values.ts";

/** Median deviations of a normal distribution that make a standard deviation. */
const SCALE = 1.4826;

/** Cells of the columns that a step reads, by column and row of the window. */
export type WindowCells = readonly (readonly Cell[])[];

/** Written column of a fitted step on rows nearby. */
export interface WindowMap {
  /** Name of the written column. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Rows before a row that its result depends on. */
  readonly before: number;
  /** Rows after a row that its result depends on. */
  readonly after: number;
  /** Computes the cell of row `at` of a window, which is shorter at the first and the last rows. */
  readonly apply: (cells: WindowCells, at: number) => Cell | undefined;
}

/** Makes the function of a step on rows nearby. */
export function windowOf(step: RowsStep): WindowMap {
  const { to, type, window } = step;
  if (step.op === "hampel") {
    const half = (window - 1) / 2;
    return { to, type, before: half, after: half, apply: hampel(step) };
  }
  const apply = step.op === "window" ? fillFrom(step) : repeated;
  return { to, type, before: window - 1, after: 0, apply };
}

function fillFrom({ method, type }: WindowStep): WindowMap["apply"] {
  return ([cells], at) => {
    const own = cells![at] as number;
    if (own === own) return roundTo(type, own);
    let [sum, count] = [0, 0];
    for (let row = at - 1; row >= 0; row--) {
      const value = cells![row] as number;
      if (value !== value) continue;
      if (method === "last") return roundTo(type, value);
      sum += value;
      count++;
    }
    return count === 0 ? NaN : roundTo(type, sum / count);
  };
}

function hampel({ threshold, action, type }: HampelStep): WindowMap["apply"] {
  return ([cells], at) => {
    const numbers = cells as readonly number[];
    const own = numbers[at]!;
    const present = numbers.filter((value) => value === value);
    const middle = medianOf(present);
    const deviation = medianOf(present.map((value) => Math.abs(value - middle)));
    const isOut = Math.abs(own - middle) > threshold * SCALE * deviation;
    if (action === "mark") return isOut ? 1 : 0;
    return isOut ? action === "median" ? roundTo(type, middle) : NaN : roundTo(type, own);
  };
}

/** Median of numbers; NaN of none. */
function medianOf(list: readonly number[]): number {
  const sorted = Float64Array.from(list).sort();
  const half = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Whether a row equals one before. */
const repeated: WindowMap["apply"] = (columns, at) => {
  for (let row = 0; row < at; row++) {
    if (columns.every((cells) => isEqual(cells[row]!, cells[at]!))) return 1;
  }
  return 0;
};

function isEqual(a: Cell, b: Cell): boolean {
  return a === b || (isMissing(a) && isMissing(b));
}
