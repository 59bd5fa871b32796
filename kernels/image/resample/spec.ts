/**
 * Parameters of the antialiased resize.
 *
 * @module
 */

import { z } from "zod";
import { axisLength, filterSpec } from "../geometry/fields.ts";
import type { FilterName } from "../geometry/names.ts";
import type { AxisScale } from "../resize/spec.ts";
import type { Schema } from "../../schema.ts";

/** Parameters of the resample kernel in a plan. Users write a `resize` step with `match: "pillow"`. */
export interface ResampleParams {
  /** Filter of both axes. */
  readonly filter: FilterName;
  /** Rows before and after. */
  readonly y: AxisScale;
  /** Columns before and after. */
  readonly x: AxisScale;
}

const axisScale = z.strictObject({ input: axisLength, output: axisLength });

/** Schema of {@linkcode ResampleParams}. */
export const resampleParams: Schema<ResampleParams> = z.strictObject({
  filter: filterSpec,
  y: axisScale,
  x: axisScale,
});
