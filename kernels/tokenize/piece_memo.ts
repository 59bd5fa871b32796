/**
 * Memo of the tokens of recent short pieces. Words repeat, and a piece has the same tokens in every context.
 * So most pieces are found in one processor cache line, without a walk. Bytes are compared, so a hit is
 * exact.
 *
 * @module
 */

import type { TokenList } from "./token_list.ts";

/** Maximum length of a piece in the memo, in bytes; one more byte holds the length. */
const MAX_BYTES = 15;
/** Maximum number of tokens of such a piece. */
const MAX_TOKENS = 11;
/** Slots of the memo, which is direct-mapped: half a megabyte. */
const PIECES = 2 ** 13;
/** 32-bit numbers in a slot: four of bytes, one of the token count, then the tokens. */
const PLACE = 16;
/** Width of an id in a token's number, in bits; the other bits are its length. */
const ID_BITS = 22;
const ID_MASK = 2 ** ID_BITS - 1;

/** Direct-mapped memo of pieces and their tokens. */
export class PieceMemo {
  readonly #places = new Int32Array(PLACE * PIECES);
  // Last piece looked up: its bytes as numbers, and its slot.
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;
  #at = -1;

  /**
   * Looks a piece up, and appends its tokens.
   *
   * @param text Buffer that holds the piece.
   * @param from Offset of the piece's first byte.
   * @param to Exclusive end of the piece, which is not empty.
   * @param list List to which tokens are appended.
   * @returns True if the piece was found.
   */
  find(text: Uint8Array, from: number, to: number, list: TokenList): boolean {
    const length = to - from;
    this.#at = -1;
    if (length > MAX_BYTES) return false;
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
   * Stores the last piece looked up; replaces the slot's former piece.
   *
   * @param list List that holds its tokens.
   * @param first Index of its first token; all later tokens belong to it.
   */
  keep(list: TokenList, first: number): void {
    const place = this.#at, count = list.count - first;
    if (place < 0 || count > MAX_TOKENS) return;
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
