/**
 * Checks of options at the public entries, which callers without types may get wrong.
 *
 * @module
 */

import { kindOf, OnpathError } from "../serialize/errors.ts";
import { isObject, requireObject } from "../serialize/require.ts";

/** A kind of value that an option must have. */
export interface OptionKind {
  /** What is expected, for the message. */
  readonly expected: string;
  /** Whether a value is of the kind. */
  readonly accepts: (value: unknown) => boolean;
  /** What is wrong with an object that is not, for the message; by default its type is named. */
  readonly wrongObject?: string;
}

/** Kinds by name. */
const KINDS = {
  port: { expected: "a whole number from 1 to 65535", accepts: (value) => isPort(value, 1) },
  boolean: { expected: "true or false", accepts: (value) => typeof value === "boolean" },
  string: { expected: "a string", accepts: (value) => typeof value === "string" },
  function: { expected: "a function", accepts: (value) => typeof value === "function" },
  array: { expected: "an array", accepts: Array.isArray },
  object: { expected: "an object", accepts: isObject },
} as const satisfies Readonly<Record<string, OptionKind>>;

/** An option of an entry. It is required where `isRequired` is true. */
export interface OptionCheck {
  readonly kind: keyof typeof KINDS | OptionKind;
  readonly isRequired?: boolean;
}

/**
 * Checks options.
 *
 * @param what Action for the message, such as `open a sender`.
 * @param options Options that were given.
 * @param checks Options by name. Others are not looked at.
 * @throws {OnpathError} `size` with the first option that is missing or wrong, and what is expected. No value of an
 * option is part of the message.
 */
export function checkOptions(
  what: string,
  options: unknown,
  checks: Readonly<Record<string, OptionCheck>>,
): void {
  requireObject(what, "the options are", options);
  const given = options as Readonly<Record<string, unknown>>;
  for (const [name, { kind, isRequired = false }] of Object.entries(checks)) {
    const value = given[name];
    if (value === undefined && !isRequired) continue;
    const known: OptionKind = typeof kind === "string" ? KINDS[kind] : kind;
    if (value !== undefined && known.accepts(value)) continue;
    throw new OnpathError(
      "size",
      `Cannot ${what}: ${name} ${foundOf(known, value)}, expected ${known.expected}`,
      { name },
    );
  }
}

/** Whether a value is a port from `least` on. */
export function isPort(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= 65_535;
}

function foundOf({ wrongObject }: OptionKind, value: unknown): string {
  if (wrongObject !== undefined && isObject(value)) return wrongObject;
  return typeof value === "number" ? `is ${value}` : `is ${kindOf(value)}`;
}
