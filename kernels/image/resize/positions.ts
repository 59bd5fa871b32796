/**
 * Sample positions of a resize, for each axis. Exact positions are rational numbers. OpenCV's positions are
 * the binary32 values that OpenCV computes.
 *
 * @module
 */

import type { AxisScale, ResizeParams } from "./spec.ts";

/** Neighbours and weights of one axis. */
export interface AxisWeights {
  /** Lower neighbour of each output index. */
  readonly low: Int32Array;
  /** Upper neighbour of each output index; equal to the lower one at the far edge. */
  readonly high: Int32Array;
  /** Weight pair of each output index. */
  readonly phase: Uint16Array;
  /** Distinct weight pairs: weight of the lower neighbour, weight of the upper neighbour. */
  readonly pairs: readonly (readonly [low: number, high: number])[];
  /** Denominator of the weights: the two of a pair sum to it. */
  readonly denominator: number;
}

/**
 * Computes exact positions, with half-pixel centres as in OpenCV, torchvision and ONNX `half_pixel`.
 * Output `o` lies at (2·o + 1)·input / (2·output) − 1/2, clamped at 0. Its fraction is a multiple of 1 /
 * (2·output). The fractions repeat after output / gcd(input, output).
 *
 * @param scale Lengths before and after.
 * @returns Neighbours, phases, and weights over the least common denominator.
 *
 * @example
 * ```ts
 * import { rationalAxis } from "./positions.ts";
 * import assert from "node:assert/strict";
 *
 * const axis = rationalAxis({ input: 1280, output: 224 });
 * assert.equal(axis.pairs.length, 7);
 * assert.equal(axis.denominator, 14);
 * ```
 */
export function rationalAxis(scale: AxisScale): AxisWeights {
  const { input, output } = scale;
  const low = new Int32Array(output);
  const high = new Int32Array(output);
  const parts = new Array<number>(output);
  let divisor = 2 * output;
  for (let o = 0; o < output; o++) {
    const numerator = Math.max(0, (2 * o + 1) * input - output);
    low[o] = Math.floor(numerator / (2 * output));
    high[o] = Math.min(low[o]! + 1, input - 1);
    // At the far edge both neighbours are the same sample, so the fraction does not matter.
    parts[o] = high[o] === low[o] ? 0 : numerator % (2 * output);
    divisor = gcd(divisor, parts[o]!);
  }
  const denominator = (2 * output) / divisor;
  return {
    low,
    high,
    denominator,
    ...phasesOf(parts.map((part) => [denominator - part / divisor, part / divisor])),
  };
}

/**
 * Computes OpenCV's positions for 8-bit INTER_LINEAR (modules/imgproc/src/resize.cpp, 4.6).
 * A position is computed in binary64 and rounded to binary32. Weights have 11 bits, ties to even.
 * Along x, a position outside the samples is clamped to the nearest sample. Along y, only the neighbours are
 * clamped and the weights stay. The truncations of the vertical pass make the difference visible.
 *
 * @param scale Lengths before and after.
 * @param clipOnly True for y: clamp only the neighbours. False for x: clamp the weights too.
 * @returns Neighbours, phases, and weights over 2048.
 */
export function openCvAxis(scale: AxisScale, clipOnly: boolean): AxisWeights {
  const step = 1 / (scale.output / scale.input);
  return fixedAxis(scale, clipOnly, (o) => {
    const position = Math.fround((o + 0.5) * step - 0.5);
    const floor = Math.floor(position);
    return [floor, Math.fround(position - floor)];
  });
}

/**
 * Computes OpenCV's positions for 8-bit INTER_AREA if an axis grows. Each output lies between the two samples that its
 * area touches, nearer to the upper one by the part that lies there.
 *
 * @param scale Lengths before and after.
 * @param clipOnly As in {@linkcode openCvAxis}.
 * @returns Neighbours, phases, and weights over 2048.
 */
export function openCvAreaAxis(scale: AxisScale, clipOnly: boolean): AxisWeights {
  const inverse = scale.output / scale.input;
  const step = 1 / inverse;
  return fixedAxis(scale, clipOnly, (o) => {
    const floor = Math.floor(o * step);
    const part = Math.fround(o + 1 - (floor + 1) * inverse);
    return [floor, part <= 0 ? 0 : Math.fround(part - Math.floor(part))];
  });
}

/** Axis of 11-bit weights. `at` returns the lower neighbour and the fraction, in binary32. */
function fixedAxis(
  { input, output }: AxisScale,
  clipOnly: boolean,
  at: (output: number) => [floor: number, fraction: number],
): AxisWeights {
  const low = new Int32Array(output);
  const high = new Int32Array(output);
  const weights = new Array<[number, number]>(output);
  for (let o = 0; o < output; o++) {
    let [floor, fraction] = at(o);
    if (!clipOnly && floor < 0) [floor, fraction] = [0, 0];
    if (!clipOnly && floor >= input - 1) [floor, fraction] = [input - 1, 0];
    low[o] = Math.min(Math.max(floor, 0), input - 1);
    high[o] = Math.min(Math.max(floor + 1, 0), input - 1);
    weights[o] = [
      roundHalfEven(Math.fround(Math.fround(1 - fraction) * 2048)),
      roundHalfEven(Math.fround(fraction * 2048)),
    ];
  }
  return { low, high, denominator: 2048, ...phasesOf(weights) };
}

/** Returns both axes of a resize, in the arithmetic of its match. */
export function resizeAxes(params: ResizeParams): { y: AxisWeights; x: AxisWeights } {
  if (params.match !== "opencv") return { y: rationalAxis(params.y), x: rationalAxis(params.x) };
  const axis = params.area === true ? openCvAreaAxis : openCvAxis;
  return { y: axis(params.y, true), x: axis(params.x, false) };
}

/** Rounds a number to an integer, ties to even. The magnitude must be below 2^52. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

/** Returns the greatest common divisor of two non-negative integers. */
export function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Numbers the distinct pairs in the order of first use. */
function phasesOf(weights: readonly (readonly [number, number])[]): Pick<AxisWeights, "phase" | "pairs"> {
  const ids = new Map<number, number>();
  const pairs: (readonly [number, number])[] = [];
  const phase = new Uint16Array(weights.length);
  for (const [o, pair] of weights.entries()) {
    // Both weights are below 2^24, so the key is unique.
    const key = pair[0] * 2 ** 24 + pair[1];
    let id = ids.get(key);
    if (id === undefined) {
      id = pairs.length;
      ids.set(key, id);
      pairs.push(pair);
    }
    phase[o] = id;
  }
  return { phase, pairs };
}
