/**
 * Cutting a text into packets: one after another, or in chunks that overlap.
 *
 * With a payload P and an overlap V, let P' be P − 3 where V is 3 or more, else P, and C = P' − V. Chunk k ends
 * at k·C + P' and begins at k·C, moved back to the beginning of the character that lies there: by at most 3 bytes,
 * so that no chunk is longer than P. With V = 0 chunks lie side by side, wherever that cuts.
 *
 * @module
 */

import { checkWhole } from "../errors.ts";
import { MAX_PAYLOAD } from "../header.ts";

/** How a text is cut into packets. Plain data. */
export interface TextCut {
  /** Longest payload in bytes. */
  readonly payload: number;
  /** Bytes that a chunk repeats of the one before, at least, where its character begins there; 0 for none. */
  readonly overlap: number;
}

/** Bytes of UTF-8 that may stand before the last one of a character. */
const BACK = 3;

/**
 * The overlap that a payload allows: at most half of what is left when chunks begin with whole characters, and none
 * where that is too little to begin with one.
 *
 * @param payload Longest payload in bytes.
 * @param wanted The overlap that is wanted, in bytes.
 * @returns The overlap for a {@linkcode TextCut}.
 *
 * @example
 * ```ts
 * import { overlapFor } from "./cut.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([1344, 32, 7].map((payload) => overlapFor(payload, 32)), [32, 14, 0]);
 * ```
 */
export function overlapFor(payload: number, wanted: number): number {
  checkWhole("a payload in bytes of", payload, 1, MAX_PAYLOAD);
  const overlap = Math.min(wanted, Math.floor((payload - BACK) / 2));
  return overlap < BACK ? 0 : overlap;
}

/** Bytes that a chunk covers beyond the beginning of its own stretch: P'. */
function reach({ payload, overlap }: TextCut): number {
  return overlap >= BACK ? payload - BACK : payload;
}

/**
 * Number of chunks.
 *
 * @param length Bytes of the text.
 * @param cut How it is cut.
 * @returns At least 1, for no text either.
 */
export function chunkCount(length: number, cut: TextCut): number {
  const step = reach(cut) - cut.overlap;
  return Math.max(1, Math.ceil((length - cut.overlap) / step));
}

/**
 * Where a chunk begins.
 *
 * @param text The text, UTF-8.
 * @param cut How it is cut.
 * @param chunk Which chunk, from 0 on.
 * @returns The offset of its first byte.
 */
export function chunkStart(text: Uint8Array, cut: TextCut, chunk: number): number {
  const at = chunk * (reach(cut) - cut.overlap);
  if (cut.overlap < BACK) return at;
  let start = at;
  while (start > 0 && at - start < BACK && (text[start]! & 0xc0) === 0x80) start--;
  // A fourth byte of the kind is malformed: it is a character by itself.
  return (text[start]! & 0xc0) === 0x80 ? at : start;
}

/**
 * Tells whether a chunk may begin at an offset, whatever the text: at its stretch, or up to 3 bytes before.
 *
 * @param cut How the text is cut.
 * @param chunk Number of the chunk, from 0 on.
 * @param offset Offset of its first byte.
 */
export function isChunkStart(cut: TextCut, chunk: number, offset: number): boolean {
  const at = chunk * (reach(cut) - cut.overlap);
  return cut.overlap < BACK ? offset === at : offset <= at && offset >= Math.max(0, at - BACK);
}

/**
 * Where a chunk ends.
 *
 * @param length Bytes of the text.
 * @param cut How it is cut.
 * @param chunk Which chunk, from 0 on.
 * @returns The offset behind its last byte.
 */
export function chunkEnd(length: number, cut: TextCut, chunk: number): number {
  return Math.min(length, chunk * (reach(cut) - cut.overlap) + reach(cut));
}
