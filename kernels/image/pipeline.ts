/**
 * Image pipelines: checks the user's steps and lowers them to the few steps that are computed.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import { type Channels, checkChannels, MAX_AXIS } from "../../serialize/sampling.ts";
import { OnpathError } from "../../serialize/errors.ts";
import {
  type CenterCropStep,
  centerStart,
  type CropStep,
  fitInside,
  type LetterboxStep,
  type PadStep,
} from "./geometry/spec.ts";
import type { Size } from "./geometry/names.ts";
import { targetSize } from "./resize/target_size.ts";
import type { LevelRange, NormalizeStep, RescaleStep } from "./normalize/spec.ts";
import type { ToRgbStep } from "./channels/spec.ts";
import { type Step, STEP_SPECS } from "./kernels.ts";
import type { DType } from "../../serialize/dtype.ts";
import {
  type AffineStep,
  lowerRemap,
  type PerspectiveStep,
  type RemapParams,
  type RotateStep,
} from "./remap/spec.ts";
import type { ResizeStep } from "./resize/spec.ts";
import { parseWith } from "../schema.ts";

/** Pipeline step as users write it: fields with a default are optional. */
export type StepInput<S, Defaulted extends keyof S = never> =
  & Omit<S, Defaulted>
  & Partial<Pick<S, Defaulted>>;

/** Step of an image pipeline as users write it. `op` selects the fields. */
export type ImageStep =
  | StepInput<ToRgbStep, "alpha">
  | CropStep
  | CenterCropStep
  | StepInput<PadStep, "top" | "left" | "bottom" | "right" | "fill">
  | StepInput<LetterboxStep, "match" | "filter" | "fill">
  | StepInput<ResizeStep, "match" | "filter">
  | StepInput<AffineStep, "border" | "fill" | "inverse">
  | StepInput<PerspectiveStep, "border" | "fill" | "inverse">
  | StepInput<RotateStep, "border" | "fill" | "scale">
  | RescaleStep
  | StepInput<NormalizeStep, "dtype" | "layout">;

/** Image pipeline as users write it. */
export interface ImagePipeline {
  /** Steps in order, 1 to {@linkcode MAX_STEPS}. */
  readonly steps: readonly ImageStep[];
}

/** Element type of a pipeline's output: that of its `normalize` step, f32 after `rescale` alone, otherwise u8. */
export type OutputDType<P extends ImagePipeline> = DType extends NormalizeDType<P> ? DType
  : Extract<P["steps"][number], { readonly op: "normalize" }> extends never
    ? Extract<P["steps"][number], { readonly op: "rescale" }> extends never ? "u8" : "f32"
  : NormalizeDType<P>;

/** Element type of a pipeline's `normalize` step. */
export type NormalizeDType<P extends ImagePipeline> = P["steps"][number] extends infer S
  ? S extends { readonly op: "normalize" } ? S extends { readonly dtype: infer D extends DType } ? D : "f32"
  : never
  : never;

/** Checked pipeline with all defaults. Plain data. */
export interface Pipeline {
  /** Steps in order, 1 to {@linkcode MAX_STEPS}. */
  readonly steps: readonly Step[];
}

/** Unchecked pipeline. */
export interface PipelineInput {
  /** Steps in order; each takes the image of the one before. */
  readonly steps: readonly ({ readonly op: string } & Readonly<Record<string, unknown>>)[];
}

/** Maximum steps of a pipeline. */
export const MAX_STEPS = 32;

/**
 * Checks a pipeline from outside and fills in the defaults.
 *
 * @param value Any value, such as parsed JSON.
 * @returns Checked pipeline.
 * @throws {OnpathError} `pipeline`, with the invalid step, field and expectation.
 *
 * @example
 * ```ts
 * import { parsePipeline } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const pipeline = parsePipeline({ steps: [{ op: "resize", size: [224, 224] }] });
 * assert.deepEqual(pipeline.steps[0], { op: "resize", size: [224, 224], match: "exact", filter: "bilinear" });
 * assert.throws(
 *   () => parsePipeline({ steps: [{ op: "resize", sizes: 224 }] }),
 *   /steps\.0\.size/,
 * );
 * ```
 */
export function parsePipeline(value: unknown): Pipeline {
  if (typeof value !== "object" || value === null || !Array.isArray((value as { steps?: unknown }).steps)) {
    throw new OnpathError("pipeline", `Cannot read a pipeline: expected {"steps": [...]}`, {});
  }
  const unknown = Object.keys(value).filter((key) => key !== "steps");
  const steps = (value as { steps: unknown[] }).steps;
  if (unknown.length > 0) {
    throw new OnpathError(
      "pipeline",
      `Cannot read a pipeline: unknown field "${unknown[0]}", expected "steps"`,
      {
        unknown,
      },
    );
  }
  if (steps.length === 0 || steps.length > MAX_STEPS) {
    throw new OnpathError(
      "pipeline",
      `Cannot read a pipeline of ${steps.length} steps: expected 1 to ${MAX_STEPS}`,
      { steps: steps.length },
    );
  }
  return { steps: steps.map(parseStep) };
}

function parseStep(value: unknown, index: number): Step {
  const op = (value as { op?: unknown } | null | undefined)?.op;
  const spec = typeof op === "string" && Object.hasOwn(STEP_SPECS, op)
    ? STEP_SPECS[op as keyof typeof STEP_SPECS]
    : undefined;
  if (spec === undefined) {
    const known = Object.keys(STEP_SPECS);
    throw new OnpathError(
      "pipeline",
      `Cannot read steps.${index}: op ${named(op)} is unknown, expected one of ${known.join(", ")}`,
      { step: index, op, known },
    );
  }
  return parseWith(spec, value, "pipeline", `steps.${index}`);
}

/** Steps that interpolate between samples. */
const SAMPLING: ReadonlySet<string> = new Set(["resize", "letterbox", "rotate", "affine", "perspective"]);

/** Fields of a resize that select its arithmetic. */
type ResizeField = "match" | "filter" | "antialias";

/** Shape of one image. */
export interface ImageShape {
  /** Rows of the image. */
  readonly height: number;
  /** Columns of the image. */
  readonly width: number;
  /** Channels of a pixel: 1, 3 or 4. */
  readonly channels: Channels;
}

/** Step that is computed, with all values resolved. */
export type LoweredStep =
  | {
    readonly op: "crop";
    readonly top: number;
    readonly left: number;
    readonly height: number;
    readonly width: number;
  }
  | {
    readonly op: "pad";
    readonly border: readonly [top: number, left: number, bottom: number, right: number];
    readonly fill: readonly number[];
  }
  | ({ readonly op: "resize"; readonly size: Size } & Pick<ResizeStep, ResizeField>)
  | { readonly op: "remap"; readonly params: RemapParams; readonly fill: readonly number[] }
  | (Required<Pick<NormalizeStep, "op" | "dtype" | "layout">> & {
    readonly range: LevelRange;
    readonly mean: readonly number[];
    readonly std: readonly number[];
  });

/**
 * Lowers a pipeline for one image shape.
 * The result has crops, pads, at most one resize or remap, and at most one normalize. `to_rgb` leaves no step: the
 * output has its channels.
 *
 * @param pipeline Checked pipeline.
 * @param input Shape of one input image.
 * @returns Lowered steps and the output shape.
 * @throws {OnpathError} `pipeline` if a step does not fit the image that it receives.
 */
export function lowerPipeline(
  pipeline: Pipeline,
  input: ImageShape,
): { steps: LoweredStep[]; output: ImageShape } {
  let channels = checkChannels(input.channels);
  const steps: LoweredStep[] = [];
  let factor: number | undefined;
  let { height, width } = input;
  const refuse = (index: number, why: string): never => {
    const op = pipeline.steps[index]!.op;
    throw new OnpathError("pipeline", `Cannot compile steps.${index} (${op}): ${why}`, {
      step: index,
      op,
      image: { height, width, channels },
    });
  };
  const resize = (size: Size, { match, filter, antialias }: Pick<ResizeStep, ResizeField>) => {
    steps.push({ op: "resize", size, match, filter, ...(antialias === undefined ? {} : { antialias }) });
    [height, width] = size;
  };
  const crop = (top: number, left: number, rows: number, columns: number) => {
    steps.push({ op: "crop", top, left, height: rows, width: columns });
    [height, width] = [rows, columns];
  };
  const pad = (top: number, left: number, bottom: number, right: number, fill: readonly number[]) => {
    steps.push({ op: "pad", border: [top, left, bottom, right], fill });
    height += top + bottom;
    width += left + right;
  };
  const perChannel = (index: number, name: string, values: readonly number[]) =>
    values.length === channels
      ? values
      : refuse(index, `${name} has ${values.length} values, the image has ${channels} channels`);
  const colour = (index: number, fill: number | readonly number[]) =>
    perChannel(index, "fill", typeof fill === "number" ? new Array<number>(channels).fill(fill) : fill);

  for (const [index, step] of pipeline.steps.entries()) {
    if (steps.at(-1)?.op === "normalize") refuse(index, "no step may follow normalize");
    if (factor !== undefined && step.op !== "normalize") refuse(index, "only normalize may follow rescale");
    if (SAMPLING.has(step.op) && steps.some(({ op }) => op === "resize" || op === "remap")) {
      refuse(index, "the image is already resized, a pipeline can resize or remap only once");
    }
    switch (step.op) {
      case "to_rgb":
        if (index > 0) refuse(index, "it must be the first step, because the host does it");
        channels = 3;
        break;
      case "crop":
        if (step.top + step.height > height || step.left + step.width > width) {
          refuse(
            index,
            `rows ${step.top} to ${step.top + step.height} and columns ${step.left} to ${
              step.left + step.width
            } ` +
              `exceed the image of ${height} x ${width}`,
          );
        }
        crop(step.top, step.left, step.height, step.width);
        break;
      case "center_crop": {
        const [rows, columns] = step.size;
        if (rows > height || columns > width) {
          refuse(index, `${rows} x ${columns} is larger than the image of ${height} x ${width}`);
        }
        crop(centerStart(height, rows), centerStart(width, columns), rows, columns);
        break;
      }
      case "pad": {
        const fill = colour(index, step.fill);
        if (step.to === "square") {
          const [rows, columns] = [Math.max(0, width - height), Math.max(0, height - width)];
          pad(rows >> 1, columns >> 1, rows - (rows >> 1), columns - (columns >> 1), fill);
        } else pad(step.top, step.left, step.bottom, step.right, fill);
        break;
      }
      case "letterbox": {
        const [rows, columns] = fitInside(height, width, step.size);
        const fill = colour(index, step.fill);
        resize([rows, columns], step);
        const [above, before] = [step.size[0] - rows >> 1, step.size[1] - columns >> 1];
        pad(above, before, step.size[0] - rows - above, step.size[1] - columns - before, fill);
        break;
      }
      case "resize": {
        const size = targetSize(step.size, height, width);
        resize(typeof size === "string" ? refuse(index, size) : size, step);
        break;
      }
      case "rotate":
      case "affine":
      case "perspective": {
        const params = lowerRemap(step, { height, width });
        steps.push({ op: "remap", params, fill: colour(index, step.fill) });
        [height, width] = params.output;
        break;
      }
      case "rescale":
        factor = step.factor;
        break;
      case "normalize": {
        if (factor !== undefined && step.range === "0-1") {
          refuse(index, 'range "0-1" divides levels by 255, expected "0-255" after rescale');
        }
        const mean = perChannel(index, "mean", step.mean ?? new Array<number>(channels).fill(0));
        const std = perChannel(index, "std", step.std ?? new Array<number>(channels).fill(1));
        const { dtype, layout } = step;
        steps.push({ op: "normalize", range: factor ?? step.range, dtype, layout, mean, std });
        factor = undefined;
        break;
      }
      default:
        step satisfies never;
    }
    if (height > MAX_AXIS || width > MAX_AXIS) {
      refuse(index, `an axis of ${height} x ${width} exceeds ${MAX_AXIS}`);
    }
  }
  if (factor !== undefined) {
    const all = (value: number) => new Array<number>(channels).fill(value);
    steps.push({ op: "normalize", range: factor, dtype: "f32", layout: "HWC", mean: all(0), std: all(1) });
  }
  return { steps, output: { height, width, channels } };
}
