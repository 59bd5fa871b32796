/**
 * CRC-32C, the checksum of every packet: Castagnoli polynomial 0x1EDC6F41, reflected (RFC 3720, appendix
 * B.4).
 * This file has the portable forms. The fast WebAssembly form is in the {@linkcode Engine}.
 *
 * @module
 */

const REFLECTED = 0x82f63b78;

/** `TABLES[k * 256 + b]`: CRC register after byte `b` and `k` zero bytes. */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ REFLECTED : c >>> 1;
    tables[byte] = c;
  }
  for (let at = 256; at < tables.length; at++) {
    const c = tables[at - 256]!;
    tables[at] = tables[c & 255]! ^ (c >>> 8);
  }
  return tables;
}

/**
 * Copies the tables of the sliced form, for programs outside JavaScript.
 *
 * @returns Eight tables of 256 entries: entry `k * 256 + b` is the CRC register after byte `b` and `k` zero bytes.
 */
export function crc32cTables(): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(TABLES);
}

/**
 * CRC-32C, one byte a step: the reference for the faster forms.
 *
 * @param bytes Message.
 * @param seed CRC of the preceding bytes; 0 at the start.
 * @returns The CRC as an unsigned 32-bit number.
 *
 * @example
 * ```ts
 * import { crc32cPlain } from "./crc32c.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(crc32cPlain(new TextEncoder().encode("123456789")), 0xe3069283);
 * ```
 */
export function crc32cPlain(bytes: Uint8Array, seed = 0): number {
  let c = ~seed;
  for (let i = 0; i < bytes.length; i++) c = TABLES[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}

/**
 * CRC-32C by slicing, eight bytes a step (Kounavis and Berry, 2005).
 * Use it for bytes outside an engine: it is the fastest form without WebAssembly.
 *
 * @param bytes Message.
 * @param seed CRC of the preceding bytes; 0 at the start.
 * @returns The CRC as an unsigned 32-bit number.
 */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const T = TABLES;
  const end8 = bytes.length & ~7;
  let c = ~seed;
  let i = 0;
  for (; i < end8; i += 8) {
    c = T[1792 + ((c ^ bytes[i]!) & 255)]! ^
      T[1536 + (((c >>> 8) ^ bytes[i + 1]!) & 255)]! ^
      T[1280 + (((c >>> 16) ^ bytes[i + 2]!) & 255)]! ^
      T[1024 + ((c >>> 24) ^ bytes[i + 3]!)]! ^
      T[768 + bytes[i + 4]!]! ^ T[512 + bytes[i + 5]!]! ^ T[256 + bytes[i + 6]!]! ^ T[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) c = T[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
}
