/**
 * Byte pair encoding of a short, complete piece, by search. From the piece's start, the longest token that is
 * compatible with the previous one is chosen. If no token is compatible, the previous choice is undone and a
 * shorter token is tried.
 *
 * A chosen token is compatible with its predecessor at every step, so at most one path leads to each offset.
 * An offset without a continuation is dead for every predecessor, so it is left only once. The search tests
 * compatibility about once a token; the walk over an incomplete piece tests it at every byte.
 *
 * Source: the backtracking encoder of the crate `bpe` in github/rust-gems.
 *
 * @module
 */

import type { Compatibility } from "./compatible.ts";
import type { TextLookups } from "./lookups.ts";
import { CELL, type EngineTables } from "./tables.ts";
import type { TokenList } from "./token_list.ts";
import { plainTables } from "./lazy_tables.ts";
import type { BpeTables } from "./vocabulary.ts";

/** Maximum piece length, in bytes. */
export const MAX_SEARCHED = 63;

/** Search over one piece at a time; its buffers are reused for every piece. */
export class BpeSearch {
  readonly #bpe: BpeTables;
  readonly #tables: EngineTables;
  readonly #compatibility: Compatibility;
  readonly #counts: TextLookups;
  // Tokens that begin at one offset, shortest first; and the tokens chosen so far.
  readonly #ways = new Int32Array(MAX_SEARCHED);
  readonly #chosen = new Int32Array(MAX_SEARCHED);
  // By offset in the piece: 1 if no token continues from there. All zero between pieces.
  readonly #dead = new Uint8Array(MAX_SEARCHED + 1);

  /**
   * Creates a search over pieces of bytes.
   *
   * @param bpe Compiled byte pair encoding.
   * @param tables Its tables in the engine's layout.
   * @param compatibility Cached test whether two tokens may be neighbours.
   * @param counts Counters to which lookups are added.
   */
  constructor(bpe: BpeTables, tables: EngineTables, compatibility: Compatibility, counts: TextLookups) {
    this.#bpe = plainTables(bpe);
    this.#tables = tables;
    this.#compatibility = compatibility;
    this.#counts = counts;
  }

  /**
   * Appends the tokens of a piece.
   *
   * @param text Buffer that holds the piece.
   * @param start Offset of the piece's first byte.
   * @param end Exclusive end of the piece; at most {@linkcode MAX_SEARCHED} bytes after `start`.
   * @param list List to which tokens are appended.
   * @returns False if the piece has no encoding, because no token begins with one of its bytes.
   */
  find(text: Uint8Array, start: number, end: number, list: TokenList): boolean {
    const { lengths } = this.#bpe;
    const { cells } = this.#tables, compatibility = this.#compatibility;
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
      // Most pieces are one token.
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
