/**
 * Byte pair encoding of a short piece that is here whole, by search: from its begin, the longest token that is
 * compatible with the one before; where there is none, the one before was wrong, and a shorter one is tried.
 *
 * Only the tokens of a prefix are compatible all along, so to each place leads one way at most: a place from which
 * nothing goes on is dead whichever token comes before, and is left once. Compatibility is asked for once a token or
 * so, where the walk over a piece that is not here whole asks at every byte.
 *
 * The method is that of the encoder by backtracking in the crate `bpe` of github/rust-gems.
 *
 * @module
 */

import type { Compatibility } from "./compatible.ts";
import type { TextLookups } from "./lookups.ts";
import { CELL } from "./tables.ts";
import type { TokenList } from "./token_list.ts";
import type { BpeTables } from "./vocabulary.ts";

/** Bytes of a piece, at most. */
export const MOST_SEARCHED = 63;

/** The search; its memory is used again for every piece. */
export class BpeSearch {
  readonly #bpe: BpeTables;
  readonly #cells: Int32Array;
  readonly #compatibility: Compatibility;
  readonly #counts: TextLookups;
  // Tokens that begin at a place, the shortest first, and those that were chosen.
  readonly #ways = new Int32Array(MOST_SEARCHED);
  readonly #chosen = new Int32Array(MOST_SEARCHED);
  // By place in the piece: 1 where nothing goes on. Zeros between pieces.
  readonly #dead = new Uint8Array(MOST_SEARCHED + 1);

  /**
   * Makes a search over bytes.
   *
   * @param bpe The tables.
   * @param cells The automaton as the engine walks it.
   * @param compatibility Which tokens may be neighbours.
   * @param counts Where lookups are counted.
   */
  constructor(bpe: BpeTables, cells: Int32Array, compatibility: Compatibility, counts: TextLookups) {
    this.#bpe = bpe;
    this.#cells = cells;
    this.#compatibility = compatibility;
    this.#counts = counts;
  }

  /**
   * Appends the tokens of a piece.
   *
   * @param text Where it is.
   * @param start Its first byte.
   * @param end Behind its last one; at most {@linkcode MOST_SEARCHED} bytes.
   * @param list Where tokens go.
   * @returns False where there are none, because no token begins with a byte of the piece.
   */
  find(text: Uint8Array, start: number, end: number, list: TokenList): boolean {
    const { lengths } = this.#bpe;
    const cells = this.#cells, compatibility = this.#compatibility;
    const ways = this.#ways, chosen = this.#chosen, dead = this.#dead;
    let at = start, previous = -1, count = 0;
    let steps = 0, tried = 0, deaths = 0, whole = -1;
    for (;;) {
      let cell = 0, number = 0, place = at;
      while (place < end) {
        const to = cells[cell * CELL]! + text[place]!;
        if (cells[to * CELL + 1] !== cell) break;
        cell = to;
        place++;
        const longest = cells[cell * CELL + 2]!;
        if ((longest & 1) !== 0) ways[number++] = longest >> 1;
      }
      steps += place - at;
      // Most pieces are a token.
      if (at === start && place === end && (whole = cells[cell * CELL + 3]!) >= 0) break;
      let token = -1;
      while (token < 0 && number > 0) {
        const way = ways[--number]!;
        tried++;
        if (deaths > 0 && dead[at + lengths[way]! - start] === 1) continue;
        if (previous < 0 || compatibility.test(previous, way)) token = way;
      }
      if (token >= 0) {
        chosen[count++] = token;
        at += lengths[token]!;
        if (at === end) break;
        previous = token;
      } else {
        if (count === 0) break;
        dead[at - start] = 1;
        deaths++;
        at -= lengths[chosen[--count]!]!;
        previous = count > 0 ? chosen[count - 1]! : -1;
      }
    }
    this.#counts.automaton += steps;
    this.#counts.candidates += tried;
    if (deaths > 0) dead.fill(0);
    if (whole >= 0) list.put(whole, end - start, 1, 0);
    else if (count > 0) this.#append(count, list);
    return whole >= 0 || count > 0;
  }

  #append(count: number, list: TokenList): void {
    const { ids, lengths } = this.#bpe;
    const chosen = this.#chosen;
    list.reserve(count);
    const { tokens, lengths: lengthsOf, gaps } = list;
    let slot = list.count;
    for (let n = 0; n < count; n++, slot++) {
      const token = chosen[n]!;
      tokens[slot] = ids[token]! * 2;
      lengthsOf[slot] = lengths[token]!;
      gaps[slot] = 0;
    }
    tokens[slot - 1]! |= 1;
    list.count = slot;
  }
}
