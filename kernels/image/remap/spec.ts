/**
 * Steps that map each output sample to a position in the image: affine, perspective and rotate. Also the
 * parameters of their kernel.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../../serialize/errors.ts";
import { axisLength, sizeSpec } from "../geometry/fields.ts";
import type { Size } from "../geometry/names.ts";
import type { Schema } from "../../schema.ts";
import { invertMatrix } from "./matrix.ts";

/**
 * Border mode, named as in OpenCV without `BORDER_`.
 * `constant`: fill colour. `replicate`: edge sample. `reflect`: mirror that repeats the edge sample.
 * `reflect101`: mirror that does not. `wrap`: the image again.
 */
export type Border = "constant" | "replicate" | "reflect" | "reflect101" | "wrap";

/** Border mode and fill colour, common to all remap steps. */
export interface BorderFields {
  /** Border mode. Default `constant`. */
  readonly border: Border;
  /**
   * Fill colour: one level 0 to 255 for all channels, or one for each. Default 0. Only `constant` uses it.
   */
  readonly fill: number | readonly number[];
}

/** OpenCV's `warpAffine`, INTER_LINEAR. */
export interface AffineStep extends BorderFields {
  /** Name of the step. */
  readonly op: "affine";
  /** Six numbers m0 to m5, row by row: (x, y) maps to (m0·x + m1·y + m2, m3·x + m4·y + m5). */
  readonly matrix: readonly number[];
  /** Whether the matrix already maps output to input (WARP_INVERSE_MAP). Default false. */
  readonly inverse: boolean;
  /** Size of the result in samples. */
  readonly size: Size;
}

/** OpenCV's `warpPerspective`, INTER_LINEAR. */
export interface PerspectiveStep extends BorderFields {
  /** Name of the step. */
  readonly op: "perspective";
  /** Nine numbers, row by row. The third row is the divisor of the other two. */
  readonly matrix: readonly number[];
  /** Whether the matrix already maps output to input (WARP_INVERSE_MAP). Default false. */
  readonly inverse: boolean;
  /** Size of the result in samples. */
  readonly size: Size;
}

/** OpenCV's `getRotationMatrix2D` and `warpAffine`, INTER_LINEAR. */
export interface RotateStep extends BorderFields {
  /** Name of the step. */
  readonly op: "rotate";
  /** Angle in degrees, counter-clockwise as displayed. */
  readonly degrees: number;
  /** Magnification factor, greater than 0. Default 1. */
  readonly scale: number;
  /** Fixed point `[x, y]` in samples. Default the image centre, ((width − 1) / 2, (height − 1) / 2). */
  readonly center?: readonly [number, number] | undefined;
  /** Size of the result in samples. Default that of the image. */
  readonly size?: Size | undefined;
}

/** Step that becomes a remap. */
export type RemapStep = AffineStep | PerspectiveStep | RotateStep;

const level = z.number().int().min(0).max(255);
const borderSpec = z.enum(["constant", "replicate", "reflect", "reflect101", "wrap"]);
const borderFields = {
  border: borderSpec.default("constant"),
  fill: z.union([level, z.array(level).min(1).max(4)]).default(0),
};

/** Schema of {@linkcode AffineStep}. */
export const affineSpec: Schema<AffineStep> = z.strictObject({
  op: z.literal("affine"),
  matrix: z.array(z.number()).length(6),
  inverse: z.boolean().default(false),
  size: sizeSpec,
  ...borderFields,
});

/** Schema of {@linkcode PerspectiveStep}. */
export const perspectiveSpec: Schema<PerspectiveStep> = z.strictObject({
  op: z.literal("perspective"),
  matrix: z.array(z.number()).length(9),
  inverse: z.boolean().default(false),
  size: sizeSpec,
  ...borderFields,
});

/** Schema of {@linkcode RotateStep}. */
export const rotateSpec: Schema<RotateStep> = z.strictObject({
  op: z.literal("rotate"),
  degrees: z.number(),
  scale: z.number().positive().default(1),
  center: z.tuple([z.number(), z.number()]).optional(),
  size: sizeSpec.optional(),
  ...borderFields,
});

/** Parameters of the remap kernel in a plan. */
export interface RemapParams {
  /** Type of the matrix: two rows (affine) or three (perspective). */
  readonly transform: "affine" | "perspective";
  /** Matrix from output to input, row by row: 6 or 9 numbers. */
  readonly matrix: readonly number[];
  /** Rows and columns of the image. */
  readonly input: Size;
  /** Rows and columns of the result. */
  readonly output: Size;
  /** Border mode. */
  readonly border: Border;
}

/** Maximum axis of an image for a remap, in samples. OpenCV's positions have 16 bits. */
export const MAX_REMAP_AXIS = 32766;

const inputLength = axisLength.refine((length) => length <= MAX_REMAP_AXIS, {
  message: `Too big: expected number to be <=${MAX_REMAP_AXIS}`,
});

/** Schema of {@linkcode RemapParams}. */
export const remapParams: Schema<RemapParams> = z.strictObject({
  transform: z.enum(["affine", "perspective"]),
  matrix: z.array(z.number()),
  input: z.tuple([inputLength, inputLength]),
  output: sizeSpec,
  border: borderSpec,
}).refine(({ transform, matrix }) => matrix.length === (transform === "affine" ? 6 : 9), {
  path: ["matrix"],
  message: "Expected 6 numbers for affine, 9 for perspective",
});

/**
 * Resolves a step for an image. Inverts the matrix unless it already is an inverse, and fills in the defaults
 * that depend on the image.
 *
 * @param step Checked step.
 * @param image Size of the image.
 * @returns Parameters of the kernel.
 * @throws {OnpathError} `pipeline` when the matrix cannot be inverted; `size` when the image exceeds
 * {@linkcode MAX_REMAP_AXIS}.
 */
export function lowerRemap(
  step: RemapStep,
  image: { readonly height: number; readonly width: number },
): RemapParams {
  const { height, width } = image;
  if (height > MAX_REMAP_AXIS || width > MAX_REMAP_AXIS) {
    throw new OnpathError(
      "size",
      `Cannot ${
        VERBS[step.op]
      } an image of ${height} x ${width}: OpenCV remaps axes of at most ${MAX_REMAP_AXIS}`,
      { height, width, most: MAX_REMAP_AXIS },
    );
  }
  const forward = step.op === "rotate" ? rotationMatrix(step, image) : step.matrix;
  const given = step.op !== "rotate" && step.inverse;
  const matrix = given ? forward.map((value) => value + 0) : invertMatrix(forward);
  if (matrix === undefined) {
    throw new OnpathError(
      "pipeline",
      `Cannot ${VERBS[step.op]}: the matrix [${forward.join(", ")}] has no inverse in double precision; ` +
        `use inverse: true for a matrix that maps output to input`,
      { matrix: forward },
    );
  }
  return {
    transform: step.op === "perspective" ? "perspective" : "affine",
    matrix,
    input: [height, width],
    output: step.size ?? [height, width],
    border: step.border,
  };
}

const VERBS: Readonly<Record<RemapStep["op"], string>> = {
  affine: "warp by an affine map",
  perspective: "warp by a perspective map",
  rotate: "rotate",
};

/** OpenCV's `getRotationMatrix2D`, which uses the centre in binary32. */
function rotationMatrix(
  { degrees, scale, center }: RotateStep,
  { height, width }: { readonly height: number; readonly width: number },
): number[] {
  const [x, y] = (center ?? [(width - 1) / 2, (height - 1) / 2]).map(Math.fround) as [number, number];
  const angle = degrees * (Math.PI / 180);
  const cos = Math.cos(angle) * scale;
  const sin = Math.sin(angle) * scale;
  return [cos, sin, (1 - cos) * x - sin * y, -sin, cos, sin * x + (1 - cos) * y];
}
