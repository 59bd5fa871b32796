/**
 * Values of one head of a layer, between views of any strides and dense arrays.
 *
 * @module
 */

import { DTYPE_BYTES, fromFloat16Bits, viewElements } from "../../serialize/dtype.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { type FloatDType, narrow } from "../../kernels/quantize/formats/elements.ts";
import type { BlockShape } from "../../kernels/quantize/formats/group_order.ts";

/** Columns of a dense array that receive a head's channels. */
export interface Columns {
  /** Values in a row. */
  readonly stride: number;
  /** First column. */
  readonly first: number;
}

/**
 * Returns the tokens of all blocks, and the channels.
 *
 * @param layer View with the axes `[1, blocks, heads, tokens, channels]`.
 */
export function headShape({ shape }: Tensor): BlockShape {
  return { tokens: shape[1]! * shape[3]!, channels: shape[4]! };
}

/**
 * Widens the values of a head.
 *
 * @param layer View with the axes `[1, blocks, heads, tokens, channels]`.
 * @param head Index of the head.
 * @param out Receives tokens x channels.
 * @param columns Columns of `out`; all of them by default.
 */
export function gatherHead(
  layer: Tensor<FloatDType>,
  head: number,
  out: Float32Array<ArrayBuffer>,
  columns: Columns = { stride: layer.shape[4]!, first: 0 },
): void {
  const { shape: [, blocks, , tokens, channels], strides, offset } = layer;
  const step = strides[4]!, widen = wideners(layer);
  for (let block = 0, to = columns.first; block < blocks!; block++) {
    let from = offset + block * strides[1]! + head * strides[2]!;
    for (let t = 0; t < tokens!; t++, from += strides[3]!, to += columns.stride) {
      widen(out, to, from, channels!, step);
    }
  }
}

/**
 * Rounds the values of a head into a view whose channels are consecutive.
 *
 * @param layer View with the axes `[1, blocks, heads, tokens, channels]`.
 * @param head Index of the head.
 * @param values Tokens x channels.
 */
export function placeHead(layer: Tensor<FloatDType>, head: number, values: Float32Array): void {
  const { dtype, data, offset, strides, shape: [, blocks, , tokens, channels] } = layer;
  const rows = viewElements(dtype, new ArrayBuffer(values.length * DTYPE_BYTES[dtype]), 0, values.length);
  narrow(dtype, values, rows);
  for (let block = 0, from = 0; block < blocks!; block++) {
    let to = offset + block * strides[1]! + head * strides[2]!;
    for (let t = 0; t < tokens!; t++, from += channels!, to += strides[3]!) {
      data.set(rows.subarray(from, from + channels!), to);
    }
  }
}

type Widener = (
  out: Float32Array<ArrayBuffer>,
  to: number,
  from: number,
  count: number,
  step: number,
) => void;

let halves: Float32Array | undefined;

/** Returns the function that widens a row of a tensor. */
function wideners({ dtype, data }: Tensor<FloatDType>): Widener {
  if (dtype === "bf16") {
    return (out, to, from, count, step) => {
      // bf16 is the upper half of binary32.
      const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
      for (let c = 0; c < count; c++) words[to + c] = data[from + c * step]! << 16;
    };
  }
  const table = dtype === "f16"
    ? halves ??= Float32Array.from({ length: 65536 }, (_, i) => fromFloat16Bits(i))
    : null;
  return (out, to, from, count, step) => {
    for (let c = 0; c < count; c++) {
      const element = data[from + c * step]!;
      out[to + c] = table === null ? element : table[element]!;
    }
  };
}
