/**
 * Target and constraints of a compilation, and their checks.
 *
 * @module
 */

import { checkInteger, kindOf, OnpathError } from "../../../serialize/errors.ts";
import type { Checksum } from "../../../serialize/packets.ts";
import { checkChannels, MAX_AXIS } from "../../../serialize/sampling.ts";
import { checkAxes, countElements, LAYOUTS } from "../../../serialize/tensor.ts";
import { named } from "../../../serialize/excerpt.ts";
import { type DeviceProfile, LAYOUT_NAMES, type LayoutName } from "../../target/profile.ts";
import { type FormName, FORMS } from "../kernel.ts";
import type { ImageShape } from "../pipeline.ts";
import type { PlanInput } from "./plan.ts";

/** Target and constraints of a compilation. */
export interface CompileOptions {
  /** Shape and axis order of the input. A tensor can be passed. */
  readonly input: {
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly layout?: PlanInput["layout"] | undefined;
  };
  /** Target device, or its profile. */
  readonly device: DeviceProfile | { readonly profile: DeviceProfile };
  /** CRC-32C in every packet (default), or `link` to rely on the link's check. */
  readonly checksum?: Checksum | undefined;
  /** Accepted error in levels, in addition to that of the match: 0 to 255. Default 0. */
  readonly tolerance?: number | undefined;
  /** Form of the resize tables. By default the planner chooses. */
  readonly form?: FormName | undefined;
  /** Layout of the requests. By default the planner chooses. */
  readonly layout?: LayoutName | undefined;
}

/**
 * Checks the names and numbers among the options.
 *
 * @returns The tolerance.
 * @throws {OnpathError} `pipeline` for a name that is not listed, or a tolerance out of range.
 */
export function checkOptions({ layout, form, tolerance = 0 }: CompileOptions): number {
  checkName("layout", layout, LAYOUT_NAMES);
  checkName("form", form, FORMS);
  if (!(typeof tolerance === "number" && tolerance >= 0 && tolerance <= 255)) {
    const found = named(tolerance);
    throw new OnpathError("pipeline", `Cannot compile with a tolerance of ${found}: expected 0 to 255`, {
      tolerance: found,
    });
  }
  return tolerance;
}

/** Refuses the name of an option's value that is not listed. */
function checkName(option: string, value: unknown, known: readonly string[]): void {
  if (value === undefined || known.includes(value as string)) return;
  throw new OnpathError(
    "pipeline",
    `Cannot compile with ${option} ${named(value)}: expected one of ${known.join(", ")}`,
    { option, known },
  );
}

/**
 * Checks the input, and copies what a plan keeps of it.
 *
 * @throws {OnpathError} `dtype` or `shape`.
 */
export function checkInput(input: CompileOptions["input"]): PlanInput {
  const { dtype, shape, layout } = Object(input) as Partial<CompileOptions["input"]>;
  if (dtype !== "u8") {
    throw new OnpathError("dtype", `Cannot compile for an input of dtype ${String(dtype)}: expected u8`, {
      expected: "u8",
      found: dtype,
    });
  }
  if (layout === undefined || !LAYOUTS.includes(layout)) {
    throw new OnpathError(
      "shape",
      `Cannot compile for an input of layout ${String(layout)}: expected one of ${LAYOUTS.join(", ")}`,
      { layout },
    );
  }
  if (!Array.isArray(shape)) {
    throw new OnpathError(
      "shape",
      `Cannot compile for an input whose shape is ${kindOf(shape)}: expected an array`,
      {
        shape: kindOf(shape),
      },
    );
  }
  checkAxes(shape, layout);
  countElements(shape);
  return { dtype, shape: [...shape], layout };
}

/**
 * Reads the axes of an input.
 *
 * @throws {OnpathError} `size` or `shape` for an axis out of range.
 */
export function imageShape({ shape, layout }: PlanInput): ImageShape & { images: number } {
  const length = (axis: string) => layout.includes(axis) ? shape[layout.indexOf(axis)]! : 1;
  return {
    images: checkInteger("batch size", length("N"), 1, 2 ** 20),
    height: checkInteger("image height", length("H"), 1, MAX_AXIS),
    width: checkInteger("image width", length("W"), 1, MAX_AXIS),
    channels: checkChannels(length("C")),
  };
}
