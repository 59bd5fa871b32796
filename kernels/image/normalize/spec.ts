/**
 * Normalize step, and the parameters of its kernel.
 *
 * @module
 */

import { z } from "zod";
import type { Schema } from "../../schema.ts";

/** Element types that normalize can output. */
export type NormalizedDType = "u8" | "i8" | "f16" | "bf16" | "f32";

/** Multiplies levels by a factor in binary64, rounded to binary32. Last, or before `normalize` of range `0-255`. */
export interface RescaleStep {
  /** Name of the step. */
  readonly op: "rescale";
  /** Factor, 10^−30 to 10^6, such as 1/255 or 1/127.5. */
  readonly factor: number;
}

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
const factor = z.number().min(1e-30).max(1e6);
const dtype = z.enum(["u8", "i8", "f16", "bf16", "f32"]);

/** Schema of {@linkcode RescaleStep}. */
export const rescaleSpec: Schema<RescaleStep> = z.strictObject({ op: z.literal("rescale"), factor });

/** Schema of {@linkcode NormalizeStep}. */
export const normalizeSpec: Schema<NormalizeStep> = z.strictObject({
  op: z.literal("normalize"),
  mean: means.optional(),
  std: deviations.optional(),
  range,
  dtype: dtype.default("f32"),
  layout: z.enum(["HWC", "CHW"]).default("HWC"),
});

/**
 * Values before the mean: `0-1` divides levels by 255 in binary32, `0-255` uses them unchanged, and a number is their
 * factor in binary64, rounded to binary32.
 */
export type LevelRange = "0-1" | "0-255" | number;

/** Parameters of the normalize kernel in a plan, one mean and standard deviation a channel. */
export interface NormalizeParams {
  /** Mean of each channel, in the units of `range`. */
  readonly mean: readonly number[];
  /** Standard deviation of each channel, in the units of `range`. */
  readonly std: readonly number[];
  /** Values before the mean. */
  readonly range: LevelRange;
  /** Element type of the result. */
  readonly dtype: NormalizedDType;
  /** Whether output packets store their samples plane by plane. */
  readonly planar: boolean;
}

/** Schema of {@linkcode NormalizeParams}. */
export const normalizeParams: Schema<NormalizeParams> = z.strictObject({
  mean: means,
  std: deviations,
  range: z.union([range, factor]),
  dtype,
  planar: z.boolean(),
});
