/**
 * Tables as the words of a kernel's stream `s_axis_table` of 64 bits, as VNx's mover sends a buffer of them in network
 * mode.
 *
 * @module
 */

import { checkInteger } from "../../serialize/errors.ts";
import type { TableImage } from "../program.ts";

/** Unit of VNx's mover in bytes. A word of zeros is a table of no entries, so padding changes nothing. */
export const STREAM_UNIT = 64;

/** Bytes of a word of the stream. */
const WORD = 8;

/**
 * Writes tables as a buffer for VNx's mover: for each a command, then an entry a word, all little-endian.
 *
 * @param tables Tables of a kernel image.
 * @returns The bytes, a multiple of {@linkcode STREAM_UNIT}.
 */
export function tableStream(tables: readonly TableImage[]): Uint8Array<ArrayBuffer> {
  const words = tables.reduce((sum, { entries }) => sum + 1 + entries.length, 0);
  const bytes = new Uint8Array(Math.ceil(WORD * words / STREAM_UNIT) * STREAM_UNIT);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const put = (low: number, high: number) => {
    view.setUint32(at, low, true);
    view.setUint32(at + 4, high, true);
    at += WORD;
  };
  for (const { table, entries } of tables) {
    put(checkInteger("table", table, 0, 15) * 65536, entries.length);
    for (let n = 0; n < entries.length; n++) put(entries[n]! % 2 ** 32, Math.floor(entries[n]! / 2 ** 32));
  }
  return bytes;
}
