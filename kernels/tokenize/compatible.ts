/**
 * Whether two tokens may stand side by side, decided by merges alone, and remembered in a small cache: a run of
 * white space asks the same few hundred pairs again and again, and would be a denial of service without it.
 *
 * @module
 */

import { type BpeTables, pairHash } from "./vocabulary.ts";

/** Pairs that the cache holds; a pair has one place in it. */
const CACHE = 2 ** 14;

/** Answers whether tokens are compatible, and counts what it looks up. */
export class Compatibility {
  /** Merges looked up so far. */
  lookups = 0;
  readonly #bpe: BpeTables;
  readonly #lefts = new Int32Array(CACHE).fill(-1);
  readonly #rights = new Int32Array(CACHE);
  readonly #answers = new Uint8Array(CACHE);

  /**
   * Makes an empty cache.
   *
   * @param bpe The tables.
   */
  constructor(bpe: BpeTables) {
    this.#bpe = bpe;
  }

  /**
   * Whether no merge across the border of two tokens comes before those that made them.
   *
   * @param left The left token.
   * @param right The right token.
   */
  test(left: number, right: number): boolean {
    const slot = pairHash(left, right) & (CACHE - 1);
    if (this.#lefts[slot] === left && this.#rights[slot] === right) return this.#answers[slot] === 1;
    const answer = this.#walk(left, right);
    this.#lefts[slot] = left;
    this.#rights[slot] = right;
    this.#answers[slot] = answer ? 1 : 0;
    return answer;
  }

  /** Undoes the merges that made both tokens, the newest first, and asks for each pair whether it would merge. */
  #walk(x: number, y: number): boolean {
    const { pairLeft, pairRight, pairRank, ranks, left, right } = this.#bpe;
    const mask = pairLeft.length - 1;
    let limit = 0x7fffffff;
    for (;;) {
      let slot = pairHash(x, y) & mask;
      this.lookups++;
      while (pairLeft[slot] !== -1) {
        if (pairLeft[slot] === x && pairRight[slot] === y) {
          if (pairRank[slot]! < limit) return false;
          break;
        }
        slot = (slot + 1) & mask;
      }
      const inner = right[x]!, outer = left[y]!;
      if (inner >= 0 && (ranks[x]! > ranks[y]! || outer < 0)) {
        limit = ranks[x]!;
        x = inner;
      } else if (outer >= 0) {
        limit = ranks[y]! + 1;
        y = outer;
      } else return true;
    }
  }
}
