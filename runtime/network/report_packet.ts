/**
 * Report: the datagram in which a receiver acknowledges requests to the sender.
 *
 * | byte | size | field |
 * |---|---|---|
 * | 0 | u32 | magic 0x5250_4E4F, the letters `ONPR` |
 * | 4 | u8 | version, 1 |
 * | 5 | u8 | zero |
 * | 6 | u16 | bytes of the bitmap, at most {@linkcode MAX_BITMAP_BYTES} |
 * | 8 | u32 | flow |
 * | 12 | u32 | first request whose answers have not all arrived |
 * | 16 | u32 | CRC-32C of the report with this field zero |
 * | 20 | | bitmap: bit n is set if all answers to request first + n have arrived |
 *
 * All numbers are little-endian.
 *
 * @module
 */

import { crc32c } from "../../serialize/crc32c.ts";

const MAGIC = 0x5250_4e4f;
const VERSION = 1;
const HEAD_BYTES = 20;

/** Maximum bytes of a bitmap: 2,048 requests. */
export const MAX_BITMAP_BYTES = 256;

/** Contents of a report. */
export interface Report {
  /** Flow number. */
  readonly flow: number;
  /** First request whose answers have not all arrived. */
  readonly first: number;
  /** Bit n is set if all answers to request `first` + n have arrived. */
  readonly bitmap: Uint8Array;
}

/** Reason why a datagram is no report. `magic`: it is something else. */
export type ReportRefusal = "magic" | "version" | "reserved" | "truncated" | "length" | "crc";

/** Encodes a report. */
export function encodeReport({ flow, first, bitmap }: Report): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + bitmap.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  bytes[4] = VERSION;
  view.setUint16(6, bitmap.length, true);
  view.setUint32(8, flow, true);
  view.setUint32(12, first, true);
  bytes.set(bitmap, HEAD_BYTES);
  view.setUint32(16, crc32c(bytes), true);
  return bytes;
}

/** Flow that a report names, before any check; -1 if the bytes are too few. */
export function reportFlow(bytes: Uint8Array): number {
  if (bytes.length < HEAD_BYTES) return -1;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
}

/**
 * Decodes a report.
 *
 * @returns The report, which views the bytes, or the check that failed.
 */
export function decodeReport(bytes: Uint8Array): Report | ReportRefusal {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEAD_BYTES) return "truncated";
  if (view.getUint32(0, true) !== MAGIC) return "magic";
  if (bytes[4] !== VERSION) return "version";
  if (bytes[5] !== 0) return "reserved";
  const length = view.getUint16(6, true);
  if (length > MAX_BITMAP_BYTES) return "length";
  if (bytes.length !== HEAD_BYTES + length) {
    return bytes.length < HEAD_BYTES + length ? "truncated" : "length";
  }
  const crc = crc32c(bytes.subarray(HEAD_BYTES), crc32c(ZERO, crc32c(bytes.subarray(0, 16))));
  if (crc !== view.getUint32(16, true)) return "crc";
  return {
    flow: view.getUint32(8, true),
    first: view.getUint32(12, true),
    bitmap: bytes.subarray(HEAD_BYTES),
  };
}

const ZERO = new Uint8Array(4);
