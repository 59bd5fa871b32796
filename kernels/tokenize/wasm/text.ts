// The tokenizer of byte pair encoding: cuts text into pieces, and writes the words of their tokens.

import {
  addPairs,
  addSteps,
  ascii,
  batch,
  blockOf,
  chooseAt,
  classOf,
  endClass,
  loops,
  pairs,
  report,
  startRow,
  steps,
  transitions,
  tried,
} from "./layout";
import { encodePiece, notePiece, PIECE_BYTES } from "./memo";

export { setUp } from "./layout";
export {
  checkBytes,
  checkCells,
  checkFails,
  clearRecords,
  putTokens,
  unpack,
  unpackLinks,
  unpackRecords,
} from "./load";
export { checkMerges, checkUnits } from "./load_merges";

/** Flags of a transition; see `tables.ts`. */
const ACCEPT_HERE: i32 = 1, ACCEPT_BEFORE: i32 = 2, ACCEPT_FINAL: i32 = 4;

/** Pieces that are cut before their tokens are looked up, so that their slots are loaded side by side. */
const BATCH: usize = 64;

/** Reasons for stopping before the end. */
const DONE: u32 = 0, INCOMPLETE: u32 = 1, MALFORMED: u32 = 2, LONG: u32 = 3, CONTRADICTION: u32 = 4;

/**
 * Tokenizes text from the beginning of a piece.
 *
 * @param from Address of the first byte.
 * @param to Address after the last byte; 32 bytes from there can be read.
 * @param longest Bytes of a piece and its lookahead at which the call stops before it.
 * @param isEnd 1 if the text ends at `to`; otherwise the last piece may go on.
 * @param out Address of the words; one for each byte of text, and 92 bytes more.
 * @param dead Address of as many zero bytes as the text has.
 * @param chosen Address of 8 bytes for each byte of text, for the search.
 * @returns Address of the first byte whose piece was not tokenized. The report has the number of words, the reason
 * for stopping, and the numbers of code points, steps, tokens tried and merges looked up.
 */
export function tokenize(
  from: usize,
  to: usize,
  longest: usize,
  isEnd: i32,
  out: usize,
  dead: usize,
  chosen: usize,
): usize {
  chooseAt(chosen);
  let start = from, word = out, points: u32 = 0, reason = DONE, touched: u32 = 0;
  let piece = batch;
  const full = batch + BATCH * PIECE_BYTES;
  const next = transitions, first = startRow;
  while (start < to) {
    let at = start, accept = start, row = first;
    const stop = to - start > longest ? start + longest : to;
    let hasEnded = false;
    while (at < stop) {
      const byte = <u32> load<u8>(at);
      let kind: u32, length: usize = 1;
      if (byte < 0x80) kind = load<u8>(ascii + byte);
      else {
        const second = <u32> load<u8>(at, 1) ^ 0x80;
        let point: u32;
        if (second >= 0x40 || byte < 0xc2) {
          reason = MALFORMED;
          break;
        }
        if (byte < 0xe0) {
          point = (byte & 31) << 6 | second;
          length = 2;
        } else {
          const third = <u32> load<u8>(at, 2) ^ 0x80;
          point = (byte & 15) << 12 | second << 6 | third;
          length = 3;
          let isWrong = third >= 0x40 || point < 0x800 || (point >> 11) === 27;
          if (byte >= 0xf0) {
            const fourth = <u32> load<u8>(at, 3) ^ 0x80;
            point = (byte & 15) << 18 | second << 12 | third << 6 | fourth;
            length = 4;
            isWrong = third >= 0x40 || fourth >= 0x40 || point < 0x10000 || point > 0x10ffff;
          }
          if (isWrong) {
            reason = MALFORMED;
            break;
          }
        }
        if (at + length > to) {
          reason = MALFORMED;
          break;
        }
        kind = load<u8>(
          classOf + (<usize> load<u16>(blockOf + (<usize> (point >> 8) << 1)) << 8) + (point & 255),
        );
      }
      points++;
      const entry = load<i32>(next + (<usize> (row + kind) << 2));
      if (entry < 0) {
        hasEnded = true;
        break;
      }
      row = <u32> entry >> 3;
      if (entry & ACCEPT_HERE) accept = at + length;
      else if (entry & ACCEPT_BEFORE) accept = at;
      at += length;
      if (entry & ACCEPT_FINAL) {
        hasEnded = true;
        break;
      }
      // Most words are runs of small letters, in a row that these do not leave.
      if (<u32> load<u8>(at) - 97 < 26 && load<u8>(loops + row) !== 0) {
        const run = min(lettersFrom(at), stop - at);
        points += <u32> run;
        at += run;
        accept = at;
      }
    }
    if (!hasEnded) {
      if (reason !== DONE) break;
      if (at < to) {
        reason = LONG;
        break;
      }
      if (isEnd === 0) {
        reason = INCOMPLETE;
        break;
      }
      points++;
      const entry = load<i32>(next + (<usize> (row + endClass) << 2));
      if (entry >= 0 && (entry & (ACCEPT_HERE | ACCEPT_BEFORE)) !== 0) accept = at;
    }
    if (accept === start) {
      reason = CONTRADICTION;
      break;
    }
    touched |= notePiece(piece, start, accept);
    piece += PIECE_BYTES;
    start = accept;
    if (piece === full) {
      word = encodeBatch(piece, word, dead);
      piece = batch;
    }
  }
  word = encodeBatch(piece, word, dead);
  if (word === 0) {
    reason = CONTRADICTION;
    word = out;
  }
  store<u32>(report, touched, 24);
  store<u32>(report, <u32> (word - out) >> 2);
  store<u32>(report, reason, 4);
  store<u32>(report, points, 8);
  store<u32>(report, steps, 12);
  store<u32>(report, tried, 16);
  store<u32>(report, pairs, 20);
  addSteps(0 - steps, 0 - tried);
  addPairs(0 - pairs);
  return start;
}

/** Number of small letters of ASCII from `at`, at most 16. */
// @ts-ignore: decorator of AssemblyScript
@inline

function lettersFrom(at: usize): usize {
  const letters = i8x16.lt_u(i8x16.sub(v128.load(at), i8x16.splat(97)), i8x16.splat(26));
  return <usize> ctz<u32>(~i8x16.bitmask(letters));
}

/** Writes the words of a batch; returns the address after them, or 0 if the tables contradict each other. */
function encodeBatch(end: usize, out: usize, dead: usize): usize {
  if (out === 0) return 0;
  for (let piece = batch; piece < end; piece += PIECE_BYTES) {
    const count = encodePiece(piece, out, dead);
    if (count === 0) return 0;
    out += <usize> count << 2;
  }
  return out;
}

/** Replaces words by their ids. */
export function toIds(words: usize, count: u32): void {
  const mask = i32x4.splat(0x3fffff);
  const end = words + (<usize> count << 2);
  for (let at = words; at < end; at += 16) v128.store(at, v128.and(v128.load(at), mask));
}
