/**
 * Elements of tensors as JSON arrays, nested or flat.
 *
 * @module
 */

import { named } from "../../serialize/excerpt.ts";
import { fromBFloat16Bits, fromFloat16Bits, toBFloat16Bits, toFloat16Bits } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { badTensor, type Datatype, FIXED, type FixedDatatype, type InferenceTensor } from "./tensors.ts";

/** Description of a tensor whose elements follow. */
export interface TensorHead {
  /** Name of the input or output. */
  readonly name: string;
  /** Type of the elements. */
  readonly datatype: Datatype;
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** Product of the lengths. */
  readonly count: number;
}

/** Smallest and greatest values of the integers. */
const RANGES = {
  UINT8: [0, 2 ** 8 - 1],
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
  // JSON.parse() rounds greater numbers.
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const;

/** Conversions of the floats: element to number, and number to element. */
const FLOATS = {
  FP16: { bits: toFloat16Bits, value: fromFloat16Bits },
  BF16: { bits: toBFloat16Bits, value: fromBFloat16Bits },
  FP32: { bits: Math.fround, value: (value: number) => value },
  FP64: { bits: (value: number) => value, value: (value: number) => value },
} as const;

/** Base64 with or without padding. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Reads the elements of a tensor.
 *
 * @param head Tensor without its elements.
 * @param data Parsed JSON: a flat array, or arrays nested as the shape.
 * @param isBase64 Whether strings of `BYTES` are base64. Otherwise they become UTF-8.
 * @throws {OnpathError} `shape` if the number of elements differs; `dtype` if an element is not of the datatype.
 */
export function readJsonTensor(head: TensorHead, data: unknown, isBase64: boolean): InferenceTensor {
  const { name, datatype, shape, count } = head;
  if (!Array.isArray(data)) {
    throw badTensor(name, "its data is missing, expected an array or binary_data_size");
  }
  const flat = !Array.isArray(data[0]) && shape.length !== 0;
  if (flat && data.length !== count) throw wrongCount(head, data.length);
  const values = flat ? data : flatten(head, data);
  if (datatype === "BYTES") {
    return { name, datatype, shape, data: values.map((value, at) => bytesOf(name, value, at, isBase64)) };
  }
  const tensor = { name, datatype, shape, data: newElements(datatype, count) } as InferenceTensor;
  fill(tensor, values);
  return tensor;
}

/**
 * Writes the elements of a tensor as a flat JSON array.
 *
 * @param tensor Tensor.
 * @returns JSON text.
 * @throws {OnpathError} `dtype` if a value has no JSON: infinity, NaN, or bytes that are not UTF-8.
 */
export function writeJsonTensor(tensor: InferenceTensor): string {
  switch (tensor.datatype) {
    case "BYTES":
      return JSON.stringify(tensor.data.map((bytes) => textOf(tensor.name, bytes)));
    case "FP16":
    case "BF16":
    case "FP32":
    case "FP64": {
      const { value } = FLOATS[tensor.datatype];
      return `[${
        Array.from(tensor.data, (bits, at) => {
          const number = value(bits);
          if (Number.isFinite(number)) return number;
          throw noJson(tensor.name, `element ${at} is ${number}`);
        }).join(",")
      }]`;
    }
    case "BOOL":
      return JSON.stringify(Array.from(tensor.data, (bit) => bit !== 0));
    default:
      return `[${tensor.data.join(",")}]`;
  }
}

/** Flattens arrays that are nested as the shape. */
function flatten(head: TensorHead, data: readonly unknown[]): unknown[] {
  const values: unknown[] = [];
  const { shape } = head;
  const visit = (part: unknown, axis: number): void => {
    if (axis === shape.length) {
      values.push(part);
      return;
    }
    if (!Array.isArray(part) || part.length !== shape[axis]) {
      const found = Array.isArray(part) ? `${part.length} elements` : "no array";
      throw new OnpathError(
        "shape",
        `Cannot read tensor ${head.name} of shape [${
          shape.join(", ")
        }]: axis ${axis} has ${found}, expected ${shape[axis]}`,
        { tensor: head.name, shape, axis },
      );
    }
    for (const each of part) visit(each, axis + 1);
  };
  // A scalar is an array of one element.
  if (shape.length === 0) {
    return data.length === 1 ? [...data] : (() => {
      throw wrongCount(head, data.length);
    })();
  }
  visit(data, 0);
  return values;
}

function newElements(datatype: FixedDatatype, count: number) {
  const { bytes, view } = FIXED[datatype];
  return view(new ArrayBuffer(count * bytes), 0, count);
}

function fill(tensor: InferenceTensor, values: readonly unknown[]): void {
  const { name, datatype } = tensor;
  const refuse = (value: unknown, at: number): never => {
    throw badTensor(name, `element ${at} is ${named(value)}, expected ${datatype}`, { element: at });
  };
  switch (datatype) {
    case "BYTES":
      return;
    case "BOOL":
      for (let at = 0; at < values.length; at++) {
        const value = values[at];
        tensor.data[at] = typeof value === "boolean" ? Number(value) : refuse(value, at);
      }
      return;
    case "FP16":
    case "BF16":
    case "FP32":
    case "FP64": {
      const { bits, value: back } = FLOATS[datatype];
      for (let at = 0; at < values.length; at++) {
        const value = values[at];
        const element = typeof value === "number" ? bits(value) : refuse(value, at);
        // A finite number that rounds to infinity is outside the datatype.
        if (!Number.isFinite(back(element))) refuse(value, at);
        tensor.data[at] = element;
      }
      return;
    }
    default: {
      const [least, most] = RANGES[datatype];
      const isInRange = (value: unknown): value is number =>
        Number.isInteger(value) && value as number >= least && value as number <= most;
      for (let at = 0; at < values.length; at++) {
        const value = values[at];
        const number = isInRange(value) ? value : refuse(value, at);
        if (datatype === "INT64" || datatype === "UINT64") tensor.data[at] = BigInt(number);
        else tensor.data[at] = number;
      }
    }
  }
}

function bytesOf(name: string, value: unknown, at: number, isBase64: boolean): Uint8Array {
  if (typeof value !== "string") {
    throw badTensor(name, `element ${at} is ${named(value)}, expected a string`, { element: at });
  }
  if (!isBase64) return new TextEncoder().encode(value);
  if (!BASE64.test(value)) throw badTensor(name, `element ${at} is not base64`, { element: at });
  try {
    return Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
  } catch (cause) {
    throw new OnpathError("dtype", `Cannot read tensor ${name}: element ${at} is not base64`, {
      tensor: name,
      element: at,
    }, { cause });
  }
}

function textOf(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw noJson(name, "its bytes are not UTF-8", cause);
  }
}

function noJson(name: string, reason: string, cause?: unknown): OnpathError {
  return new OnpathError(
    "dtype",
    `Cannot write tensor ${name} as JSON: ${reason}; request it as binary data`,
    { tensor: name },
    { cause },
  );
}

function wrongCount({ name, shape, count }: TensorHead, found: number): OnpathError {
  return new OnpathError(
    "shape",
    `Cannot read tensor ${name} of shape [${shape.join(", ")}]: it has ${found} elements, expected ${count}`,
    { tensor: name, shape, expected: count, found },
  );
}
