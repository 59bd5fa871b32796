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
import { checkWhole, kindOf, OnpathError } from "./errors.ts";

/** Names of axes in order: N image of the batch, H row, W column, C channel. */
export type Layout = "HWC" | "CHW" | "NHWC" | "NCHW";

/** The names of all layouts. */
export const LAYOUTS: readonly ["HWC", "CHW", "NHWC", "NCHW"] = ["HWC", "CHW", "NHWC", "NCHW"];

/** A tensor never has more elements than this (2^31 − 1), so that indexes stay 32-bit. */
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
  /** The names of the axes, where the tensor is an image. */
  readonly layout?: Layout;
  /** The elements; other views may share them. `f16` and `bf16` are bit patterns. */
  readonly data: ElementArrays[D];
}

/** What {@linkcode tensor} is told about its elements. */
export interface TensorOptions<D extends DType = DType> {
  /** Element type. */
  readonly dtype: D;
  /** Number of elements along each axis. */
  readonly shape: readonly number[];
  /** The names of the axes, where the tensor is an image. */
  readonly layout?: Layout | undefined;
}

/**
 * Counts the elements of a shape.
 *
 * @param shape Number of elements along each axis.
 * @returns Their product; 1 for a scalar.
 * @throws {OnpathError} `size` when an axis is no whole number or the product passes {@linkcode MAX_ELEMENTS}.
 */
export function countElements(shape: readonly number[]): number {
  let count = 1;
  for (const [axis, length] of shape.entries()) {
    checkWhole(`axis ${axis} of shape [${shape.join(", ")}] with length`, length, 0, MAX_ELEMENTS);
    count *= length;
  }
  if (count > MAX_ELEMENTS) {
    throw new OnpathError(
      "size",
      `Cannot use shape [${shape.join(", ")}]: its ${count} elements are more than ${MAX_ELEMENTS}`,
      { shape, count, most: MAX_ELEMENTS },
    );
  }
  return count;
}

/** Strides of a shape whose last axis is the densest (C order), in elements. */
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
 * Makes a tensor over elements, without a copy.
 *
 * @param data The elements in C order; `f16` and `bf16` as bit patterns in a `Uint16Array`.
 * @param options Element type, shape and, for images, the names of the axes.
 * @returns The tensor.
 * @throws {OnpathError} `dtype` when the array's class does not hold the type, `shape` when the
 * number of elements or of axes differs.
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
  const { dtype, shape, layout } = Object(options) as TensorOptions;
  if (!DTYPES.includes(dtype)) {
    throw new OnpathError(
      "dtype",
      `Cannot make a tensor of dtype ${shown(dtype)}: expected one of ${DTYPES.join(", ")}`,
      { expected: DTYPES },
    );
  }
  if (!ArrayBuffer.isView(data)) {
    throw new OnpathError(
      "dtype",
      `Cannot make a tensor: its data is ${kindOf(data)}, expected a typed array`,
      {
        found: kindOf(data),
      },
    );
  }
  if (!Array.isArray(shape)) {
    throw new OnpathError("shape", `Cannot make a tensor: its shape is ${kindOf(shape)}, expected an array`, {
      found: kindOf(shape),
    });
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

/**
 * Makes a dense tensor of zeros.
 *
 * @param options Element type, shape and, for images, the names of the axes.
 * @returns The tensor, with a buffer of its own.
 */
export function zeros<D extends DType>(options: TensorOptions<D>): Tensor<D> {
  const count = countElements(options.shape);
  const buffer = new ArrayBuffer(count * DTYPE_BYTES[options.dtype]);
  return tensor(viewElements(options.dtype, buffer, 0, count), options);
}

/**
 * The same elements with the axes in another order, without a copy. `N` appears with length 1 or,
 * when its length is 1, disappears, where only one of the two layouts has it.
 *
 * @param source An image tensor; its `layout` must be named.
 * @param layout The wanted order of axes.
 * @returns A view with new shape and strides.
 * @throws {OnpathError} `shape` when the source has no layout, or has several images and the wanted
 * layout has no `N`.
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
  const from = source.layout;
  if (from === undefined) {
    throw new OnpathError("shape", `Cannot view a tensor as ${layout}: its own layout is not named`, {
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
 * A window of a tensor, without a copy.
 *
 * @param source The tensor.
 * @param starts First index along each axis.
 * @param lengths Number of elements along each axis.
 * @returns A view of the window.
 * @throws {OnpathError} `shape` when the window does not lie inside the tensor.
 */
export function slice(source: Tensor, starts: readonly number[], lengths: readonly number[]): Tensor {
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

/** Whether the elements lie in C order without holes, so that they can be copied in one piece. */
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
 * The tensor with its elements in C order: itself where they are, else a copy.
 *
 * @param source The tensor.
 * @returns A dense tensor of the same type, shape and layout.
 */
export function toDense(source: Tensor): Tensor {
  const count = countElements(source.shape);
  if (isDense(source) && source.offset === 0 && source.data.length === count) return source;
  const target = zeros(source);
  if (isDense(source)) target.data.set(source.data.subarray(source.offset, source.offset + count));
  else eachIndex(source, (from, to) => target.data[to] = source.data[from]!);
  return target;
}

/**
 * The elements as numbers in C order, whatever their type.
 *
 * @param source The tensor.
 * @returns A new array; `f16` and `bf16` are decoded.
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
 * The bytes of a dense tensor, without a copy.
 *
 * @param source A tensor whose elements lie in C order without holes.
 * @returns Its bytes, little-endian.
 * @throws {OnpathError} `shape` when the elements are not dense; {@linkcode toDense} makes them so.
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

/** The lengths and strides of an image's axes by name; a missing axis has length 1 and stride 0. */
export interface ImageAxes {
  /** Images of the batch, and their distance in elements. */
  readonly images: number;
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** Channels. */
  readonly channels: number;
  /** Distance between images, in elements. */
  readonly imageStride: number;
  /** Distance between rows, in elements. */
  readonly rowStride: number;
  /** Distance between columns, in elements. */
  readonly columnStride: number;
  /** Distance between channels, in elements. */
  readonly channelStride: number;
}

/**
 * Reads an image's axes by name.
 *
 * @param source A tensor whose layout is named.
 * @returns Lengths and strides.
 * @throws {OnpathError} `shape` when the layout is not named.
 */
export function imageAxes(source: Tensor): ImageAxes {
  const { shape, strides } = toLayout(source, "NHWC");
  return {
    images: shape[0]!,
    height: shape[1]!,
    width: shape[2]!,
    channels: shape[3]!,
    imageStride: strides[0]!,
    rowStride: strides[1]!,
    columnStride: strides[2]!,
    channelStride: strides[3]!,
  };
}

/**
 * Refuses a shape that has not one length for each axis of a layout.
 *
 * @throws {OnpathError} `shape` when the number of axes differs.
 */
export function checkAxes(shape: readonly number[], layout: Layout): void {
  if (!LAYOUTS.includes(layout)) {
    throw new OnpathError(
      "shape",
      `Cannot use layout ${shown(layout)}: expected one of ${LAYOUTS.join(", ")}`,
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

/** A value from outside, short enough for a message. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindOf(value);
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

/** Calls back with each element's index in `data` and its place in C order. */
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
