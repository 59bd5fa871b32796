/**
 * What the house asks of a schema. zod's schemas are such; nothing else of zod is in the public face.
 *
 * @module
 */

import { excerpt } from "./excerpt.ts";
import { type ErrorCode, OnpathError } from "../serialize/errors.ts";

/** Failed checks that an error lists, at most. */
const MAX_ISSUES = 32;

/** Characters of one of their messages, at most. */
const MAX_MESSAGE = 300;

/** One failed check. */
export interface SchemaIssue {
  /** Where in the value. */
  readonly path: readonly PropertyKey[];
  /** What was expected. */
  readonly message: string;
}

/** Checks a value from outside. */
export interface Schema<T> {
  /** Checks without throwing; fills in defaults. */
  readonly safeParse: (value: unknown) =>
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly SchemaIssue[] } };
}

/**
 * Checks a value against a schema.
 *
 * @param schema The schema.
 * @param value Anything.
 * @param code The error's code.
 * @param where What the value is, as the message names it.
 * @returns The value with its defaults.
 * @throws {OnpathError} With the first failure in the message and the first 32 in the details.
 */
export function parseWith<T>(schema: Schema<T>, value: unknown, code: ErrorCode, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: [where, ...path.map((part) => excerpt(String(part)))].join("."),
    message: message.length > MAX_MESSAGE
      ? `${message.charAt(0).toLowerCase()}${message.slice(1, MAX_MESSAGE)}…`.toWellFormed()
      : message.charAt(0).toLowerCase() + message.slice(1),
  }));
  const { path, message } = issues[0]!;
  throw new OnpathError(code, `Cannot read ${path}: ${message}`, { issues });
}
