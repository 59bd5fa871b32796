/**
 * Constants and element types of ONNX.
 *
 * @module
 */

import { fromBFloat16Bits, fromFloat16Bits } from "../../../serialize/dtype.ts";
import type { ColumnType } from "../table.ts";
import { malformed } from "./decode.ts";
import type { TensorProto } from "./messages.ts";

/** Constant: its shape and elements. */
export interface Constant {
  /** Lengths along the axes. */
  readonly dims: readonly number[];
  /** Elements in C order: all numbers, or all strings. */
  readonly values: readonly (number | string)[];
}

/** Types of columns by the numbers of ONNX element types. 64-bit integers are i32 here. */
const TYPES: Readonly<Record<number, ColumnType>> = {
  1: "f32",
  2: "u8",
  3: "i8",
  4: "u16",
  5: "i16",
  6: "i32",
  7: "i32",
  8: "text",
  10: "f16",
  11: "f64",
  12: "u32",
  16: "bf16",
};

/** Finds the type of columns for an ONNX element type; undefined if there is none. */
export function typeOf(elemType: number | undefined): ColumnType | undefined {
  return TYPES[elemType ?? 0];
}

/** Bytes of an element, and how it is read from raw data. */
const RAW: Readonly<Record<number, readonly [size: number, read: (view: DataView, at: number) => number]>> = {
  1: [4, (view, at) => view.getFloat32(at, true)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [1, (view, at) => view.getInt8(at)],
  4: [2, (view, at) => view.getUint16(at, true)],
  5: [2, (view, at) => view.getInt16(at, true)],
  6: [4, (view, at) => view.getInt32(at, true)],
  7: [8, (view, at) => Number(view.getBigInt64(at, true))],
  10: [2, (view, at) => fromFloat16Bits(view.getUint16(at, true))],
  11: [8, (view, at) => view.getFloat64(at, true)],
  12: [4, (view, at) => view.getUint32(at, true)],
  16: [2, (view, at) => fromBFloat16Bits(view.getUint16(at, true))],
};

/**
 * Reads the elements of a tensor.
 *
 * @throws {OnpathError} `file` if the elements do not fit type and shape, or are in another file.
 */
export function constantOf(tensor: TensorProto): Constant {
  const { dims, dataType = 0 } = tensor;
  if (tensor.externalData.length > 0) throw malformed("a tensor is in another file");
  const count = dims.reduce((product, length) => product * length, 1);
  const values = elementsOf(tensor, dataType);
  if (values.length === count && dims.every((length) => length >= 0)) return { dims, values };
  throw malformed(`a tensor of shape [${dims.slice(0, 8).join(", ")}] has ${values.length} elements`);
}

function elementsOf(tensor: TensorProto, dataType: number): readonly (number | string)[] {
  if (dataType === 8) return tensor.stringData;
  const raw = RAW[dataType];
  if (raw === undefined) throw malformed(`a tensor has element type ${dataType}`);
  const { rawData } = tensor;
  if (rawData !== undefined && rawData.length > 0) {
    const [size, read] = raw;
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    if (rawData.length % size !== 0) throw malformed(`a tensor ends within an element of ${size} bytes`);
    return Array.from({ length: rawData.length / size }, (_, index) => read(view, index * size));
  }
  if (dataType === 1) return tensor.floatData;
  if (dataType === 7) return tensor.int64Data;
  if (dataType === 11) return tensor.doubleData;
  if (dataType === 10) return tensor.int32Data.map((bits) => fromFloat16Bits(bits & 0xffff));
  if (dataType === 16) return tensor.int32Data.map((bits) => fromBFloat16Bits(bits & 0xffff));
  return tensor.int32Data;
}
