/**
 * Sample positions of a remap, in integer units of 1/32 sample. They equal those of OpenCV 4.6 on x86-64
 * (modules/imgproc/src/imgwarp.cpp). Every binary64 operation has OpenCV's order.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { roundHalfEven } from "../resize/positions.ts";
import { rowsOf, type Six } from "./matrix.ts";
import type { RemapParams } from "./spec.ts";

/** Fraction bits of a position, equal to OpenCV's INTER_BITS. */
export const POSITION_BITS = 5;

/** Steps between two samples: positions are multiples of 1/32. */
export const POSITION_STEPS: number = 1 << POSITION_BITS;

/** Source positions of output samples, row by row, in 1/32 sample. */
export interface Positions {
  /** Column positions, from the centre of the first column. */
  readonly x: Int32Array;
  /** Row positions, from the centre of the first row. */
  readonly y: Int32Array;
}

/** Fraction bits of the steps in warpAffine (AB_BITS). */
const STEP_BITS = 10;

/**
 * Computes the source positions of `warpAffine` or `warpPerspective`.
 *
 * @param params Matrix from output to input, and size of the result.
 * @returns One position for each output sample, row by row. Whole samples are clamped to 16 bits, signed. The
 * fraction is kept, as in OpenCV.
 */
export function remapPositions(params: RemapParams): Positions {
  return params.transform === "affine" ? affinePositions(params) : perspectivePositions(params);
}

/**
 * Converts the two float maps of `cv2.remap` to source positions.
 *
 * @param mapX Column positions, in samples.
 * @param mapY Row positions, in samples; as many as in `mapX`.
 * @returns Positions rounded to 1/32, ties to even.
 * @throws {OnpathError} `shape` when the maps differ in length.
 */
export function mapPositions(mapX: Float32Array, mapY: Float32Array): Positions {
  if (mapX.length !== mapY.length) {
    throw new OnpathError(
      "shape",
      `Cannot remap: the map of columns has ${mapX.length} positions, that of rows ${mapY.length}`,
      { columns: mapX.length, rows: mapY.length },
    );
  }
  // A binary32 value times 32 is exact. Only toInt32 rounds.
  const convert = (map: Float32Array) =>
    Int32Array.from(map, (value) => clampSample(toInt32(POSITION_STEPS * value)));
  return { x: convert(mapX), y: convert(mapY) };
}

/**
 * Computes affine positions. Row starts and column steps are rounded separately to 1/1024, added, and rounded
 * half up to 1/32.
 */
function affinePositions({ matrix, output }: RemapParams): Positions {
  const [m0, m1, m2, m3, m4, m5] = matrix as Six;
  const [height, width] = output;
  const scale = 1 << STEP_BITS;
  const shift = STEP_BITS - POSITION_BITS;
  const half = 1 << (shift - 1);
  const stepX = new Int32Array(width);
  const stepY = new Int32Array(width);
  for (let column = 0; column < width; column++) {
    stepX[column] = toInt32(m0 * column * scale);
    stepY[column] = toInt32(m3 * column * scale);
  }
  const x = new Int32Array(height * width);
  const y = new Int32Array(height * width);
  for (let row = 0, item = 0; row < height; row++) {
    const startX = toInt32((m1 * row + m2) * scale) + half;
    const startY = toInt32((m4 * row + m5) * scale) + half;
    for (let column = 0; column < width; column++, item++) {
      // The shift wraps the sum at 32 bits, as OpenCV's addition does.
      x[item] = clampSample((startX + stepX[column]!) >> shift);
      y[item] = clampSample((startY + stepY[column]!) >> shift);
    }
  }
  return { x, y };
}

/**
 * Computes perspective positions. Numerators and divisor are summed at the first column of a block, and then
 * extended by one product a column. OpenCV's blocks have up to 16 rows and 1,024 samples. Only their width
 * can change a rounding.
 */
function perspectivePositions({ matrix, output }: RemapParams): Positions {
  const [[m0, m1, m2], [m3, m4, m5], [m6, m7, m8]] = rowsOf(matrix);
  const [height, width] = output;
  const block = Math.min(Math.floor(1024 / Math.min(16, height)), width);
  const x = new Int32Array(height * width);
  const y = new Int32Array(height * width);
  for (let row = 0, item = 0; row < height; row++) {
    for (let first = 0; first < width; first += block) {
      const startX = m0 * first + m1 * row + m2;
      const startY = m3 * first + m4 * row + m5;
      const startW = m6 * first + m7 * row + m8;
      const end = Math.min(block, width - first);
      for (let column = 0; column < end; column++, item++) {
        const w = startW + m6 * column;
        const factor = w === 0 ? 0 : POSITION_STEPS / w;
        x[item] = clampSample(toInt32(clampInt32((startX + m0 * column) * factor)));
        y[item] = clampSample(toInt32(clampInt32((startY + m3 * column) * factor)));
      }
    }
  }
  return { x, y };
}

/** Rounds to an integer, ties to even. Values outside 32 bits become −2^31, as in x86's conversion. */
function toInt32(value: number): number {
  const rounded = roundHalfEven(value);
  return rounded >= -(2 ** 31) && rounded < 2 ** 31 ? rounded : -(2 ** 31);
}

function clampInt32(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
}

/** Clamps the whole samples of a position to 16 bits, and keeps its fraction. */
function clampSample(position: number): number {
  const whole = Math.max(-32768, Math.min(32767, position >> POSITION_BITS));
  return (whole << POSITION_BITS) | (position & (POSITION_STEPS - 1));
}
