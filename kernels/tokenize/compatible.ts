/**
 * Test whether two tokens may be neighbours, decided by merges alone. A small cache bounds the work: a run of
 * white space repeats the same few hundred pairs, which would otherwise allow a denial of service.
 *
 * @module
 */

import { plainTables } from "./lazy_tables.ts";
import { PieceMemo } from "./piece_memo.ts";
import { type BpeTables, pairHash } from "./vocabulary.ts";

/** Pairs in the cache, which is direct-mapped. */
const CACHE = 2 ** 15;
/** Numbers in each record of a merge or a token: one record fits one processor cache line. */
const PACK = 4;

/** Merges and tokens in the layout of the walk. */
interface Packed {
  /** Slots of the merges less one. */
  readonly mask: number;
  /** By slot: left token or −1, right token, rank. */
  readonly merges: Int32Array;
  /** By token: left part, right part, rank. */
  readonly parts: Int32Array;
}

const packed = new WeakMap<BpeTables, Packed>();

function packedOf(lazy: BpeTables): Packed {
  let tables = packed.get(lazy);
  if (tables === undefined) {
    const bpe = plainTables(lazy);
    tables = {
      mask: bpe.pairLeft.length - 1,
      merges: interleave(bpe.pairLeft, bpe.pairRight, bpe.pairRank),
      parts: interleave(bpe.left, bpe.right, bpe.ranks),
    };
    packed.set(lazy, tables);
  }
  return tables;
}

function interleave(first: Int32Array, second: Int32Array, third: Int32Array): Int32Array {
  const all = new Int32Array(PACK * first.length);
  for (let n = 0, at = 0; n < first.length; n++, at += PACK) {
    all[at] = first[n]!;
    all[at + 1] = second[n]!;
    all[at + 2] = third[n]!;
  }
  return all;
}

/** Cached test whether two tokens are compatible; counts its lookups. */
export class Compatibility {
  /** Merges looked up since creation. */
  lookups = 0;
  /** Tokens of recent pieces. */
  readonly pieces: PieceMemo = new PieceMemo();
  readonly #bpe: BpeTables;
  // Absent until the first test, like the cache.
  #packed: Packed | undefined;
  // By slot: the pair's left token, then its right token times 2 plus the answer.
  #cache: Int32Array | undefined;

  /**
   * Creates an empty cache.
   *
   * @param bpe Compiled byte pair encoding.
   */
  constructor(bpe: BpeTables) {
    this.#bpe = bpe;
  }

  /**
   * Tests whether no merge across the border of two tokens comes before the merges that made them.
   *
   * @param left Left token.
   * @param right Right token.
   */
  test(left: number, right: number): boolean {
    const cache = this.#cache ??= new Int32Array(2 * CACHE).fill(-1);
    const slot = 2 * (pairHash(left, right) & (CACHE - 1));
    const known = cache[slot + 1]!;
    if (cache[slot] === left && known >> 1 === right) return (known & 1) === 1;
    const answer = this.#walk(left, right);
    cache[slot] = left;
    cache[slot + 1] = right * 2 + (answer ? 1 : 0);
    return answer;
  }

  /** Undoes the merges that made both tokens, newest first, and tests whether each pair would merge. */
  #walk(x: number, y: number): boolean {
    const { merges, parts, mask } = this.#packed ??= packedOf(this.#bpe);
    let limit = 0x7fffffff, lookups = 0;
    for (;;) {
      let slot = PACK * (pairHash(x, y) & mask);
      lookups++;
      let found = merges[slot]!;
      while (found !== -1) {
        if (found === x && merges[slot + 1] === y) {
          if (merges[slot + 2]! < limit) {
            this.lookups += lookups;
            return false;
          }
          break;
        }
        slot = slot + PACK & (PACK * mask + PACK - 1);
        found = merges[slot]!;
      }
      const inner = parts[PACK * x + 1]!, outer = parts[PACK * y]!;
      const rankX = parts[PACK * x + 2]!, rankY = parts[PACK * y + 2]!;
      if (inner >= 0 && (rankX > rankY || outer < 0)) {
        limit = rankX;
        x = inner;
      } else if (outer >= 0) {
        limit = rankY + 1;
        y = outer;
      } else {
        this.lookups += lookups;
        return true;
      }
    }
  }
}
