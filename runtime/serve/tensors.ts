/**
 * Tensors of the Open Inference Protocol: a name, a datatype, a shape, and elements in C order.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Arrays of elements by datatype. `FP16` and `BF16` are bit patterns. */
export interface DatatypeArrays {
  /** True as 1, false as 0. */
  readonly BOOL: Uint8Array;
  /** Unsigned, 8 bits. */
  readonly UINT8: Uint8Array;
  /** Signed, 8 bits. */
  readonly INT8: Int8Array;
  /** Unsigned, 16 bits. */
  readonly UINT16: Uint16Array;
  /** Unsigned, 32 bits. */
  readonly UINT32: Uint32Array;
  /** Signed, 32 bits. */
  readonly INT32: Int32Array;
  /** Unsigned, 64 bits. */
  readonly UINT64: BigUint64Array;
  /** Signed, 64 bits. */
  readonly INT64: BigInt64Array;
  /** IEEE 754 binary16, as bit patterns. */
  readonly FP16: Uint16Array;
  /** Upper half of binary32, as bit patterns. */
  readonly BF16: Uint16Array;
  /** IEEE 754 binary32. */
  readonly FP32: Float32Array;
  /** IEEE 754 binary64. */
  readonly FP64: Float64Array;
  /** Strings of bytes, such as texts or encoded images. */
  readonly BYTES: readonly Uint8Array[];
}

/** Datatypes of the protocol, and `BF16` of Triton. */
export type Datatype = keyof DatatypeArrays;

/** Datatypes whose elements have one size. */
export type FixedDatatype = Exclude<Datatype, "BYTES">;

/** Bytes of an element, and the class that holds elements. */
export const FIXED: {
  readonly [D in FixedDatatype]: {
    readonly bytes: number;
    readonly view: (buffer: ArrayBufferLike, offset: number, length: number) => DatatypeArrays[D];
  };
} = {
  BOOL: { bytes: 1, view: (...place) => new Uint8Array(...place) },
  UINT8: { bytes: 1, view: (...place) => new Uint8Array(...place) },
  INT8: { bytes: 1, view: (...place) => new Int8Array(...place) },
  UINT16: { bytes: 2, view: (...place) => new Uint16Array(...place) },
  UINT32: { bytes: 4, view: (...place) => new Uint32Array(...place) },
  INT32: { bytes: 4, view: (...place) => new Int32Array(...place) },
  UINT64: { bytes: 8, view: (...place) => new BigUint64Array(...place) },
  INT64: { bytes: 8, view: (...place) => new BigInt64Array(...place) },
  FP16: { bytes: 2, view: (...place) => new Uint16Array(...place) },
  BF16: { bytes: 2, view: (...place) => new Uint16Array(...place) },
  FP32: { bytes: 4, view: (...place) => new Float32Array(...place) },
  FP64: { bytes: 8, view: (...place) => new Float64Array(...place) },
};

/** All datatypes, in a fixed order. */
export const DATATYPES: readonly Datatype[] = [...Object.keys(FIXED) as FixedDatatype[], "BYTES"];

/** Datatype of each element type of the library. */
export const DATATYPE_OF: Readonly<Record<DType, FixedDatatype>> = {
  u8: "UINT8",
  i8: "INT8",
  u16: "UINT16",
  u32: "UINT32",
  i32: "INT32",
  f16: "FP16",
  bf16: "BF16",
  f32: "FP32",
};

/** Tensor of a request or a response. */
export type InferenceTensor = {
  readonly [D in Datatype]: {
    /** Name of the input or output. */
    readonly name: string;
    /** Type of the elements. */
    readonly datatype: D;
    /** Number of elements along each axis. */
    readonly shape: readonly number[];
    /** Elements in C order. */
    readonly data: DatatypeArrays[D];
  };
}[Datatype];

/** Maximum axes of a tensor. */
export const MAX_AXES = 8;

/** Maximum elements of a tensor: 2^28. */
export const MAX_TENSOR_ELEMENTS: number = 2 ** 28;

/** Maximum elements of a tensor of `BYTES`. */
export const MAX_STRINGS = 65_536;

/**
 * Counts the elements of a shape from outside.
 *
 * @param name Name of the tensor, for messages.
 * @param datatype Its datatype.
 * @param shape Lengths of its axes.
 * @throws {OnpathError} `size` if an axis is no whole number, or the tensor exceeds its limits.
 */
export function countTensor(name: string, datatype: Datatype, shape: readonly number[]): number {
  const most = datatype === "BYTES" ? MAX_STRINGS : MAX_TENSOR_ELEMENTS;
  let count = 1;
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0 || length > MAX_TENSOR_ELEMENTS) count = NaN;
    count *= length;
  }
  if (shape.length <= MAX_AXES && count <= most) return count;
  throw new OnpathError(
    "size",
    `Cannot use tensor ${name} of shape [${
      shape.slice(0, MAX_AXES).join(", ")
    }]: expected at most ${MAX_AXES} axes and ${most} elements`,
    { tensor: name, axes: shape.length, most },
  );
}

/**
 * Counts the strings of an input: `[N]`, or `[N, 1]` as Triton's clients batch them.
 *
 * @throws {OnpathError} `shape` if the shape is another, or there is no string.
 */
export function countStrings(name: string, shape: readonly number[]): number {
  const [count = 0, one = 1, ...rest] = shape;
  if (count > 0 && one === 1 && rest.length === 0) return count;
  throw new OnpathError(
    "shape",
    `Cannot use input ${name} of shape [${shape.join(", ")}]: expected [N] or [N, 1]`,
    { input: name, found: shape },
  );
}

/** Creates the error of an element or a size that does not match its datatype. */
export function badTensor(name: string, reason: string, details: Record<string, unknown> = {}): OnpathError {
  return new OnpathError("dtype", `Cannot read tensor ${name}: ${reason}`, { tensor: name, ...details });
}
