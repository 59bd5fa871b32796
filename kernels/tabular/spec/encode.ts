/**
 * Step `encode`: categories and bins as numbers.
 *
 * @module
 */

import { z } from "zod";
import { named } from "../../../serialize/excerpt.ts";
import type { NumberType } from "../table.ts";
import { columnNames, MAX_CATEGORIES, MAX_TEXT } from "./common.ts";

/** Category: a number, a string, or null for missing values. */
export type Category = number | string | null;

/** Number, or the name of one that JSON cannot hold. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity" | "-0";

/** Number types of encoded columns. */
export type EncodedType = Exclude<NumberType, "f16" | "bf16">;

/** Encodes columns as numbers. */
export type EncodeStep = EncodeFields & EncodeMethod;

/** Fields of every encode step. */
export interface EncodeFields {
  /** Name of the step. */
  readonly op: "encode";
  /** Columns to encode. */
  readonly columns: readonly string[];
}

/** How values become numbers. */
export type EncodeMethod =
  | {
    /** Index of the category, in the order of the categories. */
    readonly method: "ordinal";
    /** Categories of each column; those of numbers in ascending order. Default: found, in ascending order. */
    readonly categories?: readonly (readonly Category[])[] | undefined;
    /** Number of unknown categories. Default: they are refused. */
    readonly unknownValue?: JsonNumber | undefined;
    /** Number of missing values, if they are a category. Default NaN. */
    readonly missingValue?: JsonNumber | undefined;
    /** Type of the result. Default `f64`. */
    readonly dtype?: EncodedType | undefined;
  }
  | {
    /** A column `<name>_<category>` of 0 and 1 for each category. */
    readonly method: "one_hot";
    /** Categories of each column; those of numbers in ascending order. Default: found, in ascending order. */
    readonly categories?: readonly (readonly Category[])[] | undefined;
    /**
     * Unknown categories: `error` refuses them (default), `ignore` makes all columns 0, and `infrequent` makes them
     * infrequent if there are infrequent categories.
     */
    readonly unknown?: "error" | "ignore" | "infrequent" | undefined;
    /** Rows of an infrequent category: below this number, or below this share of all rows if it is below 1. */
    readonly minFrequency?: number | undefined;
    /** Maximum columns, the one of infrequent categories among them. */
    readonly maxCategories?: number | undefined;
    /** Leaves out the first category, always or if there are two. Default: none. */
    readonly drop?: "first" | "if_binary" | undefined;
    /** Type of the result. Default `f64`. */
    readonly dtype?: EncodedType | undefined;
  }
  | {
    /** MurmurHash3 of a string: 1 or -1 in one column `<name>_<bucket>`, or the number of the bucket. */
    readonly method: "hashing";
    /** Buckets, 1 to 65,536; at most 4096 as columns. */
    readonly buckets: number;
    /** `columns` (default), or `index` for one column with the number of the bucket. */
    readonly as?: "columns" | "index" | undefined;
    /** Half of the hashes have the sign -1, so that collisions cancel out. Default true; for columns only. */
    readonly alternateSign?: boolean | undefined;
    /** Type of the result. Default `f64`. */
    readonly dtype?: EncodedType | undefined;
  }
  | {
    /** Index of a bin: of equally many values, or of equal width. */
    readonly method: "quantile_bins" | "uniform_bins";
    /** Bins, 2 to 65,536. */
    readonly bins: number;
    /** `index` (default), or `one_hot` for a column `<name>_<bin>` each. */
    readonly as?: "index" | "one_hot" | undefined;
  };

/** Schema of {@linkcode JsonNumber}. */
export const jsonNumber: z.ZodType<JsonNumber> = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity", "-0"]),
]);

/** Number that a {@linkcode JsonNumber} stands for. */
export function fromJsonNumber(value: JsonNumber): number {
  return Number(value);
}

/** Makes a number safe for JSON. */
export function toJsonNumber(value: number): JsonNumber {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value) as JsonNumber;
}

/** Schema of an encoded column's type. */
export const encodedType: z.ZodType<EncodedType> = z.enum([
  "f64",
  "f32",
  "i8",
  "i16",
  "i32",
  "u8",
  "u16",
  "u32",
]);

/** First value that a list has a second time; undefined if there is none. */
export function firstRepeated<T>(list: readonly T[]): T | undefined {
  const seen = new Set<T>();
  return list.find((each) => seen.size === seen.add(each).size);
}

const category = z.union([z.number(), z.string().max(MAX_TEXT), z.null()]);
const fields = { op: z.literal("encode"), columns: columnNames };
const categories = z.array(
  z.array(category).min(1).max(MAX_CATEGORIES).superRefine((list, context) => {
    const twice = firstRepeated(list);
    if (twice !== undefined) {
      context.addIssue({ code: "custom", message: `category ${named(twice)} is given twice` });
    }
  }),
).optional();
const dtype = encodedType.optional();

/** Schema of {@linkcode EncodeStep}. */
export const encodeSpec: z.ZodType<EncodeStep> = z.discriminatedUnion("method", [
  z.strictObject({
    ...fields,
    method: z.literal("ordinal"),
    categories,
    unknownValue: jsonNumber.optional(),
    missingValue: jsonNumber.optional(),
    dtype,
  }),
  z.strictObject({
    ...fields,
    method: z.literal("one_hot"),
    categories,
    unknown: z.enum(["error", "ignore", "infrequent"]).optional(),
    minFrequency: z.number().positive().max(2 ** 31).optional(),
    maxCategories: z.number().int().min(1).max(MAX_CATEGORIES).optional(),
    drop: z.enum(["first", "if_binary"]).optional(),
    dtype,
  }),
  z.strictObject({
    ...fields,
    method: z.literal("hashing"),
    buckets: z.number().int().min(1).max(65_536),
    as: z.enum(["columns", "index"]).optional(),
    alternateSign: z.boolean().optional(),
    dtype,
  }),
  z.strictObject({
    ...fields,
    method: z.enum(["quantile_bins", "uniform_bins"]),
    bins: z.number().int().min(2).max(65_536),
    as: z.enum(["index", "one_hot"]).optional(),
  }),
]);
