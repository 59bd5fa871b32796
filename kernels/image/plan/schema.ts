/**
 * Schema of image plans. It is strict: unknown fields are refused. Derived fields are checked only for their
 * form, because `checkPlan` recompiles the plan and uses that result.
 *
 * @module
 */

import { z } from "zod";
import { FORMS } from "../kernel.ts";
import { MAX_STEPS, type Pipeline } from "../pipeline.ts";
import type { Schema } from "../../schema.ts";
import { DTYPES } from "../../../serialize/dtype.ts";
import { KIND, MAX_PACKETS, MAX_PAYLOAD } from "../../../serialize/header.ts";
import { LAYOUTS } from "../../../serialize/tensor.ts";
import { LAYOUT_NAMES } from "../../target/profile.ts";
import type { Sampling } from "./geometry.ts";
import type { ImageBody } from "./plan.ts";

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const positive = z.number().int().min(1).max(2 ** 31 - 1);
const text = z.string().max(1000);
const list = z.array(positive).min(3).max(4);

const axisWindow = z.strictObject({
  length: positive,
  offset: z.number().int(),
  low: count,
  high: count,
});
const windows = z.strictObject({ y: axisWindow, x: axisWindow });

const cutSpec = z.strictObject({
  width: positive,
  height: positive,
  images: positive,
  packetsPerRow: positive,
  rowsPerPacket: positive,
  itemsPerPacket: positive,
  packets: z.number().int().min(1).max(MAX_PACKETS),
});

const channels = z.union([z.literal(1), z.literal(3), z.literal(4)]);
const kind = z.union([z.literal(KIND.cells), z.literal(KIND.samples), z.literal(KIND.tiles)]);
const index = z.enum(["pairs", "phases"]);
const blocks = z.strictObject({ bram: count, uram: count });
const amount = z.number().min(0);

/** Schema of {@linkcode ImageBody}. Only recompiling checks that the fields agree. */
export const imageBodySpec: Schema<ImageBody> = z.strictObject({
  // `compile` parses the pipeline step by step. Only its outline is checked here.
  pipeline: z.custom<Pipeline>(isPipelineOutline, "expected a pipeline"),
  input: z.strictObject({ dtype: z.literal("u8"), shape: list, layout: z.enum(LAYOUTS) }),
  geometry: z.strictObject({
    before: windows,
    sampling: z.custom<Sampling>(isObject).nullable(),
    after: windows,
    fill: z.array(z.number().int().min(0).max(255)).min(1).max(4),
  }),
  options: z.strictObject({
    tolerance: z.number().min(0).max(255),
    form: z.enum(FORMS).nullable(),
    layout: z.enum(LAYOUT_NAMES).nullable(),
  }),
  stages: z.array(z.strictObject({ kernel: text, params: z.unknown(), form: z.enum(FORMS), index })).max(8),
  layout: z.strictObject({
    name: z.enum([...LAYOUT_NAMES, "samples"]),
    kind,
    channels,
    cut: cutSpec,
    answers: cutSpec,
    buffers: count,
    payload: z.number().int().min(1).max(MAX_PAYLOAD),
    bytesOut: count,
    bytesBack: count,
    checksum: z.enum(["crc32c", "link"]),
  }),
  tables: z.array(z.strictObject({
    kernel: text,
    name: text,
    index: text,
    entries: count,
    bits: positive,
    bytes: count,
    lookups: z.number().min(0),
    per: z.enum(["sample", "item"]),
    copies: positive,
    slots: positive,
    memory: z.enum(["bram", "uram"]),
    blocks: count,
  })).max(32),
  memory: z.strictObject({ bram: count, uram: count, budget: blocks }),
  pages: z.strictObject({
    count: positive,
    bytes: positive,
    slots: positive,
    breakEven: positive,
    keep: z.boolean(),
  })
    .nullable(),
  cost: z.strictObject({
    ideal: count,
    stalls: count,
    latency: count,
    load: count,
    cycles: count,
    minCycles: count,
    again: count,
    swaps: count,
    tableBytes: count,
  }),
  layouts: z.array(z.strictObject({
    name: text,
    bytes: amount,
    packets: amount,
    buffers: count,
    hostUs: amount,
    wireUs: amount,
    coreUs: amount,
    verdict: text,
  })).max(8) as unknown as z.ZodType<ImageBody["layouts"]>,
  forms: z.array(z.strictObject({
    form: text,
    levels: amount,
    bytes: count,
    lookups: amount,
    blocks: blocks.nullable(),
    pages: count,
    slots: count,
    verdict: text,
  })).max(16) as unknown as z.ZodType<ImageBody["forms"]>,
  output: z.strictObject({
    dtype: z.enum(DTYPES),
    shape: list,
    layout: z.enum(LAYOUTS),
    planes: positive,
    itemBytes: positive,
  }),
  bounds: z.array(z.strictObject({ kernel: text, versus: text, levels: z.number().min(0), because: text }))
    .max(8),
  notes: z.array(text).max(32),
});

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isPipelineOutline(value: unknown): boolean {
  const steps = (value as { steps?: unknown } | null)?.steps;
  return Array.isArray(steps) && steps.length >= 1 && steps.length <= MAX_STEPS;
}
