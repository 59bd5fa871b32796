/**
 * Addresses of hosts: an IP address and a port.
 *
 * @module
 */

import { isIP } from "node:net";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { isObject } from "../../serialize/require.ts";
import { isPort, type OptionKind } from "../option_checks.ts";

/** IP address and port. */
export interface Address {
  /** IPv4 or IPv6 address in text form, without brackets. */
  readonly host: string;
  /** Port; 0 where the operating system chooses one. */
  readonly port: number;
}

/** Address of this machine alone. */
export const LOOPBACK = "127.0.0.1";

/**
 * Parses an address.
 *
 * @param text `192.0.2.1:4790`, `[2001:db8::1]:4790`, or a port alone for loopback.
 * @throws {OnpathError} `size` if the text is no IP address with a port.
 *
 * @example
 * ```ts
 * import { parseAddress } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseAddress("[::1]:4790"), { host: "::1", port: 4790 });
 * assert.deepEqual(parseAddress("4790"), { host: "127.0.0.1", port: 4790 });
 * ```
 */
export function parseAddress(text: string): Address {
  const found = typeof text === "string" ? /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d{1,5})$/.exec(text) : null;
  const host = found?.[1] ?? found?.[2] ?? LOOPBACK;
  const port = Number(found?.[3]);
  const family = found?.[1] !== undefined ? 6 : 4;
  if (found !== null && port <= 65535 && isIP(host) === family) return { host, port };
  const shown = typeof text === "string" ? JSON.stringify(text.slice(0, 60)) : kindOf(text);
  throw new OnpathError(
    "size",
    `Cannot use address ${shown}: expected an IP address and a port, such as 192.0.2.1:4790 or [2001:db8::1]:4790`,
    { address: shown },
  );
}

/** Formats an address as {@linkcode parseAddress} reads it. */
export function formatAddress(address: Address): string {
  const { host, port } = Object(address) as Address;
  if (typeof host !== "string") {
    throw new OnpathError("size", `Cannot format an address: its host is ${kindOf(host)}, expected a string`);
  }
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Removes the prefix of an IPv4 address that is mapped into IPv6. */
export function plainHost(host: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(host) ? host.slice(7) : host;
}

/** Whether two addresses are equal. */
export function sameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host === b.host;
}

/** Options that are addresses. */
export const ADDRESS_OPTION: OptionKind = {
  expected: 'an address with an IP address in host and a port, such as { host: "192.0.2.1", port: 4790 }',
  accepts: (value) =>
    isObject(value) && typeof value["host"] === "string" && isIP(value["host"]) !== 0 &&
    isPort(value["port"], 0),
  wrongObject: "has no valid host or port",
};
