/**
 * Checks of arguments at the public entries, which callers without types may get wrong.
 *
 * @module
 */

import { type ErrorCode, kindOf, OnpathError } from "./errors.ts";
import type { Tensor } from "./tensor.ts";

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
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return;
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
  const { data, shape, strides } = Object(value) as Partial<Tensor>;
  if (ArrayBuffer.isView(data) && Array.isArray(shape) && Array.isArray(strides)) return;
  throw new OnpathError(
    "dtype",
    `Cannot ${what} a tensor that is ${kindOf(value)}: expected what tensor() makes`,
    { found: kindOf(value) },
  );
}

/** A value from outside, short enough for a message. */
export function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindOf(value);
}
