/**
 * Unigram within one piece: the tokens whose scores have the greatest sum (Viterbi).
 *
 * The search is that of Hugging Face's tokenizers, and so are its ties: sums are float64, added from the
 * beginning of the piece; a path replaces another only if its sum is greater; shorter tokens and earlier
 * beginnings are tried first. The sums of SentencePiece itself are float32. A character that is no token costs ten more than the token of the lowest score.
 * Such characters in a row become one unknown token, or the tokens of their bytes.
 *
 * Source: `encode_optimized` of the crate tokenizers, after SentencePiece's.
 *
 * @module
 */

import { noProgress } from "./tables.ts";
import type { TextLookups } from "./lookups.ts";
import type { TokenList } from "./token_list.ts";
import { pointLength } from "./utf8.ts";
import type { UnigramTables } from "./vocabulary.ts";

/** Tokens of one piece at a time; the buffers are reused. */
export class UnigramSearch {
  readonly #tables: UnigramTables;
  readonly #counts: TextLookups;
  // By offset in the piece: the greatest sum up to there, and the last token's start and id; −1 for none.
  #sums: Float64Array | Float32Array;
  #froms = new Int32Array(256);
  #ids = new Int32Array(256);
  // Tokens of the piece from its end: start and id.
  readonly #chosen: [from: number, id: number][] = [];

  /**
   * Creates a search.
   *
   * @param tables Tables of the vocabulary.
   * @param counts Counters to which lookups are added.
   */
  constructor(tables: UnigramTables, counts: TextLookups) {
    this.#tables = tables;
    this.#counts = counts;
    this.#sums = this.#sumsOf(256);
  }

  /** Sums of the vocabulary's precision; storing one rounds it. */
  #sumsOf(room: number): Float64Array | Float32Array {
    return this.#tables.isSingle === true ? new Float32Array(room) : new Float64Array(room);
  }

  /**
   * Appends the tokens of a piece.
   *
   * @param text Buffer that holds the piece, well-formed UTF-8.
   * @param start Offset of its first byte.
   * @param end Exclusive end, after `start`.
   * @param list List to which tokens are appended.
   */
  find(text: Uint8Array, start: number, end: number, list: TokenList): void {
    this.#search(text, start, end);
    const { unknown } = this.#tables;
    const chosen = this.#chosen, froms = this.#froms, ids = this.#ids;
    chosen.length = 0;
    for (let at = end - start; at > 0; at = froms[at]!) {
      if (froms[at]! < 0) throw noProgress("a character has no token");
      const last = chosen.at(-1);
      // Unknown characters in a row are one token.
      if (ids[at] === unknown && last?.[1] === unknown) last[0] = froms[at]!;
      else chosen.push([froms[at]!, ids[at]!]);
    }
    for (let n = chosen.length - 1; n >= 0; n--) {
      const [from, id] = chosen[n]!;
      const to = n === 0 ? end : start + chosen[n - 1]![0];
      const isLast = n === 0 ? 1 : 0;
      if (id === unknown) this.#putUnknown(text, start + from, to, isLast, list);
      else list.put(id, to - start - from, isLast, 0);
    }
  }

  #search(text: Uint8Array, start: number, end: number): void {
    const { base, check, whole, scores, unknown, unknownScore } = this.#tables;
    const isSingle = this.#tables.isSingle === true;
    const size = end - start;
    if (size >= this.#sums.length) this.#grow(size + 1);
    const sums = this.#sums, froms = this.#froms, ids = this.#ids;
    froms.fill(-1, 0, size + 1);
    sums[0] = 0;
    let steps = 0;
    for (let from = 0; from < size;) {
      const length = pointLength(text[start + from]!);
      const sum = sums[from]!;
      let isToken = false;
      for (let cell = 0, at = from; at < size;) {
        const next = base[cell]! + text[start + at]!;
        steps++;
        if (check[next] !== cell) break;
        cell = next;
        at++;
        const id = whole[cell]!;
        if (id < 0) continue;
        // SentencePiece compares before it rounds.
        const score = scores[id]! + sum;
        if (froms[at]! < 0 || score > sums[at]!) {
          sums[at] = score;
          froms[at] = from;
          ids[at] = id;
        }
        isToken ||= at - from === length;
      }
      if (!isToken) {
        const at = from + length;
        const score = isSingle ? Math.fround(unknownScore + sum) : unknownScore + sum;
        if (froms[at]! < 0 || score > sums[at]!) {
          sums[at] = score;
          froms[at] = from;
          ids[at] = unknown;
        }
      }
      from += length;
    }
    this.#counts.automaton += steps;
  }

  /** Appends the token of unknown characters: the one of their whole text, those of their bytes, or unknown. */
  #putUnknown(text: Uint8Array, from: number, to: number, ends: number, list: TokenList): void {
    const { base, check, whole, fallback, unknown } = this.#tables;
    let cell = 0, at = from;
    for (; at < to; at++) {
      const next = base[cell]! + text[at]!;
      if (check[next] !== cell) break;
      cell = next;
    }
    if (at === to && whole[cell]! >= 0) return list.put(whole[cell]!, to - from, ends, 0);
    if (fallback.length === 0) return list.put(unknown, to - from, ends, 0);
    for (at = from; at < to; at++) if (fallback[text[at]!]! < 0) return list.put(unknown, to - from, ends, 0);
    for (at = from; at < to; at++) list.put(fallback[text[at]!]!, 1, at + 1 === to ? ends : 0, 0);
  }

  #grow(room: number): void {
    this.#sums = this.#sumsOf(2 * room);
    this.#froms = new Int32Array(2 * room);
    this.#ids = new Int32Array(2 * room);
  }
}
