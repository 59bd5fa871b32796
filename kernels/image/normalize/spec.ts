/**
 * Normalize step, and the parameters of its kernel.
 *
 * @module
 */

import { z } from "zod";
import type { Schema } from "../../schema.ts";

/** Element types that normalize can output. */
export type NormalizedDType = "u8" | "i8" | "f16" | "bf16" | "f32";

/** Computes `((pixel / 255 or pixel) - mean) / std` per channel, in binary32. */
export interface NormalizeStep {
  /** Name of the step. */
  readonly op: "normalize";
  /** Mean of each channel, −10^6 to 10^6. Default 0. */
  readonly mean?: readonly number[] | undefined;
  /** Standard deviation of each channel, 10^−30 to 10^6. Default 1. */
  readonly std?: readonly number[] | undefined;
  /** `0-1` divides levels by 255 first, as torchvision's ToTensor; `0-255` uses them unchanged. */
  readonly range: "0-1" | "0-255";
  /** Element type of the result; integers are rounded half to even and saturated. Default `f32`. */
  readonly dtype: NormalizedDType;
  /** Axis order of the result. Default `HWC`. */
  readonly layout: "HWC" | "CHW";
}

const finite = z.number().min(-1e6).max(1e6);
// A deviation below 1e-30 could underflow in binary32.
const deviation = z.number().min(1e-30).max(1e6);
const means = z.array(finite).min(1).max(4);
const deviations = z.array(deviation).min(1).max(4);
const range = z.enum(["0-1", "0-255"]);
const dtype = z.enum(["u8", "i8", "f16", "bf16", "f32"]);

/** Schema of {@linkcode NormalizeStep}. */
export const normalizeSpec: Schema<NormalizeStep> = z.strictObject({
  op: z.literal("normalize"),
  mean: means.optional(),
  std: deviations.optional(),
  range,
  dtype: dtype.default("f32"),
  layout: z.enum(["HWC", "CHW"]).default("HWC"),
});

/** Parameters of the normalize kernel in a plan, one mean and standard deviation a channel. */
export interface NormalizeParams {
  /** Mean of each channel, in the units of `range`. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel, in the units of `range`. */
  readonly std: readonly number[];
  /** Value range of the input: `0-1` divides levels by 255. */
  readonly range: "0-1" | "0-255";
  /** Element type of the result. */
  readonly dtype: NormalizedDType;
  /** Whether output packets store their samples plane by plane. */
  readonly planar: boolean;
}

/** Schema of {@linkcode NormalizeParams}. */
export const normalizeParams: Schema<NormalizeParams> = z.strictObject({
  mean: means,
  std: deviations,
  range,
  dtype,
  planar: z.boolean(),
});
