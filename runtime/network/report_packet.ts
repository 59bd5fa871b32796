/**
 * Report: the datagram in which a receiver acknowledges requests to the sender, or a NIC names the requests of a
 * sequential flow that it holds.
 *
 * | byte | size | field |
 * |---|---|---|
 * | 0 | u32 | magic 0x5250_4E4F, the letters `ONPR` |
 * | 4 | u8 | version, 1 |
 * | 5 | u8 | kind: 0 from a receiver, 1 from a NIC |
 * | 6 | u16 | bytes of the bitmap, at most {@linkcode MAX_BITMAP_BYTES} |
 * | 8 | u32 | flow |
 * | 12 | u32 | first request whose answers have not all arrived; of a NIC, first request that it lacks |
 * | 16 | u32 | CRC-32C of the report with this field zero |
 * | 20 | | bitmap: bit n is set if all answers to request first + n have arrived, or the NIC holds it |
 *
 * All numbers are little-endian.
 *
 * @module
 */

import { crc32c } from "../../serialize/crc32c.ts";

const MAGIC = 0x5250_4e4f;
const VERSION = 1;
const HEAD_BYTES = 20;
const KINDS: readonly ReportKind[] = ["arrived", "held"];

/** Maximum bytes of a bitmap: 2,048 requests. */
export const MAX_BITMAP_BYTES = 256;

/** Who sends a report. `arrived`: a receiver. `held`: a NIC. */
export type ReportKind = "arrived" | "held";

/** Contents of a report. */
export interface Report {
  /** What the bitmap says. */
  readonly kind: ReportKind;
  /** Flow number. */
  readonly flow: number;
  /** First request whose answers have not all arrived, or that the NIC lacks. */
  readonly first: number;
  /** Bit n is set if all answers to request `first` + n have arrived, or the NIC holds it. */
  readonly bitmap: Uint8Array;
}

/** Reason why a datagram is no report. `magic`: it is something else. */
export type ReportRefusal = "magic" | "version" | "kind" | "truncated" | "length" | "crc";

/** Encodes a report. `kind` is `arrived` by default. */
export function encodeReport(
  { kind = "arrived", flow, first, bitmap }: Omit<Report, "kind"> & Partial<Pick<Report, "kind">>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_BYTES + bitmap.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  bytes[4] = VERSION;
  bytes[5] = KINDS.indexOf(kind);
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

/** Whether a report says that it comes from a NIC, before any check. */
export function isHeldReport(bytes: Uint8Array): boolean {
  return bytes[5] === KINDS.indexOf("held");
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
  const kind = KINDS[bytes[5]!];
  if (kind === undefined) return "kind";
  const length = view.getUint16(6, true);
  if (length > MAX_BITMAP_BYTES) return "length";
  if (bytes.length !== HEAD_BYTES + length) {
    return bytes.length < HEAD_BYTES + length ? "truncated" : "length";
  }
  const crc = crc32c(bytes.subarray(HEAD_BYTES), crc32c(ZERO, crc32c(bytes.subarray(0, 16))));
  if (crc !== view.getUint32(16, true)) return "crc";
  return {
    kind,
    flow: view.getUint32(8, true),
    first: view.getUint32(12, true),
    bitmap: bytes.subarray(HEAD_BYTES),
  };
}

const ZERO = new Uint8Array(4);
