/**
 * Fitted steps: what a pipeline of records became by a fit or an import. Plain data that JSON can hold.
 *
 * @module
 */

import type { JsonNumber } from "../spec/encode.ts";
import type { ColumnType, NumberType } from "../table.ts";

/** Number, or string; JSON-safe. */
export type JsonCell = JsonNumber | string;

/** Replaces one value, usually the missing one. */
export interface FillStep {
  /** Name of the step. */
  readonly op: "fill";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written; the one that is read is replaced if both are named alike. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: ColumnType;
  /** Value that is replaced; `NaN` is a missing number or string. */
  readonly missing: JsonNumber;
  /** Value that replaces it. */
  readonly value: JsonCell;
}

/** Writes 1 where a value is missing, and 0 elsewhere. */
export interface FlagStep {
  /** Name of the step. */
  readonly op: "flag";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
}

/** Operation of arithmetic with a constant. */
export interface Term {
  /** `min` takes the lesser of the value and the constant, `max` the greater. */
  readonly op: "add" | "subtract" | "multiply" | "divide" | "min" | "max";
  /** Constant. */
  readonly value: number;
}

/** Computes with constants. Every operation is done in f64 and rounded to the type. */
export interface ArithmeticStep {
  /** Name of the step. */
  readonly op: "arithmetic";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the results. */
  readonly type: "f64" | "f32" | "f16";
  /** Operations in order. */
  readonly terms: readonly Term[];
}

/** Finds values below `low` or above `high`. */
export interface BoundsStep {
  /** Name of the step. */
  readonly op: "bounds";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Least accepted value. */
  readonly low: number;
  /** Greatest accepted value. */
  readonly high: number;
  /** `clip` writes the bound, `missing` no value, `mark` 1 and otherwise 0. */
  readonly action: "clip" | "missing" | "mark";
}

/** Maps keys to values. */
export interface CodesStep {
  /** Name of the step. */
  readonly op: "codes";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: ColumnType;
  /** Distinct keys: all numbers or all strings. */
  readonly keys: readonly (number | string)[];
  /** Value of each key. */
  readonly values: readonly JsonCell[];
  /** Value of other keys; null refuses them. */
  readonly unknown: JsonCell | null;
  /** Value of missing values; null refuses them. */
  readonly missing: JsonCell | null;
}

/** Writes 1 to one of several columns, and 0 to the others. */
export interface OneHotStep {
  /** Name of the step. */
  readonly op: "one_hot";
  /** Column that is read. */
  readonly from: string;
  /** Columns that are written. */
  readonly to: readonly string[];
  /** Type of the written columns. */
  readonly type: NumberType;
  /** Distinct keys: all numbers or all strings. */
  readonly keys: readonly (number | string)[];
  /** Index in `to` of each key's column; -1 for none. */
  readonly slots: readonly number[];
  /** Index of other keys' column; -1 for none, null refuses them. */
  readonly unknown: number | null;
  /** Index of the missing values' column; -1 for none, null refuses them. */
  readonly missing: number | null;
}

/** Writes buckets of hashes. A missing value has no bucket: 0 in all columns, or no index. */
export interface HashStep {
  /** Name of the step. */
  readonly op: "hash";
  /** Column that is read. */
  readonly from: string;
  /** Columns that are written: one a bucket, or one for the index. */
  readonly to: readonly string[];
  /** Type of the written columns. */
  readonly type: NumberType;
  /** Number of buckets, 1 to 65,536. */
  readonly buckets: number;
  /** `columns` or `index`. */
  readonly as: "columns" | "index";
  /** Whether half of the hashes have the sign -1. */
  readonly alternateSign: boolean;
}

/** Writes the number of edges that are at most the value. Missing values are refused. */
export interface BinsStep {
  /** Name of the step. */
  readonly op: "bins";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Edges between bins, in ascending order. */
  readonly edges: readonly number[];
}

/** Writes 1 for a value above a threshold, and 0 otherwise. Missing values are refused. */
export interface ThresholdStep {
  /** Name of the step. */
  readonly op: "threshold";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Greatest value that becomes 0. */
  readonly threshold: number;
}

/** Converts to another type; towards zero from floats to integers. Also copies and renames. */
export interface CastStep {
  /** Name of the step. */
  readonly op: "cast";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: ColumnType;
}

/** Fills a missing value from the rows before. */
export interface WindowStep {
  /** Name of the step. */
  readonly op: "window";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Mean of the present values, or the last one. */
  readonly method: "mean" | "last";
  /** Rows of the window, the filled one last. */
  readonly window: number;
}

/** Finds values that differ from the median of a centred window. */
export interface HampelStep {
  /** Name of the step. */
  readonly op: "hampel";
  /** Column that is read. */
  readonly from: string;
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Rows of the window, an odd number. */
  readonly window: number;
  /** Accepted distance, in scaled median deviations. */
  readonly threshold: number;
  /** `median` writes the window's median, `missing` no value, `mark` 1 and otherwise 0. */
  readonly action: "median" | "missing" | "mark";
}

/** Writes 1 for a row that equals one of the rows before, and 0 otherwise. */
export interface DuplicatesStep {
  /** Name of the step. */
  readonly op: "duplicates";
  /** Columns that are compared. */
  readonly from: readonly string[];
  /** Column that is written. */
  readonly to: string;
  /** Type of the written column. */
  readonly type: NumberType;
  /** Rows of the window, the tested one last. */
  readonly window: number;
}

/** Fitted step whose results depend on one row alone. */
export type ValueStep =
  | FillStep
  | FlagStep
  | ArithmeticStep
  | BoundsStep
  | CodesStep
  | OneHotStep
  | HashStep
  | BinsStep
  | ThresholdStep
  | CastStep;

/** Fitted step whose results depend on rows nearby. */
export type RowsStep = WindowStep | HampelStep | DuplicatesStep;

/** Step of a fitted pipeline, on one row or on rows nearby. */
export type FittedStep = ValueStep | RowsStep;

/** Name and type of a column. */
export interface ColumnSchema {
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
}

/** Version of {@linkcode FittedPipeline}. */
export const FITTED_VERSION = 1 as const;

/** Pipeline of records that is fitted: everything that a transform needs. Plain data that JSON can hold. */
export interface FittedPipeline {
  /** Version of the form. */
  readonly version: 1;
  /** CRC-32C of everything else. */
  readonly id: number;
  /** Columns that a transform expects. */
  readonly inputs: readonly ColumnSchema[];
  /** Steps in order. */
  readonly steps: readonly FittedStep[];
  /** Columns of the result, in order. */
  readonly outputs: readonly string[];
  /** Columns of marks; rows with a mark are removed after all steps. */
  readonly drop: readonly string[];
}

/** Whether a step's results depend on one row alone. */
export function isValueStep(step: FittedStep): step is ValueStep {
  return step.op !== "window" && step.op !== "hampel" && step.op !== "duplicates";
}

/** Columns that a step reads. */
export function readsOf({ from }: FittedStep): readonly string[] {
  return typeof from === "string" ? [from] : from;
}

/** Columns that a step writes. */
export function writesOf({ to }: FittedStep): readonly string[] {
  return typeof to === "string" ? [to] : to;
}
