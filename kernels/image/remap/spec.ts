/**
 * The steps that map every output sample to some place of the image (affine, perspective, rotate) and
 * the parameters of their kernel.
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
 * What lies outside the image, by OpenCV's names without `BORDER_`: the fill colour (`constant`),
 * the edge sample (`replicate`), a mirror that repeats the edge sample (`reflect`) or does not
 * (`reflect101`), or the image again (`wrap`).
 */
export type Border = "constant" | "replicate" | "reflect" | "reflect101" | "wrap";

/** How a remap treats what lies outside the image: fields that all its steps share. */
export interface BorderFields {
  /** What lies outside the image; default `constant`. */
  readonly border: Border;
  /** The fill colour, one level for all channels or one each; default 0. Only `constant` shows it. */
  readonly fill: number | readonly number[];
}

/** OpenCV's `warpAffine`, INTER_LINEAR. */
export interface AffineStep extends BorderFields {
  /** The step's name. */
  readonly op: "affine";
  /** Two rows of three numbers, row by row: (x, y) goes to (m0·x + m1·y + m2, m3·x + m4·y + m5). */
  readonly matrix: readonly number[];
  /** Whether the matrix maps output to input already (WARP_INVERSE_MAP); default false. */
  readonly inverse: boolean;
  /** Size of the result. */
  readonly size: Size;
}

/** OpenCV's `warpPerspective`, INTER_LINEAR. */
export interface PerspectiveStep extends BorderFields {
  /** The step's name. */
  readonly op: "perspective";
  /** Three rows of three numbers, row by row; the third row is the divisor of the other two. */
  readonly matrix: readonly number[];
  /** Whether the matrix maps output to input already (WARP_INVERSE_MAP); default false. */
  readonly inverse: boolean;
  /** Size of the result. */
  readonly size: Size;
}

/** OpenCV's `getRotationMatrix2D` and `warpAffine`, INTER_LINEAR. */
export interface RotateStep extends BorderFields {
  /** The step's name. */
  readonly op: "rotate";
  /** Angle in degrees, counter-clockwise as the image is seen. */
  readonly degrees: number;
  /** Factor by which the image grows; default 1. */
  readonly scale: number;
  /** The fixed point `[x, y]`; default the image's centre, ((width − 1) / 2, (height − 1) / 2). */
  readonly center?: readonly [number, number] | undefined;
  /** Size of the result; default the image's. */
  readonly size?: Size | undefined;
}

/** A step that becomes a remap. */
export type RemapStep = AffineStep | PerspectiveStep | RotateStep;

const level = z.number().int().min(0).max(255);
const borderSpec = z.enum(["constant", "replicate", "reflect", "reflect101", "wrap"]);
const borderFields = {
  border: borderSpec.default("constant"),
  fill: z.union([level, z.array(level).min(1).max(4)]).default(0),
};

/** Checks {@linkcode AffineStep}. */
export const affineSpec: Schema<AffineStep> = z.strictObject({
  op: z.literal("affine"),
  matrix: z.array(z.number()).length(6),
  inverse: z.boolean().default(false),
  size: sizeSpec,
  ...borderFields,
});

/** Checks {@linkcode PerspectiveStep}. */
export const perspectiveSpec: Schema<PerspectiveStep> = z.strictObject({
  op: z.literal("perspective"),
  matrix: z.array(z.number()).length(9),
  inverse: z.boolean().default(false),
  size: sizeSpec,
  ...borderFields,
});

/** Checks {@linkcode RotateStep}. */
export const rotateSpec: Schema<RotateStep> = z.strictObject({
  op: z.literal("rotate"),
  degrees: z.number(),
  scale: z.number().positive().default(1),
  center: z.tuple([z.number(), z.number()]).optional(),
  size: sizeSpec.optional(),
  ...borderFields,
});

/** Parameters of the remap kernel, as they stand in a plan. */
export interface RemapParams {
  /** Whether the matrix has two rows or three. */
  readonly transform: "affine" | "perspective";
  /** Maps output to input, row by row: 6 numbers or 9. */
  readonly matrix: readonly number[];
  /** Rows and columns of the image. */
  readonly input: Size;
  /** Rows and columns of the result. */
  readonly output: Size;
  /** What lies outside the image. */
  readonly border: Border;
}

/** Longest axis of an image that is remapped: OpenCV's positions are 16 bits wide. */
export const MAX_REMAP_AXIS = 32766;

const inputLength = axisLength.refine((length) => length <= MAX_REMAP_AXIS, {
  message: `Too big: expected number to be <=${MAX_REMAP_AXIS}`,
});

/** Checks {@linkcode RemapParams}. */
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
 * Resolves a step for an image: the matrix is inverted unless it is the inverse already, and defaults
 * that depend on the image are filled in.
 *
 * @param step A checked step.
 * @param image Size of the image.
 * @returns The kernel's parameters.
 * @throws {OnpathError} `pipeline` when the matrix cannot be inverted, `size` when the image is longer
 * than {@linkcode MAX_REMAP_AXIS}.
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
        `a matrix that maps output to input is given with inverse: true`,
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

/** OpenCV's `getRotationMatrix2D`, which takes the centre in single precision. */
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
