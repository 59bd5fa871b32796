/**
 * torchvision's filters for one axis, with weights of 22 fraction bits. torchvision's own are binary32.
 * Source: PyTorch 1.13, `aten/src/ATen/native/cpu/UpSampleKernel.cpp`, structures `HelperInterpCubic` and
 * `HelperInterpLinear`.
 *
 * @module
 */

import type { AxisScale } from "../resize/spec.ts";
import { type AxisFilter, FILTER_BITS, filterAxis } from "./coefficients.ts";
import { clampedAxis, type Taps } from "./taps.ts";

/** Antialiased bilinear or bicubic: the weights are Pillow's. */
export function antialiasAxis(scale: AxisScale, filter: "bilinear" | "bicubic"): AxisFilter {
  return { ...filterAxis(scale, filter), skipped: false };
}

/** Bicubic without antialiasing: four taps at any scale, Keys' cubic with a = −3/4, at exact positions. */
export function plainCubicAxis({ input, output }: AxisScale): AxisFilter {
  const taps = Array.from({ length: output }, (_, o): Taps => {
    // Position (2·o + 1)·input / (2·output) − 1/2, in units of 1 / (2·output).
    const numerator = (2 * o + 1) * input - output;
    const floor = Math.floor(numerator / (2 * output));
    const x = (numerator - floor * 2 * output) / (2 * output);
    const weights = [outer(1 + x), inner(x), inner(1 - x), outer(2 - x)].map((weight) =>
      Math.round(weight * 2 ** FILTER_BITS)
    );
    // The weights sum to 1; the nearer tap takes what their rounding leaves.
    weights[x < 0.5 ? 1 : 2]! += 2 ** FILTER_BITS - weights.reduce((sum, weight) => sum + weight, 0);
    return { first: floor - 1, weights };
  });
  return clampedAxis(taps, input);
}

const A = -0.75;

function inner(x: number): number {
  return ((A + 2) * x - (A + 3)) * x * x + 1;
}

function outer(x: number): number {
  return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
}
