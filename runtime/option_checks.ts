/**
 * Checks of options at the public entries, which callers without types may get wrong.
 *
 * @module
 */

import { isIP } from "node:net";
import { kindOf, OnpathError } from "../serialize/errors.ts";

/** What an option must be. */
type Kind = "address" | "port" | "boolean" | "string" | "function" | "array" | "object";

const EXPECTED: Readonly<Record<Kind, string>> = {
  address: 'an address with an IP address in host and a port, such as { host: "192.0.2.1", port: 4790 }',
  port: "a whole number from 1 to 65535",
  boolean: "true or false",
  string: "a string",
  function: "a function",
  array: "an array",
  object: "an object",
};

/** An option of an entry. It is required where `isRequired` is true. */
export interface OptionCheck {
  readonly kind: Kind;
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
  if (!isObject(options)) {
    throw new OnpathError("size", `Cannot ${what}: the options are ${kindOf(options)}, expected an object`);
  }
  for (const [name, { kind, isRequired = false }] of Object.entries(checks)) {
    const value = options[name];
    if (value === undefined && !isRequired) continue;
    const found = value === undefined || !isKind(kind, value) ? foundOf(kind, value) : undefined;
    if (found === undefined) continue;
    throw new OnpathError("size", `Cannot ${what}: ${name} ${found}, expected ${EXPECTED[kind]}`, { name });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isKind(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case "address":
      return isObject(value) && typeof value["host"] === "string" && isIP(value["host"]) !== 0 &&
        isPort(value["port"], 0);
    case "port":
      return isPort(value, 1);
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "function":
      return typeof value === "function";
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
  }
}

function isPort(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= 65_535;
}

function foundOf(kind: Kind, value: unknown): string {
  if (kind === "address" && isObject(value)) return "has no valid host or port";
  return typeof value === "number" ? `is ${value}` : `is ${kindOf(value)}`;
}
