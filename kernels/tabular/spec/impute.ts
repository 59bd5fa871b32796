/**
 * Step `impute`: fills missing values.
 *
 * @module
 */

import { z } from "zod";
import { columnNames, MAX_TEXT, windowRows } from "./common.ts";

/** Fills missing values of columns. */
export type ImputeStep = ImputeFields & ImputeMethod;

/** Fields of every impute step. */
export interface ImputeFields {
  /** Name of the step. */
  readonly op: "impute";
  /** Columns to fill. */
  readonly columns: readonly string[];
  /** Number that means "missing" besides NaN and validity. Absent: none. */
  readonly missing?: number | undefined;
  /**
   * Adds a column `<name>_missing` of 0 and 1 for each column that has missing values where the step is fitted.
   * Default false.
   */
  readonly indicator?: boolean | undefined;
}

/** How missing values are filled. */
export type ImputeMethod =
  | {
    /** Statistic of the present values. A tie of most frequent values takes the least. */
    readonly method: "mean" | "median" | "most_frequent";
    /** Keeps a column without any value and fills it with 0. Default false: such a column is dropped. */
    readonly keepEmpty?: boolean | undefined;
  }
  | {
    /** A given value. */
    readonly method: "constant";
    /** Number for columns of numbers, string for columns of text. Default 0 and "missing_value". */
    readonly value?: number | string | undefined;
  }
  | {
    /** Mean of the values present among the rows before, or the last one of them. */
    readonly method: "window" | "last";
    /** Rows of the window, 2 to 1024, the filled one last. A value stays missing if no other one is present. */
    readonly window: number;
  };

const fields = {
  op: z.literal("impute"),
  columns: columnNames,
  missing: z.number().optional(),
  indicator: z.boolean().optional(),
};

/** Schema of {@linkcode ImputeStep}. */
export const imputeSpec: z.ZodType<ImputeStep> = z.discriminatedUnion("method", [
  z.strictObject({
    ...fields,
    method: z.enum(["mean", "median", "most_frequent"]),
    keepEmpty: z.boolean().optional(),
  }),
  z.strictObject({
    ...fields,
    method: z.literal("constant"),
    value: z.union([z.number(), z.string().max(MAX_TEXT)]).optional(),
  }),
  z.strictObject({ ...fields, method: z.enum(["window", "last"]), window: windowRows }),
]);
