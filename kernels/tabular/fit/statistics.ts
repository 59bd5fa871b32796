/**
 * Statistics of a column that fits need, exact.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { MAX_CATEGORIES } from "../spec/common.ts";
import { type Column, type ColumnType, numbersOf, quoted, rowsOf, type TextColumn } from "../table.ts";
import { roundTo } from "../values.ts";
import { percentileOf } from "./quantiles.ts";
import { pairwiseSum } from "./sums.ts";

/** Value and the number of its rows. */
export interface Count {
  /** Number or string. */
  readonly value: number | string;
  /** Rows with the value. */
  readonly count: number;
}

/** Mean and population variance. */
export interface Moments {
  /** Mean of the present values. */
  readonly mean: number;
  /** Mean of the squared differences to the mean. */
  readonly variance: number;
}

/** Statistics of one column. Those of numbers are called for columns of numbers with a present value. */
export interface Statistics {
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Number of rows. */
  readonly rows: number;
  /** Rows without a value. */
  readonly missing: number;
  /** Mean, as an imputation rounds it. */
  mean(): number;
  /** Mean and variance in f64. */
  moments(): Moments;
  /** Least and greatest value. */
  range(): readonly [min: number, max: number];
  /** Middle value, or the mean of the two middle ones. */
  median(): number;
  /** Percentiles, interpolated between two values. */
  percentiles(percents: readonly number[]): number[];
  /** Distinct present values in ascending order. */
  counts(): readonly Count[];
}

/**
 * Makes the exact statistics of a column.
 *
 * @param column Column.
 * @param sentinel Number that means "missing" besides NaN.
 */
export function exactStatistics(column: Column, sentinel?: number): Statistics {
  const { name, type } = column;
  const rows = rowsOf(column);
  if (type === "text") {
    const counts = () => {
      const known = new Map<number | string, number>();
      addCodes(column, known);
      return sortCounts(known);
    };
    return { name, type, rows, missing: missingCodes(column), ...noNumbers(name), counts };
  }
  const numbers = withoutSentinel(numbersOf(column), sentinel);
  const present = numbers.filter((value) => value === value);
  let sorted: Float64Array | undefined;
  const ascending = () => sorted ??= present.slice().sort();
  return {
    name,
    type,
    rows,
    missing: rows - present.length,
    mean: () => imputedMean(numbers, present.length, type),
    moments: () => momentsOf(numbers, present.length),
    range: () => [ascending()[0]!, ascending().at(-1)!],
    median: () => {
      const values = ascending();
      const half = values.length >> 1;
      if (values.length % 2 === 1) return values[half]!;
      const sum = values[half - 1]! + values[half]!;
      return (type === "f32" || type === "f16" ? roundTo(type, sum)! : sum) / 2;
    },
    percentiles: (percents) => percents.map((percent) => percentileOf(ascending(), percent, type)),
    counts: () => countSorted(name, ascending()),
  };
}

/** Replaces a sentinel by NaN. */
function withoutSentinel(numbers: Float64Array, sentinel: number | undefined): Float64Array {
  return sentinel === undefined ? numbers : numbers.map((value) => value === sentinel ? NaN : value);
}

/** Statistics of numbers for a column of text, which no step asks for. */
export function noNumbers(name: string): Omit<Statistics, "name" | "type" | "rows" | "missing" | "counts"> {
  const refuse = (): never => {
    throw new OnpathError(
      "dtype",
      `Cannot fit column ${quoted(name)}: its text has no statistics of numbers`,
      { name },
    );
  };
  return { mean: refuse, moments: refuse, range: refuse, median: refuse, percentiles: refuse };
}

/** Mean as SimpleImputer computes it: f32 is added in f32, f16 in f32 and then rounded. */
function imputedMean(numbers: Float64Array, count: number, type: ColumnType): number {
  const filled = numbers.map((value) => value === value ? value : 0);
  if (type === "f16") return roundTo("f16", Math.fround(pairwiseSum(filled, Math.fround) / count))!;
  if (type === "f32" || type === "bf16") return pairwiseSum(filled, Math.fround) / count;
  return pairwiseSum(filled) / count;
}

/** Mean and variance as StandardScaler computes them: in two passes with a correction. */
function momentsOf(numbers: Float64Array, count: number): Moments {
  const mean = pairwiseSum(numbers.map((value) => value === value ? value : 0)) / count;
  const differences = numbers.map((value) => value === value ? value - mean : 0);
  const correction = pairwiseSum(differences);
  const squares = pairwiseSum(differences.map((value) => value * value));
  return { mean, variance: (squares - correction ** 2 / count) / count };
}

function countSorted(name: string, sorted: Float64Array): Count[] {
  const counts: { value: number; count: number }[] = [];
  for (const value of sorted) {
    const last = counts.at(-1);
    if (last !== undefined && last.value === value) last.count++;
    else if (counts.push({ value: value + 0, count: 1 }) > MAX_CATEGORIES) throw tooMany(name);
  }
  return counts;
}

/** Counts the rows without a string. */
export function missingCodes({ codes, missing }: TextColumn): number {
  let count = 0;
  for (const code of codes) if (code === missing) count++;
  return count;
}

/** Adds the rows of each string of a column to counts. */
export function addCodes(
  { name, codes, dictionary }: TextColumn,
  counts: Map<number | string, number>,
): void {
  const byCode = new Float64Array(dictionary.length);
  for (const code of codes) if (code < byCode.length) byCode[code]!++;
  dictionary.forEach((text, code) => {
    if (byCode[code]! > 0) counts.set(text, (counts.get(text) ?? 0) + byCode[code]!);
  });
  if (counts.size > MAX_CATEGORIES) throw tooMany(name);
}

/** Counts a number. */
export function addCount(name: string, counts: Map<number | string, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
  if (counts.size > MAX_CATEGORIES) throw tooMany(name);
}

/** Sorts counts by value: numbers by size, strings by code points. */
export function sortCounts(counts: ReadonlyMap<number | string, number>): Count[] {
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) =>
    compareValues(a.value, b.value)
  );
}

/** Compares two numbers, or two strings by their code points. */
export function compareValues(a: number | string, b: number | string): number {
  if (typeof a === "number") return a - (b as number);
  const other = b as string;
  for (let i = 0; i < a.length && i < other.length; i++) {
    const [x, y] = [a.charCodeAt(i), other.charCodeAt(i)];
    if (x === y) continue;
    // Surrogates stand for code points above all other units.
    const [isHighX, isHighY] = [isSurrogate(x), isSurrogate(y)];
    return isHighX === isHighY ? x - y : isHighX ? 1 : -1;
  }
  return a.length - other.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function tooMany(name: string): OnpathError {
  return new OnpathError(
    "size",
    `Cannot fit column ${quoted(name)}: it has more than ${MAX_CATEGORIES} distinct values`,
    { name, most: MAX_CATEGORIES },
  );
}
