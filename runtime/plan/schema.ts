/**
 * The schema of plans. Strict: a field that is not known is refused.
 *
 * @module
 */

import { z } from "zod";
import { MAX_STEPS, type Pipeline, type ResizeParams, resizeParams, type Schema } from "../../kernels/mod.ts";
import { DTYPES, KIND, LAYOUTS, MAX_PACKETS, MAX_PAYLOAD } from "../../serialize/mod.ts";
import { type Plan, PLAN_VERSION } from "./plan.ts";

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const positive = z.number().int().min(1).max(2 ** 31 - 1);
const text = z.string().max(1000);
const list = z.array(positive).min(3).max(4);

const deviceSpec = z.strictObject({
  name: text,
  summary: text,
  payload: z.number().int().min(64).max(MAX_PAYLOAD),
  tableBytes: count,
  kernels: z.array(text).max(64),
});

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
const kind = z.union([z.literal(KIND.cells), z.literal(KIND.samples)]);

/** Checks the form of a {@linkcode Plan}; `checkPlan` also checks that its parts agree. */
export const planSpec: Schema<Plan> = z.strictObject({
  format: z.literal("onpath.plan"),
  version: z.literal(PLAN_VERSION),
  id: z.number().int().min(0).max(2 ** 32 - 1),
  // `compile` parses the pipeline step by step; here only its outline is checked.
  pipeline: z.custom<Pipeline>(isPipelineOutline, "expected a pipeline"),
  input: z.strictObject({ dtype: z.literal("u8"), shape: list, layout: z.enum(LAYOUTS) }),
  device: deviceSpec,
  geometry: z.strictObject({
    before: windows,
    resize: z.custom<ResizeParams>((value) => resizeParams.safeParse(value).success).nullable(),
    after: windows,
    fill: z.array(z.number().int().min(0).max(255)).min(1).max(4),
  }),
  stages: z.array(z.strictObject({ kernel: text, params: z.unknown() })).max(8),
  layout: z.strictObject({
    kind,
    channels,
    cut: cutSpec,
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
    lookups: count,
  })).max(32),
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

function isPipelineOutline(value: unknown): boolean {
  const steps = (value as { steps?: unknown } | null)?.steps;
  return Array.isArray(steps) && steps.length >= 1 && steps.length <= MAX_STEPS;
}
