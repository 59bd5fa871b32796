/**
 * IPv4 and MAC addresses as texts and numbers.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";

/**
 * Reads an IPv4 address.
 *
 * @param text Such as `192.168.0.5`.
 * @returns Its 32 bits, the first byte highest.
 * @throws {OnpathError} `size` when it is none.
 */
export function parseIp(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) {
    throw invalid("an IPv4 address", text, "192.168.0.5");
  }
  return parts.reduce((value, part) => value * 256 + part, 0);
}

/**
 * Writes an IPv4 address.
 *
 * @param value Its 32 bits, the first byte highest.
 */
export function formatIp(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
}

/**
 * Reads a MAC address.
 *
 * @param text Such as `00:0a:35:02:9d:05`.
 * @returns Its 48 bits, the first byte highest.
 * @throws {OnpathError} `size` when it is none.
 */
export function parseMac(text: string): number {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw invalid("a MAC address", text, "00:0a:35:02:9d:05");
  }
  return parseInt(text.replaceAll(":", ""), 16);
}

/**
 * Writes a MAC address.
 *
 * @param value Its 48 bits, the first byte highest.
 */
export function formatMac(value: number): string {
  return value.toString(16).padStart(12, "0").match(/../g)!.join(":");
}

function invalid(what: string, text: string, example: string): OnpathError {
  return new OnpathError("size", `Cannot use "${text}" as ${what}: expected one such as ${example}`, {
    text,
  });
}
