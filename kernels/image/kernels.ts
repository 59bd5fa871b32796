/**
 * Registry of image kernels and pipeline steps. To add one, add a folder and its lines here.
 *
 * @module
 */

import { toRgbSpec, type ToRgbStep } from "./channels/spec.ts";
import {
  centerCropSpec,
  type CenterCropStep,
  cropSpec,
  type CropStep,
  letterboxSpec,
  type LetterboxStep,
  padSpec,
  type PadStep,
} from "./geometry/spec.ts";
import type { Kernel } from "./kernel.ts";
import { normalizeKernel } from "./normalize/model.ts";
import { normalizeSpec, type NormalizeStep, rescaleSpec, type RescaleStep } from "./normalize/spec.ts";
import { remapKernel } from "./remap/model.ts";
import { affineSpec, perspectiveSpec, type RemapStep, rotateSpec } from "./remap/spec.ts";
import { resampleKernel } from "./resample/model.ts";
import { resizeKernel } from "./resize/model.ts";
import { resizeSpec, type ResizeStep } from "./resize/spec.ts";
import type { Schema } from "../schema.ts";

/** Checked pipeline step with all defaults. */
export type Step =
  | ToRgbStep
  | CropStep
  | CenterCropStep
  | PadStep
  | LetterboxStep
  | ResizeStep
  | RemapStep
  | RescaleStep
  | NormalizeStep;

/** Schemas of all pipeline steps, by `op`. */
export const STEP_SPECS: Readonly<Record<Step["op"], Schema<Step>>> = {
  to_rgb: toRgbSpec,
  crop: cropSpec,
  center_crop: centerCropSpec,
  pad: padSpec,
  letterbox: letterboxSpec,
  resize: resizeSpec,
  rotate: rotateSpec,
  affine: affineSpec,
  perspective: perspectiveSpec,
  rescale: rescaleSpec,
  normalize: normalizeSpec,
};

/** All image kernels, by their name in plans. A kernel's own schema checks its parameters before use. */
// deno-lint-ignore no-explicit-any -- kernels differ in their parameters; `params` checks them
export const KERNELS: Readonly<Record<string, Kernel<any>>> = {
  resize: resizeKernel,
  resample: resampleKernel,
  remap: remapKernel,
  normalize: normalizeKernel,
};
