/**
 * Step `scale`: numbers of comparable size.
 *
 * @module
 */

import { z } from "zod";
import { columnNames, percentiles } from "./common.ts";

/** Scales columns of numbers. A spread of zero is taken as 1. */
export type ScaleStep = ScaleFields & ScaleMethod;

/** Fields of every scale step. */
export interface ScaleFields {
  /** Name of the step. */
  readonly op: "scale";
  /** Columns to scale. */
  readonly columns: readonly string[];
}

/** How numbers are scaled. */
export type ScaleMethod =
  | {
    /** Less the mean, divided by the standard deviation. */
    readonly method: "standard";
    /** Subtracts the mean. Default true. */
    readonly withMean?: boolean | undefined;
    /** Divides by the standard deviation. Default true. */
    readonly withStd?: boolean | undefined;
  }
  | {
    /** The least value becomes the lower end of a range, the greatest one the upper end. */
    readonly method: "min_max";
    /** Range of the results. Default 0 to 1. */
    readonly range?: readonly [number, number] | undefined;
    /** Clips values beyond those that were fitted. Default false. */
    readonly clip?: boolean | undefined;
  }
  | {
    /** Less the median, divided by the distance of two percentiles. */
    readonly method: "robust";
    /** Subtracts the median. Default true. */
    readonly withCentering?: boolean | undefined;
    /** Divides by the distance of the percentiles. Default true. */
    readonly withScaling?: boolean | undefined;
    /** Percentiles, 0 to 100. Default 25 and 75. */
    readonly percentiles?: readonly [number, number] | undefined;
  };

const fields = { op: z.literal("scale"), columns: columnNames };
const choice = z.boolean().optional();

/** Schema of {@linkcode ScaleStep}. */
export const scaleSpec: z.ZodType<ScaleStep> = z.discriminatedUnion("method", [
  z.strictObject({ ...fields, method: z.literal("standard"), withMean: choice, withStd: choice }),
  z.strictObject({
    ...fields,
    method: z.literal("min_max"),
    range: z.tuple([z.number(), z.number()]).refine(
      ([low, high]) => low < high,
      "expected the lower end first",
    )
      .optional(),
    clip: choice,
  }),
  z.strictObject({
    ...fields,
    method: z.literal("robust"),
    withCentering: choice,
    withScaling: choice,
    percentiles: percentiles.optional(),
  }),
]);
