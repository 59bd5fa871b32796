/**
 * Step that changes channels.
 *
 * @module
 */

import { z } from "zod";
import type { Schema } from "../../schema.ts";

/** Makes three channels while the host serializes: gray repeated, alpha dropped or blended. The first step. */
export interface ToRgbStep {
  /** Name of the step. */
  readonly op: "to_rgb";
  /**
   * `"drop"` ignores alpha, as Pillow's `convert("RGB")`. A colour blends the image over it, as Pillow's
   * `alpha_composite`. Default `"drop"`.
   */
  readonly alpha: "drop" | readonly [red: number, green: number, blue: number];
}

const level = z.number().int().min(0).max(255);

/** Schema of {@linkcode ToRgbStep}. */
export const toRgbSpec: Schema<ToRgbStep> = z.strictObject({
  op: z.literal("to_rgb"),
  alpha: z.union([z.literal("drop"), z.tuple([level, level, level])]).default("drop"),
});
