/**
 * Checks of arguments at the public entries, which callers without types may get wrong.
 *
 * @module
 */

import { type ErrorCode, kindOf, OnpathError } from "./errors.ts";

/** Fields of a tensor that the checks read; `tensor.ts` itself uses the checks. */
interface TensorFields {
  readonly data: ArrayBufferView & { readonly length: number };
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Whether a value from outside is an object and no array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Checks that a value from outside is an object.
 *
 * @param what Action for the message, such as `open a device`.
 * @param subject Value in the message, with its verb, such as `the options are`.
 * @param value Value from outside. None of its fields is read.
 * @param code Code of the error.
 * @throws {OnpathError} `code` if it is not an object.
 */
export function requireObject(
  what: string,
  subject: string,
  value: unknown,
  code: ErrorCode = "size",
): void {
  if (isObject(value)) return;
  throw new OnpathError(code, `Cannot ${what}: ${subject} ${kindOf(value)}, expected an object`, {
    found: kindOf(value),
  });
}

/**
 * Checks that a value from outside has the fields of a tensor. Their contents are those of `tensor()`.
 *
 * @param what Action for the message, such as `slice`.
 * @param value Value from outside.
 * @throws {OnpathError} `dtype` if it does not.
 */
export function requireTensor(what: string, value: unknown): void {
  const { data, shape, strides } = Object(value) as Partial<TensorFields>;
  if (ArrayBuffer.isView(data) && Array.isArray(shape) && Array.isArray(strides)) return;
  throw new OnpathError(
    "dtype",
    `Cannot ${what} a tensor that is ${kindOf(value)}: expected what tensor() makes`,
    { found: kindOf(value) },
  );
}

/**
 * Checks that the elements of a tensor lie in its data. They do not if its buffer was transferred or shrunk, or its
 * fields were made by hand; reads beyond the data would give zeros.
 *
 * @param intent Action for the message, such as `run plan 5 on`.
 * @param tensor Tensor, whose fields are there.
 * @throws {OnpathError} `shape` if they do not.
 */
export function requireElements(intent: string, { data, shape, strides, offset }: TensorFields): void {
  let first = offset, last = offset;
  let isWhole = Number.isInteger(offset) && shape.length === strides.length;
  for (const [axis, length] of shape.entries()) {
    const stride = strides[axis]!;
    isWhole &&= Number.isInteger(length) && Number.isInteger(stride);
    if (stride < 0) first += (length - 1) * stride;
    else last += (length - 1) * stride;
  }
  if (isWhole && (shape.includes(0) || (first >= 0 && last < data.length))) return;
  throw new OnpathError(
    "shape",
    `Cannot ${intent} a tensor whose elements lie outside its data: its buffer was transferred or shrunk, or its ` +
      `strides or offset are invalid`,
    { elements: data.length },
  );
}
