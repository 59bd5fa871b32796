/**
 * The plain cutter: what a compiled pattern makes of a text as a whole.
 *
 * @module
 */

import type { PieceTables } from "../vocabulary.ts";

/** A piece of a text. */
export interface Piece {
  /** Where it begins, in bytes of the text. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
  /** Whether it is left out, as white space of BERT is. */
  readonly drop: boolean;
  /** Whether it would be so whatever text followed. */
  readonly confirmed: boolean;
}

/**
 * The class of a code point.
 *
 * @param tables A compiled pattern.
 * @param codePoint The code point.
 * @returns Its class; the end of the text has `tables.classes - 1`.
 */
export function classOf(tables: PieceTables, codePoint: number): number {
  return tables.classOf[tables.blockOf[codePoint >> 8]! * 256 + (codePoint & 255)]!;
}

/** Bytes of a code point in UTF-8. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/**
 * Cuts a text into pieces.
 *
 * From where a piece begins the automaton takes code points until no way is left, the state says that no longer
 * match is possible, or the text ends; the end counts as one symbol more. The piece ends at the last accept,
 * less the code points that it gives back, where the end of the text counts as one too. A piece is confirmed
 * when neither it nor one before it depended on the end.
 *
 * @param tables A compiled pattern.
 * @param text The text as UTF-8; invalid bytes are read as WHATWG decodes them.
 * @param isWhole Whether the text ends here; default true. If not, the last pieces are what they would be if it
 * did, and not confirmed.
 * @returns The pieces with their places in the text as decoded: each invalid sequence counts 3 bytes.
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
