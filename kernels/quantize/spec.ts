/**
 * Steps that quantize KV caches and take them back, and their pipelines.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../serialize/errors.ts";
import { parseWith, type Schema } from "../schema.ts";
import type { FloatDType } from "./formats/elements.ts";
import { MX_FORMATS, type MxName } from "./formats/mx.ts";
import { SMALL_FLOATS, type SmallFloatName } from "./formats/small_float.ts";
import type { QuantizeMethod } from "./method.ts";

/** Encodes the values of a cache. K and V have a plan each, since their methods and shapes may differ. */
export interface QuantizeStep {
  /** Name of the step. */
  readonly op: "quantize";
  /** Format, groups and stored type. */
  readonly method: QuantizeMethod;
}

/** Decodes what `quantize` of the same method made. */
export interface DequantizeStep<D extends FloatDType = FloatDType> {
  /** Name of the step. */
  readonly op: "dequantize";
  /** Method of the encoder. */
  readonly method: QuantizeMethod;
  /** Element type of the values. */
  readonly dtype: D;
}

/** Pipeline of workload `quantize`: one step. */
export interface QuantizePipeline {
  /** The only step: one plan for one tensor. */
  readonly steps: readonly [QuantizeStep];
}

/** Pipeline of workload `dequantize`: one step. */
export interface DequantizePipeline<D extends FloatDType = FloatDType> {
  /** The only step: one plan for one tensor. */
  readonly steps: readonly [DequantizeStep<D>];
}

/** Schema of the types of elements and stored values. */
export const floatSpec: z.ZodType<FloatDType> = z.enum(["bf16", "f16", "f32"]);

const axis = z.enum(["channels", "tokens"]);
const stored = floatSpec;
const integer = {
  bits: z.literal([4, 8]),
  axis,
  group: z.number().int().min(16).max(256).multipleOf(16),
  stored,
};

/** Schema of a method. */
export const methodSpec: z.ZodType<QuantizeMethod> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("float"),
    format: z.enum(Object.keys(SMALL_FLOATS) as [SmallFloatName]),
    scale: z.enum(["one", "block", "channel"]),
    stored,
  }),
  z.strictObject({ kind: z.literal("absmax"), ...integer }),
  z.strictObject({ kind: z.literal("asymmetric"), ...integer }),
  z.strictObject({
    kind: z.literal("mx"),
    format: z.enum(Object.keys(MX_FORMATS) as [MxName]),
    axis,
  }),
  z.strictObject({ kind: z.literal("kivi"), bits: z.literal([2, 4]), axis, stored }),
  z.strictObject({
    kind: z.literal("rotated"),
    bits: z.literal([2, 3, 4]),
    stored,
  }),
]);

/** Schema of {@linkcode QuantizeStep}. */
export const quantizeSpec: Schema<QuantizeStep> = z.strictObject({
  op: z.literal("quantize"),
  method: methodSpec,
});

/** Schema of {@linkcode DequantizeStep}. */
export const dequantizeSpec: Schema<DequantizeStep> = z.strictObject({
  op: z.literal("dequantize"),
  method: methodSpec,
  dtype: floatSpec,
});

/**
 * Checks a pipeline of either workload.
 *
 * @param spec Schema of its step.
 * @param value Value from outside.
 * @returns Its only step.
 * @throws {OnpathError} `pipeline` if a step is malformed, or there is not exactly one.
 */
export function parseCachePipeline<S extends QuantizeStep | DequantizeStep>(
  spec: Schema<S>,
  value: unknown,
): S {
  const pipeline = z.strictObject({ steps: z.array(spec as z.ZodType<S>).max(64) });
  const { steps } = parseWith(pipeline as Schema<{ steps: S[] }>, value, "pipeline", "pipeline");
  if (steps.length === 1) return steps[0]!;
  throw new OnpathError(
    "pipeline",
    `Cannot compile ${steps.length} steps for KV caches into one plan: expected 1, K and V have a plan each`,
    { steps: steps.length },
  );
}
