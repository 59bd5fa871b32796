/**
 * Byte pair encoding of one piece at a time, by the last token of every prefix. Some tokens are emitted
 * before the piece ends. Positions are byte offsets in the flow's text.
 *
 * @module
 */

import { BpeSearch, MAX_SEARCHED } from "./bpe_search.ts";
import type { Compatibility } from "./compatible.ts";
import type { PieceMemo } from "./piece_memo.ts";
import { CELL, type EngineTables, noProgress } from "./tables.ts";
import type { TextLookups } from "./lookups.ts";
import type { TokenList } from "./token_list.ts";
import { pointLength } from "./utf8.ts";
import { plainTables } from "./lazy_tables.ts";
import type { BpeTables } from "./vocabulary.ts";

/** Interval, in bytes of a piece, at which tokens may be emitted before the piece ends. */
export const COMMIT_EVERY = 32;
/** Minimum bytes held before tokens may be emitted early. */
export const COMMIT_FROM = 64;

/** Resumable walk over one piece. */
export class BpeWalk {
  /** Offset of the piece's first byte. */
  start = 0;
  /** Offset of the first byte whose token has not been emitted. */
  left = 0;
  /** Offset up to which bytes have been walked. */
  walked = 0;
  readonly #bpe: BpeTables;
  readonly #tables: EngineTables;
  readonly #compatibility: Compatibility;
  readonly #memo: PieceMemo;
  readonly #counts: TextLookups;
  readonly #list: TokenList;
  #lasts: Int32Array;
  #marks: Uint8Array;
  #cell = 0;
  readonly #search: BpeSearch | null;

  /**
   * Creates a walk.
   *
   * @param bpe Compiled byte pair encoding.
   * @param tables Its tables in the engine's layout.
   * @param compatibility Cached test whether two tokens may be neighbours.
   * @param counts Counters to which lookups are added.
   * @param list List to which tokens are appended.
   * @param room Capacity of the flow's text, in bytes.
   */
  constructor(
    bpe: BpeTables,
    tables: EngineTables,
    compatibility: Compatibility,
    counts: TextLookups,
    list: TokenList,
    room: number,
  ) {
    this.#bpe = plainTables(bpe);
    this.#tables = tables;
    this.#compatibility = compatibility;
    this.#memo = compatibility.pieces;
    this.#counts = counts;
    this.#list = list;
    this.#search = bpe.units === "bytes" ? new BpeSearch(bpe, tables, compatibility, counts) : null;
    this.#lasts = new Int32Array(room);
    this.#marks = new Uint8Array(room + 1);
  }

  /** Begins a piece at offset `at`. */
  begin(at: number): void {
    this.start = this.left = this.walked = at;
    this.#cell = 0;
  }

  /** Subtracts `by` bytes from all offsets, after the text has moved to the front of its buffer. */
  shift(by: number): void {
    this.#lasts.copyWithin(0, by, this.walked);
    this.start -= by;
    this.left -= by;
    this.walked -= by;
  }

  /** Grows the buffers to a new text capacity of `room` bytes. */
  grow(room: number): void {
    const lasts = new Int32Array(room);
    lasts.set(this.#lasts);
    this.#lasts = lasts;
    this.#marks = new Uint8Array(room + 1);
  }

  /**
   * Ends the piece and appends its remaining tokens.
   *
   * @param text The flow's text.
   * @param end Exclusive end of the piece.
   */
  finish(text: Uint8Array, end: number): void {
    const { whole, ids, wholeFirst, depth } = this.#bpe;
    const length = end - this.start;
    const fresh = this.walked === this.start;
    const first = this.#list.count;
    if (fresh && this.#memo.find(text, this.start, end, this.#list)) return;
    if (fresh && length <= MAX_SEARCHED && this.#search?.find(text, this.start, end, this.#list)) {
      return this.#memo.keep(this.#list, first);
    }
    this.walk(text, end);
    const token = depth[this.#cell] === length ? whole[this.#cell]! : -1;
    if (wholeFirst && this.left === this.start && token >= 0) this.#list.put(ids[token]!, length, 1, 0);
    else this.#leave(end, 1);
    if (fresh) this.#memo.keep(this.#list, first);
  }

  /**
   * Walks further bytes; may append tokens.
   *
   * @param text The flow's text.
   * @param end Exclusive end of the bytes that certainly belong to the piece.
   */
  walk(text: Uint8Array, end: number): void {
    if (this.#bpe.units === "characters") return this.#walkCharacters(text, end);
    const { fail, suffix, lengths } = this.#bpe;
    const { cells } = this.#tables;
    const lasts = this.#lasts, counts = this.#counts, compatibility = this.#compatibility;
    const start = this.start;
    let cell = this.#cell, at = this.walked, left = this.left;
    let steps = 0, tried = 0;
    while (at < end) {
      const byte = text[at]!;
      let to = cells[cell * CELL]! + byte;
      steps++;
      while (cells[to * CELL + 1] !== cell) {
        if (cell === 0) throw noProgress("a byte has no path");
        cell = fail[cell]!;
        to = cells[cell * CELL]! + byte;
        steps++;
      }
      cell = to;
      let token = cells[cell * CELL + 2]! >> 1;
      at++;
      for (;;) {
        if (token < 0) throw noProgress("a prefix has no last token");
        tried++;
        const from = at - lengths[token]!;
        if (from === start || (from >= left && from > start && compatibility.test(lasts[from - 1]!, token))) {
          break;
        }
        token = suffix[token]!;
      }
      lasts[at - 1] = token;
      if (((at - start) & (COMMIT_EVERY - 1)) === 0 && at - left >= COMMIT_FROM) {
        this.#agree(at, cell);
        left = this.left;
      }
    }
    counts.automaton += steps;
    counts.candidates += tried;
    this.#cell = cell;
    this.walked = at;
  }

  /**
   * {@linkcode BpeWalk.walk} for tokens made of characters; a character without a token becomes its byte
   * tokens.
   */
  #walkCharacters(text: Uint8Array, end: number): void {
    const { suffix, lengths, fallback, longest } = this.#bpe;
    const lasts = this.#lasts, compatibility = this.#compatibility;
    const start = this.start;
    let at = this.walked;
    while (at < end) {
      const before = at;
      const length = pointLength(text[at]!);
      at += length;
      const cell = this.#characterCell(text, before, length);
      this.#cell = Math.max(0, cell);
      if (cell < 0) { for (let n = 0; n < length; n++) lasts[before + n] = fallback[text[before + n]!]!; }
      else {
        lasts.fill(-1, before, at - 1);
        let token = longest[cell]!;
        for (;;) {
          if (token < 0) throw noProgress("a prefix has no last token");
          this.#counts.candidates++;
          const from = at - lengths[token]!;
          if (
            from === start ||
            (from >= this.left && from > start && compatibility.test(lasts[from - 1]!, token))
          ) break;
          token = suffix[token]!;
        }
        lasts[at - 1] = token;
      }
      const passes = Math.floor((at - start) / COMMIT_EVERY) !== Math.floor((before - start) / COMMIT_EVERY);
      if (passes && at - this.left >= COMMIT_FROM) this.#agree(at, this.#cell);
    }
    this.walked = at;
  }

  /** State of the automaton after a character; −1 if no token contains it. */
  #characterCell(text: Uint8Array, at: number, length: number): number {
    const { base, check, fail, depth, longest } = this.#bpe;
    let cell = this.#cell;
    for (let n = 0; n < length; n++) {
      const byte = text[at + n]!;
      this.#counts.automaton++;
      while (check[base[cell]! + byte] !== cell) {
        if (cell === 0) return -1;
        cell = fail[cell]!;
        this.#counts.automaton++;
      }
      cell = base[cell]! + byte;
    }
    return depth[cell]! < length || longest[cell]! < 0 ? -1 : cell;
  }

  /**
   * Emits the tokens that all continuations share: the chains from every possible next token start converge
   * there.
   */
  #agree(at: number, cell: number): void {
    const { depth, lengths } = this.#bpe;
    const lasts = this.#lasts, marks = this.#marks, left = this.left;
    let ways = 0;
    for (let place = Math.max(left, at - depth[cell]!); place <= at; place++) {
      // No token begins inside a character.
      if (place > left && lasts[place - 1]! < 0) continue;
      marks[place] = 1;
      ways++;
    }
    let place = at;
    for (; ways > 1; place--) {
      if (place <= left) throw noProgress("the ways back do not meet");
      if (marks[place] === 0) continue;
      marks[place] = 0;
      const before = place - lengths[lasts[place - 1]!]!;
      if (marks[before] === 1) ways--;
      else marks[before] = 1;
    }
    while (marks[place] === 0) place--;
    marks[place] = 0;
    if (place > left) this.#leave(place, 0);
  }

  /** Emits the tokens up to offset `to`. */
  #leave(to: number, ends: number): void {
    const { ids, lengths } = this.#bpe;
    const lasts = this.#lasts, left = this.left, list = this.#list;
    let number = 0;
    for (let at = to; at > left; at -= lengths[lasts[at - 1]!]!) number++;
    list.reserve(number);
    let slot = list.count += number;
    for (let at = to; at > left;) {
      const token = lasts[at - 1]!;
      list.tokens[--slot] = ids[token]! * 2;
      list.lengths[slot] = lengths[token]!;
      list.gaps[slot] = 0;
      at -= lengths[token]!;
    }
    list.tokens[list.count - 1]! |= ends;
    this.left = to;
  }
}
