/**
 * Conversion of IPv4 and MAC addresses between text and numbers.
 *
 * @module
 */

import { OnpathError } from "../../../../serialize/errors.ts";

/**
 * Parses an IPv4 address.
 *
 * @param text Address such as `192.168.0.5`.
 * @returns 32-bit number; the first byte is the most significant.
 * @throws {OnpathError} `size` when the text is invalid.
 */
export function parseIp(text: string): number {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) {
    throw invalid("an IPv4 address", text, "192.168.0.5");
  }
  return parts.reduce((value, part) => value * 256 + part, 0);
}

/**
 * Formats an IPv4 address.
 *
 * @param value 32-bit number; the first byte is the most significant.
 */
export function formatIp(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
}

/**
 * Parses a MAC address.
 *
 * @param text Address such as `00:0a:35:02:9d:05`.
 * @returns 48-bit number; the first byte is the most significant.
 * @throws {OnpathError} `size` when the text is invalid.
 */
export function parseMac(text: string): number {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw invalid("a MAC address", text, "00:0a:35:02:9d:05");
  }
  return parseInt(text.replaceAll(":", ""), 16);
}

/**
 * Formats a MAC address.
 *
 * @param value 48-bit number; the first byte is the most significant.
 */
export function formatMac(value: number): string {
  return value.toString(16).padStart(12, "0").match(/../g)!.join(":");
}

function invalid(what: string, text: string, example: string): OnpathError {
  return new OnpathError("size", `Cannot use "${text}" as ${what}: expected one such as ${example}`, {
    text,
  });
}
