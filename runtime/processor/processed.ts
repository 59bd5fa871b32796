/**
 * Processed images before they are joined.
 *
 * @module
 */

import type { Size } from "../../kernels/image/geometry/names.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Values of one image in CHW. */
export interface ProcessedImage {
  /** Index of the image in the call. */
  readonly index: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Images of the result: tiles, or 1. */
  readonly count: number;
  /** Rows and columns of tiles. */
  readonly grid: Size;
  /** Rows and columns before the processor. */
  readonly source: Size;
  /** Values of all channels, image by image. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** Maximum values of one result: 2^28, 1 GiB. */
const MAX_VALUES = 2 ** 28;

/** Makes an array of values within the limit. */
export function newValues(count: number): Float32Array<ArrayBuffer> {
  if (count <= MAX_VALUES) return new Float32Array(count);
  throw new OnpathError("size", `Cannot join ${count} values: expected at most ${MAX_VALUES}`, {
    count,
    most: MAX_VALUES,
  });
}
