/**
 * Simple reference cutter: splits a whole text with a compiled pattern.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";

/** Piece of a text. */
export interface Piece {
  /** Offset of its first byte in the decoded text. */
  readonly start: number;
  /** Exclusive end. */
  readonly end: number;
  /** True if the piece is dropped, such as white space with BERT. */
  readonly drop: boolean;
  /** True if the piece is the same whatever text follows. */
  readonly confirmed: boolean;
}

/**
 * Looks up the class of a code point.
 *
 * @param tables Compiled pattern.
 * @param codePoint Code point, at most 0x10FFFF.
 * @returns Its class; class `tables.classes - 1` is the end of the text.
 */
export function classOf(tables: PieceTables, codePoint: number): number {
  return tables.classOf[tables.blockOf[codePoint >> 8]! * 256 + (codePoint & 255)]!;
}

/** Returns the length of a code point in UTF-8, 1 to 4 bytes. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/**
 * Cuts a text into pieces.
 *
 * From the start of a piece, the automaton takes code points until it has no transition, its state is final,
 * or the text ends. The end counts as one more symbol. The piece ends at the last accept, less the code
 * points given back; the end of the text counts as one of them. A piece is confirmed if neither it nor an
 * earlier piece depended on the end.
 *
 * @param tables Compiled pattern.
 * @param text UTF-8; invalid bytes are decoded as WHATWG specifies.
 * @param isWhole True if the text ends here; default true. If false, the last pieces are the same as with
 * the end, but not confirmed.
 * @returns The pieces, with offsets in the decoded text: each invalid sequence counts 3 bytes.
 */
export function pieces(tables: PieceTables, text: Uint8Array, isWhole = true): Piece[] {
  const codePoints = Array.from(
    new TextDecoder("utf-8", { ignoreBOM: true }).decode(text),
    (one) => one.codePointAt(0)!,
  );
  const offsets = [0];
  for (const code of codePoints) offsets.push(offsets.at(-1)! + utf8Length(code));
  const { classes, transitions, accept, final, drop } = tables;
  const out: Piece[] = [];
  let isConfirmed = true;
  for (let start = 0; start < codePoints.length;) {
    let state = tables.start, end = -1, isDropped = false, at = start, isDone = false;
    while (!isDone && at <= codePoints.length) {
      const isEnd = at === codePoints.length;
      if (isEnd && !isWhole) isConfirmed = false;
      const next = transitions[state * classes + (isEnd ? classes - 1 : classOf(tables, codePoints[at]!))]!;
      at++;
      if (next < 0) break;
      state = next;
      if (accept[state]! >= 0) {
        end = at - accept[state]!;
        isDropped = drop[state] === 1;
        isDone = final[state] === 1;
      }
    }
    if (end <= start) throw new Error(`no piece begins at byte ${offsets[start]} of the text`);
    out.push({ start: offsets[start]!, end: offsets[end]!, drop: isDropped, confirmed: isConfirmed });
    start = end;
  }
  return out;
}
