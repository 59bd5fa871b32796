/**
 * Fields that the specifications of steps share.
 *
 * @module
 */

import { z } from "zod";
import { MAX_COLUMNS, MAX_NAME } from "../table.ts";

/** Columns of a step: distinct names. */
export const columnNames: z.ZodType<string[]> = z.array(z.string().min(1).max(MAX_NAME)).min(1).max(
  MAX_COLUMNS,
)
  .refine((names) => new Set(names).size === names.length, "expected distinct names of columns");

/** Maximum rows of a sliding window. */
export const MAX_WINDOW = 1024;

/** Rows of a sliding window, the row itself among them. */
export const windowRows: z.ZodType<number> = z.number().int().min(2).max(MAX_WINDOW);

/** Maximum UTF-16 code units of one category. */
export const MAX_TEXT = 65_536;

/** Maximum categories of a column. */
export const MAX_CATEGORIES = 65_536;

/** Percentiles, the lower one first. */
export const percentiles: z.ZodType<[number, number]> = z.tuple([
  z.number().min(0).max(100),
  z.number().min(0).max(100),
]).refine(([low, high]) => low < high, "expected the lower percentile first");
