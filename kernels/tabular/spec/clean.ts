/**
 * Step `clean`: finds outliers and repeated rows.
 *
 * @module
 */

import { z } from "zod";
import { columnNames, MAX_WINDOW, percentiles, windowRows } from "./common.ts";

/**
 * Treatment of a value that is out of bounds: `clip` takes the bound, `missing` removes the value, and `mark` adds
 * a column `<name>_outlier` of 0 and 1.
 */
export type CleanAction = "clip" | "missing" | "mark";

/** Finds outliers of columns, or repeated rows. Missing values are no outliers. */
export type CleanStep = CleanFields & CleanMethod;

/** Fields of every clean step. */
export interface CleanFields {
  /** Name of the step. */
  readonly op: "clean";
  /** Columns to clean. */
  readonly columns: readonly string[];
}

/** How outliers are found, and their treatment. */
export type CleanMethod =
  | {
    /** Bounds: the mean, less and plus `threshold` standard deviations. */
    readonly method: "z_score";
    /** Standard deviations. Default 3. */
    readonly threshold?: number | undefined;
    /** Treatment of outliers. */
    readonly action: CleanAction;
  }
  | {
    /** Bounds: the quartiles, less and plus `factor` times their distance. */
    readonly method: "iqr";
    /** Factor of the distance. Default 1.5. */
    readonly factor?: number | undefined;
    /** Treatment of outliers. */
    readonly action: CleanAction;
  }
  | {
    /** Bounds: two percentiles. Outliers take the bound. */
    readonly method: "clip";
    /** Lower and upper percentile, 0 to 100. Default 1 and 99. */
    readonly percentiles?: readonly [number, number] | undefined;
  }
  | {
    /** Bounds that are given. */
    readonly method: "range";
    /** Least accepted value. */
    readonly min: number;
    /** Greatest accepted value. */
    readonly max: number;
    /** Treatment of outliers. */
    readonly action: CleanAction;
  }
  | {
    /** Bounds: the median of a centred window, less and plus `threshold` times 1.4826 times its median deviation. */
    readonly method: "hampel";
    /** Rows of the window: odd, 3 to 1023. */
    readonly window: number;
    /** Scaled median deviations. Default 3. */
    readonly threshold?: number | undefined;
    /** Treatment of outliers: the window's median, no value, or a mark. */
    readonly action: "median" | "missing" | "mark";
  }
  | {
    /** Rows whose columns are equal to those of a row before. A missing value equals a missing one. */
    readonly method: "duplicates";
    /** Rows of the window, 2 to 1024, the tested one last. */
    readonly window: number;
    /** `mark` adds a column `duplicate` of 0 and 1; `drop` removes the row. */
    readonly action: "mark" | "drop";
  };

const fields = { op: z.literal("clean"), columns: columnNames };
const action = z.enum(["clip", "missing", "mark"]);
const factor = z.number().positive().max(1e6).optional();

/** Schema of {@linkcode CleanStep}. */
export const cleanSpec: z.ZodType<CleanStep> = z.discriminatedUnion("method", [
  z.strictObject({ ...fields, method: z.literal("z_score"), threshold: factor, action }),
  z.strictObject({ ...fields, method: z.literal("iqr"), factor, action }),
  z.strictObject({ ...fields, method: z.literal("clip"), percentiles: percentiles.optional() }),
  z.strictObject({ ...fields, method: z.literal("range"), min: z.number(), max: z.number(), action }),
  z.strictObject({
    ...fields,
    method: z.literal("hampel"),
    window: z.number().int().min(3).max(MAX_WINDOW).refine(
      (rows) => rows % 2 === 1,
      "expected an odd number",
    ),
    threshold: factor,
    action: z.enum(["median", "missing", "mark"]),
  }),
  z.strictObject({
    ...fields,
    method: z.literal("duplicates"),
    window: windowRows,
    action: z.enum(["mark", "drop"]),
  }),
]).refine((step) => step.method !== "range" || step.min <= step.max, "expected min to be at most max");
