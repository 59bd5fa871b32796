/**
 * Where the samples of a remap lie: whole numbers of 1/32 sample, as OpenCV 4.6 computes them on
 * x86-64 (modules/imgproc/src/imgwarp.cpp). Every operation on a double stands in OpenCV's order.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { roundHalfEven } from "../resize/positions.ts";
import { rowsOf, type Six } from "./matrix.ts";
import type { RemapParams } from "./spec.ts";

/** Fraction bits of a position (OpenCV's INTER_BITS). */
export const POSITION_BITS = 5;

/** Steps between two samples: positions are multiples of 1/32. */
export const POSITION_STEPS: number = 1 << POSITION_BITS;

/** Source positions of output samples, row by row, in 1/32 sample. */
export interface Positions {
  /** Columns, counted from the centre of the first. */
  readonly x: Int32Array;
  /** Rows, counted from the centre of the first. */
  readonly y: Int32Array;
}

/** Fraction bits of warpAffine's own steps (AB_BITS). */
const STEP_BITS = 10;

/**
 * Source positions of `warpAffine` or `warpPerspective`.
 *
 * @param params The matrix, from output to input, and the size of the result.
 * @returns One position an output sample, row by row. Whole samples are clamped to 16 bits, signed,
 * while the fraction stays, as in OpenCV.
 */
export function remapPositions(params: RemapParams): Positions {
  return params.transform === "affine" ? affinePositions(params) : perspectivePositions(params);
}

/**
 * Source positions from the two float maps of `cv2.remap`.
 *
 * @param mapX Columns, in samples.
 * @param mapY Rows, in samples; as many as columns.
 * @returns The positions to the nearest 1/32, ties to even.
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
  // A binary32 times 32 has the same digits: nothing is rounded before toInt32 does it.
  const convert = (map: Float32Array) =>
    Int32Array.from(map, (value) => clampSample(toInt32(POSITION_STEPS * value)));
  return { x: convert(mapX), y: convert(mapY) };
}

/** Row starts and column steps are rounded apart to 1/1024, added, and rounded half up to 1/32. */
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
      // The shift wraps the sum at 32 bits as OpenCV's addition does.
      x[item] = clampSample((startX + stepX[column]!) >> shift);
      y[item] = clampSample((startY + stepY[column]!) >> shift);
    }
  }
  return { x, y };
}

/**
 * Numerators and divisor are summed once at the first column of a block and from there by one product
 * a column. Blocks of OpenCV are up to 16 rows high and hold at most 1024 samples; only their width
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

/** Rounds ties to even; what no 32-bit number holds becomes −2^31, which is what x86's conversion gives. */
function toInt32(value: number): number {
  const rounded = roundHalfEven(value);
  return rounded >= -(2 ** 31) && rounded < 2 ** 31 ? rounded : -(2 ** 31);
}

function clampInt32(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
}

/** Clamps the whole samples of a position to 16 bits and leaves its fraction. */
function clampSample(position: number): number {
  const whole = Math.max(-32768, Math.min(32767, position >> POSITION_BITS));
  return (whole << POSITION_BITS) | (position & (POSITION_STEPS - 1));
}
