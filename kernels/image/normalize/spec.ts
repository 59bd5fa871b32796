/**
 * The normalize step and the parameters of its kernel.
 *
 * @module
 */

import { z } from "zod";
import type { Schema } from "../../schema.ts";

/** Element types that normalize can give. */
export type NormalizedDType = "u8" | "i8" | "f16" | "bf16" | "f32";

/** `((pixel / 255 or pixel) - mean) / std` per channel, in binary32. */
export interface NormalizeStep {
  /** The step's name. */
  readonly op: "normalize";
  /** One value a channel; default 0. */
  readonly mean?: readonly number[] | undefined;
  /** One positive value a channel; default 1. */
  readonly std?: readonly number[] | undefined;
  /** `0-1` divides levels by 255 first, as torchvision's ToTensor; `0-255` takes them as they are. */
  readonly range: "0-1" | "0-255";
  /** Element type of the result; integers are rounded half to even and saturated. Default `f32`. */
  readonly dtype: NormalizedDType;
  /** Order of the axes of the result; default `HWC`. */
  readonly layout: "HWC" | "CHW";
}

const finite = z.number().min(-1e6).max(1e6);
// Below 1e-30 a deviation could vanish in binary32.
const deviation = z.number().min(1e-30).max(1e6);
const means = z.array(finite).min(1).max(4);
const deviations = z.array(deviation).min(1).max(4);
const range = z.enum(["0-1", "0-255"]);
const dtype = z.enum(["u8", "i8", "f16", "bf16", "f32"]);

/** Checks {@linkcode NormalizeStep}. */
export const normalizeSpec: Schema<NormalizeStep> = z.strictObject({
  op: z.literal("normalize"),
  mean: means.optional(),
  std: deviations.optional(),
  range,
  dtype: dtype.default("f32"),
  layout: z.enum(["HWC", "CHW"]).default("HWC"),
});

/** Parameters of the normalize kernel, as they stand in a plan: one mean and deviation a channel. */
export interface NormalizeParams {
  /** Means. */
  readonly mean: readonly number[];
  /** Deviations. */
  readonly std: readonly number[];
  /** What a level of 255 stands for. */
  readonly range: "0-1" | "0-255";
  /** Element type of the result. */
  readonly dtype: NormalizedDType;
  /** Whether packets come out plane by plane. */
  readonly planar: boolean;
}

/** Checks {@linkcode NormalizeParams}. */
export const normalizeParams: Schema<NormalizeParams> = z.strictObject({
  mean: means,
  std: deviations,
  range,
  dtype,
  planar: z.boolean(),
});
