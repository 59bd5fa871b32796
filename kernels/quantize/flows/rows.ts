/**
 * Rows of a cache's tensor: the channels of a token, addressed by the head and the token of its sequence. Rows that
 * follow each other in memory are joined.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { Tensor } from "../../../serialize/tensor.ts";

/** Elements as unsigned numbers, so that copies keep every bit. */
export type Elements = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Rows of one tensor. */
export interface CacheRows {
  /** All elements of the tensor's memory. */
  readonly data: Elements;
  /** Elements of a row. */
  readonly length: number;
  /** Distance between the elements of a row. */
  readonly step: number;
  /** Index of the first element of a row. */
  readonly at: (head: number, row: number) => number;
}

/**
 * Describes the rows of a tensor.
 *
 * @param tensor Tensor with the axes layers, blocks, heads, tokens and channels; a view within its data.
 * @param isJoined Whether tokens that follow each other in memory become one row.
 */
export function cacheRows(tensor: Tensor, isJoined: boolean): CacheRows {
  const { offset, shape, strides } = tensor;
  const [, , heads, tokens, channels] = shape as [number, number, number, number, number];
  const [byLayer, byBlock, byHead, byToken, step] = strides as [number, number, number, number, number];
  const isDense = isJoined && step === 1 && (byToken === channels || tokens === 1);
  const length = isDense ? tokens * channels : channels;
  const perBlock = isDense ? 1 : tokens;
  return {
    data: elementsOf(tensor),
    length,
    step,
    at: (head, row) => {
      const layer = (head / heads) | 0, block = (row / perBlock) | 0;
      return offset + layer * byLayer + (head - layer * heads) * byHead + block * byBlock +
        (row - block * perBlock) * byToken;
    },
  };
}

/**
 * Checks that a view of five axes lies within its data.
 *
 * @param tensor View from outside.
 * @throws {OnpathError} `shape` for strides or an offset that leave the data.
 */
export function checkExtent({ data, offset, shape, strides }: Tensor): void {
  const isWhole = (value: number) => Number.isSafeInteger(value) && value >= 0;
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
  if (strides.length === shape.length && strides.every(isWhole) && isWhole(offset) && last < data.length) {
    return;
  }
  throw new OnpathError(
    "shape",
    `Cannot use a KV cache with strides [${
      strides.join(", ")
    }] from element ${offset}: its last element is ${last}, ` +
      `the data has ${data.length}`,
    { strides, offset, last, elements: data.length },
  );
}

/**
 * Checks that a view's positions do not share elements, so that it can be written.
 *
 * @param tensor View from outside.
 * @throws {OnpathError} `shape` for a stride below the extent of the axes with smaller strides.
 */
export function checkDistinct({ shape, strides }: Tensor): void {
  const axes = shape.map((length, axis) => ({ length, stride: strides[axis]! })).filter(({ length }) =>
    length > 1
  );
  let extent = 1;
  for (const { length, stride } of axes.sort((a, b) => a.stride - b.stride)) {
    if (stride < extent) {
      throw new OnpathError(
        "shape",
        `Cannot write a KV cache with strides [${strides.join(", ")}]: positions share elements`,
        { strides },
      );
    }
    extent += stride * (length - 1);
  }
}

function elementsOf({ data }: Tensor): Elements {
  return data.BYTES_PER_ELEMENT === 2
    ? new Uint16Array(data.buffer, data.byteOffset, data.length)
    : new Uint32Array(data.buffer, data.byteOffset, data.length);
}
