/**
 * The compiled tables used in the plainest way: a whole piece at once, every last token kept. What the tables hold
 * is so tested without the device's bounded memory.
 */

import assert from "node:assert/strict";
import {
  type BpeTables,
  pairHash,
  type Vocabulary,
  type WordPieceTables,
} from "../../../kernels/tokenize/vocabulary.ts";
import { normalizeText } from "../../../kernels/text_normalize/reference.ts";
import { pieces } from "../../../kernels/tokenize/pattern/pieces.ts";

const UTF8 = new TextEncoder();

/** Ids of a whole text by the compiled tables. */
export function walkTokens(vocabulary: Vocabulary, text: string): number[] {
  const bytes = UTF8.encode(normalizeText(text, vocabulary.normalization));
  const cut = vocabulary.pieces === null
    ? [{ start: 0, end: bytes.length, drop: false }]
    : pieces(vocabulary.pieces, bytes);
  const ids: number[] = [];
  for (const { start, end, drop } of cut) {
    if (drop || end === start) continue;
    const piece = bytes.subarray(start, end);
    ids.push(
      ...(vocabulary.bpe !== null ? walkBpe(vocabulary.bpe, piece) : walkWord(vocabulary.wordPiece!, piece)),
    );
  }
  return ids;
}

function child(base: Int32Array, check: Int32Array, state: number, byte: number): number {
  const cell = base[state]! + byte;
  return check[cell] === state ? cell : -1;
}

/** Last tokens of every prefix, then back from the end. */
function walkBpe(bpe: BpeTables, piece: Uint8Array): number[] {
  if (bpe.wholeFirst && piece.length <= bpe.longestToken) {
    let state = 0;
    for (const byte of piece) state = state < 0 ? state : child(bpe.base, bpe.check, state, byte);
    if (state > 0 && bpe.whole[state]! >= 0) return [bpe.ids[bpe.whole[state]!]!];
  }
  const last = new Int32Array(piece.length).fill(-1);
  let state = 0;
  for (let at = 0; at < piece.length; at++) {
    for (;;) {
      const next = child(bpe.base, bpe.check, state, piece[at]!);
      if (next >= 0) state = next;
      if (next >= 0 || state === 0) break;
      state = bpe.fail[state]!;
    }
    if (bpe.units === "characters" && !endsCharacter(piece, at)) continue;
    let token = bpe.longest[state]!;
    while (token >= 0) {
      const start = at + 1 - bpe.lengths[token]!;
      if (start === 0 || (last[start - 1]! >= 0 && standApart(bpe, last[start - 1]!, token))) break;
      token = bpe.suffix[token]!;
    }
    if (token < 0) {
      assert.equal(bpe.units, "characters", "a byte has no token");
      // A character without a token falls to bytes, and each of them merges with nothing.
      let from = at;
      while ((piece[from]! & 0xc0) === 0x80) from--;
      for (let i = from; i <= at; i++) last[i] = bpe.fallback[piece[i]!]!;
    } else last[at] = token;
  }
  const ids: number[] = [];
  for (let at = piece.length; at > 0; at -= bpe.lengths[last[at - 1]!]!) ids.push(bpe.ids[last[at - 1]!]!);
  return ids.reverse();
}

function endsCharacter(piece: Uint8Array, at: number): boolean {
  return at + 1 === piece.length || (piece[at + 1]! & 0xc0) !== 0x80;
}

/** Whether two tokens stand side by side in the encoding of their text. */
function standApart(bpe: BpeTables, a: number, b: number): boolean {
  let [u, v, limit] = [a, b, Infinity];
  for (;;) {
    const rank = pairRank(bpe, u, v);
    if (rank >= 0 && rank < limit) return false;
    if (bpe.ranks[u]! < 0 && bpe.ranks[v]! < 0) return true;
    if (u > v) {
      limit = bpe.ranks[u]!;
      u = bpe.right[u]!;
    } else {
      limit = bpe.ranks[v]! + 1;
      v = bpe.left[v]!;
    }
  }
}

function pairRank(bpe: BpeTables, left: number, right: number): number {
  const mask = bpe.pairLeft.length - 1;
  let slot = pairHash(left, right) & mask;
  while (bpe.pairLeft[slot] !== -1) {
    if (bpe.pairLeft[slot] === left && bpe.pairRight[slot] === right) return bpe.pairRank[slot]!;
    slot = (slot + 1) & mask;
  }
  return -1;
}

function walkWord(tables: WordPieceTables, word: Uint8Array): number[] {
  const { base, check, whole, roots, unknown, maxCharacters } = tables;
  if (word.reduce((count, byte) => count + ((byte & 0xc0) === 0x80 ? 0 : 1), 0) > maxCharacters) {
    return [unknown];
  }
  const ids: number[] = [];
  for (let from = 0; from < word.length;) {
    let [state, end, id] = [roots[from === 0 ? 0 : 1], from, -1];
    for (let at = from; at < word.length && state >= 0; at++) {
      state = child(base, check, state, word[at]!);
      if (state >= 0 && whole[state]! >= 0) [end, id] = [at + 1, whole[state]!];
    }
    if (id < 0) return [unknown];
    ids.push(id);
    from = end;
  }
  return ids;
}
