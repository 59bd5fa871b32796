/**
 * Checks of plain data in a few lines, for code that goes into browsers: zod has 450 KB there. A check returns its
 * first failure, and a {@linkcode Schema} made of it gives `parseWith` the same errors.
 *
 * @module
 */

import type { Schema, SchemaIssue } from "./schema.ts";

/** Path of a field within the value. */
export type Path = readonly PropertyKey[];

/** Check of a value; returns the first failure, or null. */
export type Check = (value: unknown, path: Path) => SchemaIssue | null;

/** Makes a schema of a check. The result is the value itself. */
export function schemaOf<T>(check: Check): Schema<T> {
  return {
    safeParse: (value) => {
      const issue = check(value, []);
      return issue === null
        ? { success: true, data: value as T }
        : { success: false, error: { issues: [issue] } };
    },
  };
}

/** Checks by a function; `message` says what was expected. */
export function test(holds: (value: unknown) => boolean, message: string): Check {
  return (value, path) => holds(value) ? null : { path, message };
}

/** Integer from `min` to `max`. */
export function integer(min: number, max: number): Check {
  return test(
    (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    `expected an integer from ${min} to ${max}`,
  );
}

/** Number from `min` to `max`. */
export function number(min: number, max: number): Check {
  return test(
    (value) => typeof value === "number" && value >= min && value <= max,
    `expected a number from ${min} to ${max}`,
  );
}

/** Boolean. */
export const flag: Check = test((value) => typeof value === "boolean", "expected true or false");

/** Well-formed text of `min` to `max` UTF-16 units. */
export function text(max: number, min = 0): Check {
  return both(
    test(
      (value) => typeof value === "string" && value.length >= min && value.length <= max,
      `expected text of ${min} to ${max} characters`,
    ),
    test((value) => (value as string).isWellFormed(), "is not well-formed Unicode"),
  );
}

/** One of some values. */
export function oneOf(...values: readonly (string | boolean)[]): Check {
  return test((value) => values.includes(value as string), `expected ${values.join(" or ")}`);
}

/** Null, or what another check takes. */
export function nullable(check: Check): Check {
  return (value, path) => value === null ? null : check(value, path);
}

/** Undefined, or what another check takes. */
export function optional(check: Check): Check {
  return (value, path) => value === undefined ? null : check(value, path);
}

/** Both checks, in their order. */
export function both(first: Check, second: Check): Check {
  return (value, path) => first(value, path) ?? second(value, path);
}

/** List of at most `max` items; the length is checked first. */
export function list(item: Check, max: number): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > max) {
      return { path, message: `expected a list of at most ${max} items` };
    }
    for (const [at, each] of value.entries()) {
      const issue = item(each, [...path, at]);
      if (issue !== null) return issue;
    }
    return null;
  };
}

/** Object with these fields and no others. */
export function record(fields: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return { path, message: "expected an object" };
    }
    const other = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
    if (other !== undefined) return { path, message: `unrecognized key: ${JSON.stringify(other)}` };
    for (const [key, check] of Object.entries(fields)) {
      const field = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      const issue = check(field, [...path, key]);
      if (issue !== null) return issue;
    }
    return null;
  };
}

/** Object that one of several checks takes, chosen by one of its fields. */
export function variant(key: string, checks: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    const name = typeof value === "object" && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined;
    return typeof name === "string" && Object.hasOwn(checks, name)
      ? checks[name]!(value, path)
      : { path: [...path, key], message: `expected ${Object.keys(checks).join(", ")}` };
  };
}
