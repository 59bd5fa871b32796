/**
 * Schema of fitted pipelines from outside.
 *
 * @module
 */

import { z } from "zod";
import type { Schema } from "../../schema.ts";
import { MAX_CATEGORIES, MAX_TEXT, MAX_WINDOW } from "../spec/common.ts";
import { firstRepeated, jsonNumber } from "../spec/encode.ts";
import { MAX_COLUMNS, MAX_NAME, NUMBER_TYPES } from "../table.ts";
import { FITTED_VERSION, type FittedPipeline, type FittedStep } from "./steps.ts";

/** Maximum fitted steps: those of 256 steps on many columns. */
export const MAX_FITTED_STEPS = 65_536;

const name = z.string().min(1).max(MAX_NAME);
const names = z.array(name).max(MAX_COLUMNS).refine(
  (list) => firstRepeated(list) === undefined,
  "expected distinct names",
);
const numberType = z.enum(NUMBER_TYPES as [typeof NUMBER_TYPES[number]]);
const columnType = z.union([numberType, z.literal("text")]);
const cell = z.union([jsonNumber, z.string().max(MAX_TEXT)]);
const keys = z.array(z.union([z.number(), z.string().max(MAX_TEXT)])).max(MAX_CATEGORIES)
  .refine((list) => firstRepeated(list) === undefined, "expected distinct keys")
  .refine((list) => list.every((key) => typeof key === typeof list[0]), "expected keys of one type");
const edges = z.array(z.number()).max(MAX_CATEGORIES)
  .refine(
    (list) => list.every((edge, index) => index === 0 || edge >= list[index - 1]!),
    "expected ascending edges",
  );
const one = { from: name, to: name, type: numberType };
const slot = z.number().int().min(-1);

const step = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.literal("fill"),
    from: name,
    to: name,
    type: columnType,
    missing: jsonNumber,
    value: cell,
  }),
  z.strictObject({ op: z.literal("flag"), ...one }),
  z.strictObject({
    op: z.literal("arithmetic"),
    from: name,
    to: name,
    type: z.enum(["f64", "f32", "f16"]),
    terms: z.array(z.strictObject({
      op: z.enum(["add", "subtract", "multiply", "divide", "min", "max"]),
      value: z.number(),
    })).max(64),
  }),
  z.strictObject({
    op: z.literal("bounds"),
    ...one,
    low: z.number(),
    high: z.number(),
    action: z.enum(["clip", "missing", "mark"]),
  }).refine(({ low, high }) => low <= high, "expected low to be at most high"),
  z.strictObject({
    op: z.literal("codes"),
    from: name,
    to: name,
    type: columnType,
    keys,
    values: z.array(cell).max(MAX_CATEGORIES),
    unknown: cell.nullable(),
    missing: cell.nullable(),
  }).refine(({ keys, values }) => keys.length === values.length, "expected a value for each key"),
  z.strictObject({
    op: z.literal("one_hot"),
    from: name,
    to: names,
    type: numberType,
    keys,
    slots: z.array(slot).max(MAX_CATEGORIES),
    unknown: slot.nullable(),
    missing: slot.nullable(),
  }).refine(({ keys, slots }) => keys.length === slots.length, "expected a slot for each key")
    .refine(
      ({ to, slots, unknown, missing }) =>
        [...slots, unknown ?? -1, missing ?? -1].every((each) => each < to.length),
      "expected slots of written columns",
    ),
  z.strictObject({
    op: z.literal("hash"),
    from: name,
    to: names,
    type: numberType,
    buckets: z.number().int().min(1).max(65_536),
    as: z.enum(["columns", "index"]),
    alternateSign: z.boolean(),
  }).refine(
    ({ to, buckets, as }) => to.length === (as === "index" ? 1 : buckets),
    "expected a column for each bucket",
  ),
  z.strictObject({ op: z.literal("bins"), ...one, edges }),
  z.strictObject({ op: z.literal("threshold"), ...one, threshold: z.number() }),
  z.strictObject({ op: z.literal("cast"), from: name, to: name, type: columnType }),
  z.strictObject({
    op: z.literal("window"),
    ...one,
    method: z.enum(["mean", "last"]),
    window: z.number().int().min(2).max(MAX_WINDOW),
  }),
  z.strictObject({
    op: z.literal("hampel"),
    ...one,
    window: z.number().int().min(3).max(MAX_WINDOW).refine(
      (rows) => rows % 2 === 1,
      "expected an odd number",
    ),
    threshold: z.number().positive(),
    action: z.enum(["median", "missing", "mark"]),
  }),
  z.strictObject({
    op: z.literal("duplicates"),
    from: names.min(1),
    to: name,
    type: numberType,
    window: z.number().int().min(2).max(MAX_WINDOW),
  }),
]) as z.ZodType<FittedStep>;

/** Schema of {@linkcode FittedPipeline}. */
export const fittedSchema: Schema<FittedPipeline> = z.strictObject({
  version: z.literal(FITTED_VERSION),
  id: z.number().int().min(0).max(2 ** 32 - 1),
  inputs: z.array(z.strictObject({ name, type: columnType })).max(MAX_COLUMNS),
  steps: z.array(step).max(MAX_FITTED_STEPS),
  outputs: names,
  drop: names,
});
