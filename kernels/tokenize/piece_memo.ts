/**
 * Tokens of short pieces that came lately. Words come again and again, and a piece has the same tokens wherever it
 * stands, so most are found by one line of the processor's cache in place of a walk. Its bytes are compared, so what
 * is found is exact.
 *
 * @module
 */

import type { TokenList } from "./token_list.ts";

/** Bytes of a piece that is remembered, at most; one place more holds its length. */
const MOST_BYTES = 15;
/** Tokens of such a piece, at most. */
const MOST_TOKENS = 11;
/** Pieces that are remembered; a piece has one place. Half a megabyte. */
const PIECES = 2 ** 13;
/** Numbers of a place: four of bytes, one of how many tokens, the tokens. */
const PLACE = 16;
/** Bits of an id beside its length. */
const ID_BITS = 22;
const ID_MASK = 2 ** ID_BITS - 1;

/** Remembers tokens of pieces. */
export class PieceMemo {
  readonly #places = new Int32Array(PLACE * PIECES);
  // The piece that was looked for last: its bytes as numbers, and its place.
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #at = -1;

  /**
   * Looks for a piece, and appends its tokens.
   *
   * @param text Where it is.
   * @param from Its first byte.
   * @param to Behind its last byte; not empty.
   * @param list Where its tokens go.
   * @returns Whether it is remembered.
   */
  find(text: Uint8Array, from: number, to: number, list: TokenList): boolean {
    const length = to - from;
    this.#at = -1;
    if (length > MOST_BYTES) return false;
    let a = 0, b = 0, c = 0, d = length << 24;
    let at = from;
    for (let shift = 0; shift < 32 && at < to; shift += 8) a |= text[at++]! << shift;
    for (let shift = 0; shift < 32 && at < to; shift += 8) b |= text[at++]! << shift;
    for (let shift = 0; shift < 32 && at < to; shift += 8) c |= text[at++]! << shift;
    for (let shift = 0; shift < 24 && at < to; shift += 8) d |= text[at++]! << shift;
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^
      Math.imul(d, 0x27d4eb2f);
    hash ^= hash >>> 15;
    const place = PLACE * (hash & (PIECES - 1));
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
    this.#at = place;
    const places = this.#places;
    if (
      places[place + 3] !== d || places[place] !== a || places[place + 1] !== b || places[place + 2] !== c
    ) {
      return false;
    }
    const count = places[place + 4]!;
    list.reserve(count);
    const { tokens, lengths, gaps } = list;
    let slot = list.count;
    for (let n = place + 5, end = n + count; n < end; n++, slot++) {
      const token = places[n]!;
      tokens[slot] = (token & ID_MASK) * 2;
      lengths[slot] = token >>> ID_BITS;
      gaps[slot] = 0;
    }
    tokens[slot - 1]! |= 1;
    list.count = slot;
    return true;
  }

  /**
   * Remembers the piece that was looked for last, in place of another one.
   *
   * @param list Where its tokens are.
   * @param first The first of them; those behind it are its own.
   */
  keep(list: TokenList, first: number): void {
    const place = this.#at, count = list.count - first;
    if (place < 0 || count > MOST_TOKENS) return;
    const places = this.#places;
    places[place] = this.#a;
    places[place + 1] = this.#b;
    places[place + 2] = this.#c;
    places[place + 3] = this.#d;
    places[place + 4] = count;
    for (let n = 0; n < count; n++) {
      places[place + 5 + n] = (list.tokens[first + n]! >> 1) | (list.lengths[first + n]! << ID_BITS);
    }
  }
}
