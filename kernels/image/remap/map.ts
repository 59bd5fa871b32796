/**
 * Conversion of source positions to a sampling map: four neighbours and a weight index for each output
 * sample.
 *
 * @module
 */

import type { DenseMap } from "../../../serialize/sampling.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type AxisWindow, sourceIndex } from "../geometry/axis.ts";
import type { Size } from "../geometry/names.ts";
import { POSITION_BITS, POSITION_STEPS, type Positions } from "./positions.ts";
import type { Border } from "./spec.ts";

/** Window of a larger source that a remap uses as its image. */
export interface SourceWindow {
  /** Window on the rows of the source; its length is the image height. */
  readonly y: AxisWindow;
  /** Window on the columns of the source; its length is the image width. */
  readonly x: AxisWindow;
  /** Columns of the whole source. */
  readonly width: number;
}

/**
 * Maps an index outside an axis to an index inside, as OpenCV's `borderInterpolate`.
 *
 * @param index Any integer.
 * @param length Length of the axis, at least 1.
 * @param border Border mode.
 * @returns Index inside the axis, or −1 for the fill colour.
 */
export function borderIndex(index: number, length: number, border: Border): number {
  if (index >= 0 && index < length) return index;
  switch (border) {
    case "constant":
      return -1;
    case "replicate":
      return index < 0 ? 0 : length - 1;
    case "reflect": {
      const inPeriod = modulo(index, 2 * length);
      return inPeriod < length ? inPeriod : 2 * length - 1 - inPeriod;
    }
    case "reflect101": {
      // An axis of one sample has no period. Every index maps to that sample.
      const inPeriod = length === 1 ? 0 : modulo(index, 2 * length - 2);
      return inPeriod < length ? inPeriod : 2 * length - 2 - inPeriod;
    }
    case "wrap":
      return modulo(index, length);
  }
}

/**
 * Creates the sampling map of a remap. The weight index is 32 · (fraction of y) + (fraction of x).
 *
 * @param positions Source positions in 1/32 sample, row by row.
 * @param size Rows and columns of the result.
 * @param input Rows and columns of the image.
 * @param border Border mode.
 * @param window Position of the image in the source, after crops and pads. Default the whole source. Fill
 * colours of the window have index −1, as those of the border.
 * @returns Dense map whose neighbours are source indexes.
 * @throws {OnpathError} `shape` when the number of positions does not match the size, or the window does not
 * match the image.
 */
export function remapMap(
  positions: Positions,
  size: Size,
  input: Size,
  border: Border,
  window?: SourceWindow,
): DenseMap {
  const [height, width] = size;
  const items = height * width;
  if (positions.x.length !== items || positions.y.length !== items) {
    throw new OnpathError(
      "shape",
      `Cannot make a sampling map of ${height} x ${width}: expected ${items} positions, found ` +
        `${positions.x.length} columns and ${positions.y.length} rows`,
      { items, columns: positions.x.length, rows: positions.y.length },
    );
  }
  if (window !== undefined && (window.y.length !== input[0] || window.x.length !== input[1])) {
    throw new OnpathError(
      "shape",
      `Cannot make a sampling map: the window of ${window.y.length} x ${window.x.length} is not the image ` +
        `of ${input[0]} x ${input[1]}`,
      { window: [window.y.length, window.x.length], input },
    );
  }
  const rowStarts = starts(input[0], window?.y, window?.width ?? input[1]);
  const columns = starts(input[1], window?.x, 1);
  const neighbours = new Int32Array(4 * items);
  const weight = new Uint32Array(items);
  for (let item = 0, to = 0; item < items; item++) {
    const y = positions.y[item]!;
    const x = positions.x[item]!;
    weight[item] = POSITION_STEPS * (y & (POSITION_STEPS - 1)) + (x & (POSITION_STEPS - 1));
    for (let n = 0; n < 4; n++) {
      const row = borderIndex((y >> POSITION_BITS) + (n >> 1), input[0], border);
      const column = borderIndex((x >> POSITION_BITS) + (n & 1), input[1], border);
      const start = row < 0 ? -1 : rowStarts[row]!;
      const offset = column < 0 ? -1 : columns[column]!;
      neighbours[to++] = start < 0 || offset < 0 ? -1 : start + offset;
    }
  }
  return { form: "dense", height, width, neighbours, weight };
}

/** Returns `step` times the source index of each image index; −1 for the fill colour. */
function starts(length: number, window: AxisWindow | undefined, step: number): Int32Array {
  return Int32Array.from({ length }, (_, index) => {
    const source = window === undefined ? index : sourceIndex(window, index);
    return source < 0 ? -1 : step * source;
  });
}

/** Returns the remainder with the sign of the divisor. */
function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
