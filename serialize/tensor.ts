/**
 * Tensors: typed elements with a shape and strides. Plain data; views share their elements.
 *
 * @module
 */

import {
  checkElements,
  type DType,
  DTYPE_BYTES,
  DTYPES,
  type ElementArrays,
  fromBFloat16Bits,
  fromFloat16Bits,
  type TypedArray,
  viewElements,
} from "./dtype.ts";
import { checkInteger, kindOf, OnpathError } from "./errors.ts";
import { requireTensor } from "./require.ts";
import { named } from "./excerpt.ts";

/** Order of the axes: N image of the batch, H row, W column, C channel. */
export type Layout = "HWC" | "CHW" | "NHWC" | "NCHW";

/** All layouts, in a fixed order. */
export const LAYOUTS: readonly ["HWC", "CHW", "NHWC", "NCHW"] = ["HWC", "CHW", "NHWC", "NCHW"];

/** Maximum elements of a tensor (2^31 − 1), so that indexes fit 32 bits. */
export const MAX_ELEMENTS = 2 ** 31 - 1;

/**
 * Typed elements seen through a shape and strides.
 *
 * @typeParam D Element type, which decides the class of `data`.
 */
export interface Tensor<D extends DType = DType> {
  /** Element type. */
  readonly dtype: D;
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** Distance between neighbours along each axis, in elements. */
  readonly strides: readonly number[];
  /** Index in `data` of the element at the origin. */
  readonly offset: number;
  /** Order of the axes; absent if the tensor is not an image. */
  readonly layout?: Layout;
  /** Elements; other views may share them. `f16` and `bf16` are stored as bit patterns. */
  readonly data: ElementArrays[D];
}

/** Options of {@linkcode tensor}. */
export interface TensorOptions<D extends DType = DType> {
  /** Element type. */
  readonly dtype: D;
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** Order of the axes; leave it out if the tensor is not an image. */
  readonly layout?: Layout | undefined;
}

/**
 * Counts the elements of a shape.
 *
 * @param shape Number of elements along each axis.
 * @returns Product of the lengths; 1 for a scalar.
 * @throws {OnpathError} `size` when a length is not an integer or the product exceeds {@linkcode
 * MAX_ELEMENTS}.
 */
export function countElements(shape: readonly number[]): number {
  let count = 1;
  for (const [axis, length] of shape.entries()) {
    checkInteger(`axis ${axis} of shape [${shape.join(", ")}] with length`, length, 0, MAX_ELEMENTS);
    count *= length;
  }
  if (count > MAX_ELEMENTS) {
    throw new OnpathError(
      "size",
      `Cannot use shape [${shape.join(", ")}]: ${count} elements exceed the maximum of ${MAX_ELEMENTS}`,
      { shape, count, most: MAX_ELEMENTS },
    );
  }
  return count;
}

/** Strides in elements of a dense shape in C order: the last axis has stride 1. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/**
 * Creates a tensor over existing elements, without a copy.
 *
 * @param data Elements in C order; `f16` and `bf16` as bit patterns in a `Uint16Array`.
 * @param options Element type, shape and, for images, the layout.
 * @returns Tensor that shares `data`.
 * @throws {OnpathError} `dtype` when the class of the array does not match the type; `shape` when the number
 * of elements or axes differs.
 *
 * @example
 * ```ts
 * import { tensor } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array(2 * 4 * 3), { dtype: "u8", shape: [2, 4, 3], layout: "HWC" });
 * assert.deepEqual(image.strides, [12, 3, 1]);
 * ```
 */
export function tensor<D extends DType>(
  data: TypedArray | Uint8ClampedArray<ArrayBuffer>,
  options: TensorOptions<D>,
): Tensor<D>;
export function tensor(data: TypedArray | Uint8ClampedArray<ArrayBuffer>, options: TensorOptions): Tensor {
  const { dtype, shape, layout } = formOf(options);
  if (!ArrayBuffer.isView(data)) {
    throw new OnpathError(
      "dtype",
      `Cannot make a tensor: its data is ${kindOf(data)}, expected a typed array`,
      { found: kindOf(data) },
    );
  }
  checkElements(dtype, data);
  const count = countElements(shape);
  if (count !== data.length) {
    throw new OnpathError(
      "shape",
      `Cannot make a tensor: shape [${
        shape.join(", ")
      }] needs ${count} elements, the data has ${data.length}`,
      { shape, expected: count, found: data.length },
    );
  }
  if (layout !== undefined) checkAxes(shape, layout);
  const elements = data instanceof Uint8ClampedArray
    ? new Uint8Array(data.buffer, data.byteOffset, data.length)
    : data;
  return makeTensor(dtype, [...shape], denseStrides(shape), 0, elements, layout);
}

/** Checks the element type of options from outside, and that the shape is a list. */
function formOf(options: TensorOptions): TensorOptions {
  const { dtype, shape, layout } = Object(options) as TensorOptions;
  if (!DTYPES.includes(dtype)) {
    throw new OnpathError(
      "dtype",
      `Cannot make a tensor of dtype ${named(dtype)}: expected one of ${DTYPES.join(", ")}`,
      { expected: DTYPES },
    );
  }
  if (Array.isArray(shape)) return { dtype, shape, layout };
  throw new OnpathError("shape", `Cannot make a tensor: its shape is ${kindOf(shape)}, expected an array`, {
    found: kindOf(shape),
  });
}

/**
 * Creates a dense tensor of zeros.
 *
 * @param options Element type, shape and, for images, the layout.
 * @returns Tensor with a new buffer.
 * @throws {OnpathError} `dtype`, `size` or `shape` when the type or the shape is invalid.
 */
export function zeros<D extends DType>(options: TensorOptions<D>): Tensor<D> {
  const { dtype, shape } = formOf(options);
  const count = countElements(shape);
  const buffer = new ArrayBuffer(count * DTYPE_BYTES[dtype]);
  return tensor(viewElements(dtype, buffer, 0, count), options);
}

/**
 * Reorders the axes of an image, without a copy.
 * `N` is added with length 1, or removed if its length is 1, when only one of the two layouts has it.
 *
 * @param source Image tensor with a `layout`.
 * @param layout New order of the axes.
 * @returns View with new shape and strides.
 * @throws {OnpathError} `shape` when the source has no layout, or has several images and the new layout has
 * no `N`.
 *
 * @example
 * ```ts
 * import { tensor, toLayout } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(new Uint8Array(24), { dtype: "u8", shape: [2, 4, 3], layout: "HWC" });
 * const planes = toLayout(image, "CHW");
 * assert.deepEqual([planes.shape, planes.strides], [[3, 2, 4], [1, 12, 3]]);
 * assert.equal(planes.data, image.data);
 * ```
 */
export function toLayout(source: Tensor, layout: Layout): Tensor {
  requireTensor("view", source);
  const from = source.layout;
  if (typeof from !== "string") {
    throw new OnpathError("shape", `Cannot view a tensor as ${layout}: its own layout is missing`, {
      shape: source.shape,
    });
  }
  if (from.includes("N") && !layout.includes("N") && source.shape[0] !== 1) {
    throw new OnpathError(
      "shape",
      `Cannot view a tensor as ${layout}: it holds ${source.shape[0]} images, ${layout} holds one`,
      { shape: source.shape, from, to: layout },
    );
  }
  const shape: number[] = [];
  const strides: number[] = [];
  for (const name of layout) {
    const axis = from.indexOf(name);
    shape.push(axis < 0 ? 1 : source.shape[axis]!);
    strides.push(axis < 0 ? 0 : source.strides[axis]!);
  }
  return makeTensor(source.dtype, shape, strides, source.offset, source.data, layout);
}

/**
 * Views a window of a tensor, without a copy.
 *
 * @param source Tensor to view.
 * @param starts First index along each axis.
 * @param lengths Number of elements along each axis.
 * @returns View of the window.
 * @throws {OnpathError} `shape` when the window exceeds the tensor.
 */
export function slice(source: Tensor, starts: readonly number[], lengths: readonly number[]): Tensor {
  requireTensor("slice", source);
  let offset = source.offset;
  const rank = source.shape.length;
  const fits = starts.length === rank && lengths.length === rank &&
    source.shape.every((length, axis) =>
      Number.isInteger(starts[axis]) && Number.isInteger(lengths[axis]) &&
      starts[axis]! >= 0 && lengths[axis]! >= 0 && starts[axis]! + lengths[axis]! <= length
    );
  if (!fits) {
    throw new OnpathError(
      "shape",
      `Cannot slice shape [${source.shape.join(", ")}]: the window from [${starts.join(", ")}] ` +
        `with lengths [${lengths.join(", ")}] does not lie inside`,
      { shape: source.shape, starts, lengths },
    );
  }
  starts.forEach((start, axis) => offset += start * source.strides[axis]!);
  return makeTensor(source.dtype, [...lengths], source.strides, offset, source.data, source.layout);
}

/** Returns whether the elements lie in C order without gaps, so that one copy can move them. */
export function isDense(source: Tensor): boolean {
  let step = 1;
  for (let axis = source.shape.length - 1; axis >= 0; axis--) {
    const length = source.shape[axis]!;
    if (length !== 1 && source.strides[axis] !== step) return false;
    step *= length;
  }
  return true;
}

/**
 * Returns the tensor with its elements in C order: the source itself if it is dense, otherwise a copy.
 *
 * @param source Tensor to convert.
 * @returns Dense tensor of the same type, shape and layout.
 *
 * @example
 * ```ts
 * import { tensor, toDense, toLayout } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const image = tensor(Uint8Array.of(1, 2, 3, 4), { dtype: "u8", shape: [2, 1, 2], layout: "HWC" });
 * assert.deepEqual([...toDense(toLayout(image, "CHW")).data], [1, 3, 2, 4]);
 * ```
 */
export function toDense(source: Tensor): Tensor {
  requireTensor("copy", source);
  const count = countElements(source.shape);
  if (isDense(source) && source.offset === 0 && source.data.length === count) return source;
  const target = zeros(source);
  if (isDense(source)) target.data.set(source.data.subarray(source.offset, source.offset + count));
  else eachIndex(source, (from, to) => target.data[to] = source.data[from]!);
  return target;
}

/**
 * Returns the elements of any type as numbers in C order.
 *
 * @param source Tensor to read.
 * @returns New array; `f16` and `bf16` are decoded.
 *
 * @example
 * ```ts
 * import { tensor } from "onpath";
 * import { toNumbers } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...toNumbers(tensor(Uint16Array.of(0x3c00), { dtype: "f16", shape: [1] }))], [1]);
 * ```
 */
export function toNumbers(source: Tensor): Float64Array<ArrayBuffer> {
  const numbers = new Float64Array(countElements(source.shape));
  const { dtype, data } = source;
  eachIndex(source, (from, to) => {
    const value = data[from]!;
    numbers[to] = dtype === "f16"
      ? fromFloat16Bits(value)
      : dtype === "bf16"
      ? fromBFloat16Bits(value)
      : value;
  });
  return numbers;
}

/**
 * Views the bytes of a dense tensor, without a copy.
 *
 * @param source Tensor whose elements lie in C order without gaps.
 * @returns Bytes, little-endian.
 * @throws {OnpathError} `shape` when the elements are not dense; use {@linkcode toDense} first.
 *
 * @example
 * ```ts
 * import { tensor } from "onpath";
 * import { toBytes } from "onpath/serialize";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...toBytes(tensor(Float32Array.of(1), { dtype: "f32", shape: [1] }))], [0, 0, 128, 63]);
 * ```
 */
export function toBytes(source: Tensor): Uint8Array<ArrayBuffer> {
  if (!isDense(source)) {
    throw new OnpathError(
      "shape",
      `Cannot take the bytes of a tensor: strides [${source.strides.join(", ")}] are not dense`,
      { shape: source.shape, strides: source.strides },
    );
  }
  const size = DTYPE_BYTES[source.dtype];
  const start = source.data.byteOffset + source.offset * size;
  return new Uint8Array(source.data.buffer, start, countElements(source.shape) * size);
}

/**
 * Checks that a shape has one length for each axis of a layout.
 *
 * @throws {OnpathError} `shape` when the number of axes differs.
 */
export function checkAxes(shape: readonly number[], layout: Layout): void {
  if (!LAYOUTS.includes(layout)) {
    throw new OnpathError(
      "shape",
      `Cannot use layout ${named(layout)}: expected one of ${LAYOUTS.join(", ")}`,
      {
        expected: LAYOUTS,
      },
    );
  }
  if (shape.length !== layout.length) {
    throw new OnpathError(
      "shape",
      `Cannot use shape [${
        shape.join(", ")
      }] as ${layout}: it has ${shape.length} axes, ${layout} has ${layout.length}`,
      { shape, layout },
    );
  }
}

function makeTensor(
  dtype: DType,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  data: TypedArray,
  layout: Layout | undefined,
): Tensor {
  return layout === undefined
    ? { dtype, shape, strides, offset, data }
    : { dtype, shape, strides, offset, layout, data };
}

/** Calls `visit` with each element's index in `data` and its index in C order. */
function eachIndex(source: Tensor, visit: (from: number, to: number) => void): void {
  const { shape, strides } = source;
  const count = countElements(shape);
  const position = new Array<number>(shape.length).fill(0);
  let from = source.offset;
  for (let to = 0; to < count; to++) {
    visit(from, to);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++position[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
}
