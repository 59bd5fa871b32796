/**
 * OpenCV's filters for one axis, with its own positions and fixed-point weights.
 * Source: OpenCV 4.6, `modules/imgproc/src/resize.cpp`, functions `resizeNN`, `hal::resize`, `interpolateCubic`,
 * `interpolateLanczos4` and `computeResizeAreaTab`.
 *
 * @module
 */

import type { AxisScale } from "../resize/spec.ts";
import { roundHalfEven } from "../resize/positions.ts";
import { type AxisFilter, FILTER_BITS, pickAxis } from "./coefficients.ts";
import { cosine, sine } from "./sine.ts";
import { clampedAxis, type Taps } from "./taps.ts";

/** Fraction bits of a weight of cubic and Lanczos: `INTER_RESIZE_COEF_BITS`. */
export const OPENCV_BITS = 11;

const f32 = Math.fround;

/** Weights of the taps of a kernel, for a position's fraction in binary32. */
type Kernel = (fraction: number) => number[];

/** INTER_NEAREST: the sample at floor(o·s). */
export function nearestAxis({ input, output }: AxisScale): AxisFilter {
  const step = 1 / (output / input);
  return pickAxis(
    Int32Array.from({ length: output }, (_, o) => Math.min(input - 1, Math.floor(o * step))),
    FILTER_BITS,
  );
}

/** INTER_CUBIC: four taps at any scale, Keys' cubic with a = −3/4. */
export function cubicAxis(scale: AxisScale): AxisFilter {
  return kernelAxis(scale, 4, cubic);
}

/** INTER_LANCZOS4: eight taps at any scale. */
export function lanczos4Axis(scale: AxisScale): AxisFilter {
  return kernelAxis(scale, 8, lanczos4);
}

/** Axis of a kernel that does not widen. Taps outside the samples read the nearest one. */
function kernelAxis({ input, output }: AxisScale, count: number, kernel: Kernel): AxisFilter {
  const step = 1 / (output / input);
  const taps = Array.from({ length: output }, (_, o): Taps => {
    const position = f32((o + 0.5) * step - 0.5);
    const floor = Math.floor(position);
    const weights = kernel(f32(position - floor)).map((weight) =>
      roundHalfEven(f32(weight * 2 ** OPENCV_BITS))
    );
    return { first: floor - count / 2 + 1, weights };
  });
  return clampedAxis(taps, input);
}

/** Every operation is rounded to binary32, in OpenCV's order. */
function cubic(x: number): number[] {
  const outer = cubicOuter(f32(x + 1));
  const [second, third] = [cubicInner(x), cubicInner(f32(1 - x))];
  return [outer, second, third, f32(f32(f32(1 - outer) - second) - third)];
}

const A = -0.75;

function cubicOuter(x: number): number {
  const square = f32(f32(f32(A * x) - 5 * A) * x);
  return f32(f32(f32(square + 8 * A) * x) - 4 * A);
}

function cubicInner(x: number): number {
  const slope = f32(f32((A + 2) * x) - (A + 3));
  return f32(f32(f32(slope * x) * x) + 1);
}

const HALF_ROOT = 0.70710678118654752440084436210485;

/** Sine and cosine of each tap's angle, by those of the first: multiples of 3π/4. */
const TURNS = [
  [1, 0],
  [-HALF_ROOT, -HALF_ROOT],
  [0, 1],
  [HALF_ROOT, -HALF_ROOT],
  [-1, 0],
  [HALF_ROOT, HALF_ROOT],
  [0, -1],
  [-HALF_ROOT, HALF_ROOT],
] as const;

/** Weights in binary32 from angles in binary64, divided by their sum in binary32. */
function lanczos4(x: number): number[] {
  const angle = -f32(x + 3) * Math.PI * 0.25;
  const [s, c] = [sine(angle), cosine(angle)];
  let sum = 0;
  const weights = TURNS.map(([bySine, byCosine], tap) => {
    const distance = f32(f32(x + 3) - tap);
    const y = -distance * Math.PI * 0.25;
    // OpenCV's weight of a tap at the position itself: the others vanish in the sum.
    const weight = Math.abs(distance) >= f32(1e-6) ? f32((bySine * s + byCosine * c) / (y * y)) : f32(1e30);
    sum = f32(sum + weight);
    return weight;
  });
  const reciprocal = f32(1 / sum);
  return weights.map((weight) => f32(weight * reciprocal));
}

/** Parts of a sample that OpenCV neglects. */
const NEGLIGIBLE = 1e-3;

/**
 * INTER_AREA for an axis that shrinks or keeps its length: the mean of the samples below an output, by the parts that
 * it covers. OpenCV's weights are binary32; they are rounded to 22 fraction bits.
 */
export function areaAxis({ input, output }: AxisScale): AxisFilter {
  const scale = 1 / (output / input);
  const taps = Array.from({ length: output }, (_, o): Taps => {
    const begin = o * scale, end = begin + scale;
    const cell = Math.min(scale, input - begin);
    const high = Math.min(Math.floor(end), input - 1);
    const low = Math.min(Math.ceil(begin), high);
    const weights: number[] = new Array<number>(high - low).fill(1 / cell);
    const before = low - begin > NEGLIGIBLE;
    if (before) weights.unshift((low - begin) / cell);
    if (end - high > NEGLIGIBLE) weights.push(Math.min(end - high, 1, cell) / cell);
    return { first: before ? low - 1 : low, weights: wholeWeights(weights.map(f32)) };
  });
  return clampedAxis(taps, input);
}

/** Rounds weights so that their sum is 1: each takes what the rounded sum of those before it leaves. */
function wholeWeights(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0, taken = 0;
  return weights.map((weight) => {
    sum += weight;
    const own = Math.round(sum / total * 2 ** FILTER_BITS) - taken;
    taken += own;
    return own;
  });
}
