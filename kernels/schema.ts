/**
 * The schema interface. zod's schemas implement it. Nothing else of zod is public.
 *
 * @module
 */

import { excerpt } from "../serialize/excerpt.ts";
import { type ErrorCode, OnpathError } from "../serialize/errors.ts";

/** Maximum failed checks listed in an error. */
const MAX_ISSUES = 32;

/** Maximum characters of one failed check's message. */
const MAX_MESSAGE = 300;

/** One failed check. */
export interface SchemaIssue {
  /** Path of the invalid field within the value. */
  readonly path: readonly PropertyKey[];
  /** Expectation that the field failed. */
  readonly message: string;
}

/** Schema that checks an outside value. */
export interface Schema<T> {
  /** Checks a value and fills in defaults. Does not throw. */
  readonly safeParse: (value: unknown) =>
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly SchemaIssue[] } };
}

/**
 * Checks a value against a schema.
 *
 * @param schema Schema of the expected type.
 * @param value Any value.
 * @param code Error code on failure.
 * @param where Name of the value in the message.
 * @returns Value with its defaults.
 * @throws {OnpathError} The first failure is in the message, and the first 32 are in the details.
 *
 * @example
 * ```ts
 * import { parseWith } from "onpath/kernels";
 * import assert from "node:assert/strict";
 * import { z } from "zod";
 *
 * const schema = z.strictObject({ size: z.number() });
 * assert.throws(() => parseWith(schema, { size: "8" }, "pipeline", "steps.0"), /Cannot read steps\.0\.size/);
 * ```
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
