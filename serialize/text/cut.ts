/**
 * Cut of a text into packets: consecutive ones, or overlapping chunks.
 *
 * With a payload P and an overlap V, let P' be P − 3 if V is 3 or more, otherwise P. Let C = P' − V.
 * Chunk k ends at k·C + P'. It begins at k·C, moved back by at most 3 bytes to the start of the character
 * there. So no chunk is longer than P.
 * With V = 0, chunks are adjacent and may split a character.
 *
 * @module
 */

import { checkInteger } from "../errors.ts";
import { MAX_PAYLOAD } from "../header.ts";

/** Cut of a text into packets. Plain data. */
export interface TextCut {
  /** Longest payload in bytes. */
  readonly payload: number;
  /**
   * Minimum bytes that a chunk shares with the previous one; 0 for adjacent chunks. Below 3, chunks may start
   * inside a character.
   */
  readonly overlap: number;
}

/** Maximum bytes of a UTF-8 character before its last byte. */
const BACK = 3;

/**
 * Returns the overlap that a payload allows: at most half of the bytes left after 3 are reserved for whole
 * characters.
 * An overlap below 3 becomes 0, because chunks could not start with a whole character.
 *
 * @param payload Longest payload in bytes, 1 to {@linkcode MAX_PAYLOAD}.
 * @param requested Requested overlap in bytes.
 * @returns Overlap for a {@linkcode TextCut}, in bytes.
 *
 * @example
 * ```ts
 * import { overlapFor } from "./cut.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([1344, 32, 7].map((payload) => overlapFor(payload, 32)), [32, 14, 0]);
 * ```
 */
export function overlapFor(payload: number, requested: number): number {
  checkInteger("payload bytes", payload, 1, MAX_PAYLOAD);
  const overlap = Math.min(requested, Math.floor((payload - BACK) / 2));
  return overlap < BACK ? 0 : overlap;
}

/** Bytes that a chunk covers from its nominal start: P'. */
function reach({ payload, overlap }: TextCut): number {
  return overlap >= BACK ? payload - BACK : payload;
}

/**
 * Number of chunks of a text.
 *
 * @param length Length of the text in bytes.
 * @param cut Cut of the text.
 * @returns At least 1, also for an empty text.
 */
export function chunkCount(length: number, cut: TextCut): number {
  const step = reach(cut) - cut.overlap;
  return Math.max(1, Math.ceil((length - cut.overlap) / step));
}

/**
 * Start of a chunk.
 *
 * @param text Text in UTF-8.
 * @param cut Cut of the text.
 * @param chunk Chunk number, from 0.
 * @returns Offset of its first byte.
 */
export function chunkStart(text: Uint8Array, cut: TextCut, chunk: number): number {
  const at = chunk * (reach(cut) - cut.overlap);
  if (cut.overlap < BACK) return at;
  let start = at;
  while (start > 0 && at - start < BACK && (text[start]! & 0xc0) === 0x80) start--;
  // Four continuation bytes in a row are malformed. The last one then counts as a separate character.
  return (text[start]! & 0xc0) === 0x80 ? at : start;
}

/**
 * Checks whether a chunk may start at an offset, for any text: at its nominal start, or up to 3 bytes before.
 *
 * @param cut Cut of the text.
 * @param chunk Chunk number, from 0.
 * @param offset Offset of its first byte.
 */
export function isChunkStart(cut: TextCut, chunk: number, offset: number): boolean {
  const at = chunk * (reach(cut) - cut.overlap);
  return cut.overlap < BACK ? offset === at : offset <= at && offset >= Math.max(0, at - BACK);
}

/**
 * End of a chunk.
 *
 * @param length Length of the text in bytes.
 * @param cut Cut of the text.
 * @param chunk Chunk number, from 0.
 * @returns Offset behind its last byte.
 */
export function chunkEnd(length: number, cut: TextCut, chunk: number): number {
  return Math.min(length, chunk * (reach(cut) - cut.overlap) + reach(cut));
}
