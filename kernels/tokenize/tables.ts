/**
 * Tables of a vocabulary in the engine's layout: the same entries, packed so that a step is one read.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { plainTables } from "./lazy_tables.ts";
import type { BpeTables, PieceTables, UnigramTables, Vocabulary, WordPieceTables } from "./vocabulary.ts";

/** Flag in {@linkcode EngineTables.next}: a piece may end after this code point. */
export const ACCEPT_HERE = 1;
/** Flag in {@linkcode EngineTables.next}: a piece may end before this code point. */
export const ACCEPT_BEFORE = 2;
/** Flag in {@linkcode EngineTables.next}: no longer match is possible. */
export const ACCEPT_FINAL = 4;

/** Numbers of a cell in {@linkcode EngineTables.cells}: base, check, longest token, id of the whole path. */
export const CELL = 4;

/** Tables of a vocabulary, packed for the engine. Plain data. */
export interface EngineTables {
  /** Vocabulary of the tables. */
  readonly vocabulary: Vocabulary;
  /** Tables of byte pair encoding; null with another algorithm. */
  readonly bpe: BpeTables | null;
  /**
   * Automaton over bytes, {@linkcode CELL} numbers a cell, so that a step reads one cache line. The numbers
   * are: base; parent cell; longest token that ends there, times 2, plus 1 if it is the whole path; and the
   * id of a piece equal to the path, or −1. Empty without byte pair encoding. Packed at the first access.
   */
  readonly cells: Int32Array;
  /** Tables of WordPiece; null with another algorithm. */
  readonly wordPiece: WordPieceTables | null;
  /** Tables of Unigram; null with another algorithm. */
  readonly unigram: UnigramTables | null;
  /** At `row + class`: the next row times 8, plus the ACCEPT bits of its state; −1 if the match ends. */
  readonly next: Int32Array;
  /** Row at which pieces begin. */
  readonly start: number;
  /** Class of the end of the text. */
  readonly end: number;
  /** By row: 1 if the piece that ends there is dropped; empty if no piece is. */
  readonly drop: Uint8Array;
  /** By ASCII code point: its class. */
  readonly ascii: Uint8Array;
  /** By `code point >> 8`: its block of classes. */
  readonly blockOf: Uint16Array;
  /** At `block * 256 + (code point & 255)`: the class. */
  readonly classOf: Uint8Array;
}

const packed = new WeakMap<Vocabulary, EngineTables>();

/**
 * Packs a vocabulary's tables; cached for each vocabulary.
 *
 * @param vocabulary Compiled vocabulary.
 * @returns Its tables.
 * @throws {OnpathError} `table` if a piece gives back more than one code point.
 */
export function engineTables(vocabulary: Vocabulary): EngineTables {
  let tables = packed.get(vocabulary);
  if (tables === undefined) {
    tables = pack(vocabulary);
    packed.set(vocabulary, tables);
  }
  return tables;
}

function pack(vocabulary: Vocabulary): EngineTables {
  const pieces = vocabulary.pieces ?? ONE_PIECE;
  const { states, classes, transitions, accept, final, start, blockOf, classOf } = pieces;
  const next = new Int32Array(states * classes).fill(-1);
  for (let at = 0; at < next.length; at++) {
    const to = transitions[at]!;
    if (to < 0) continue;
    const back = accept[to]!;
    if (back > 1) {
      throw new OnpathError(
        "table",
        `Cannot tokenize with ${vocabulary.name}: a piece gives back ${back} code points, expected at most 1`,
        { vocabulary: vocabulary.name, back },
      );
    }
    const ends = back < 0 ? 0 : (back === 0 ? ACCEPT_HERE : ACCEPT_BEFORE) | (final[to] ? ACCEPT_FINAL : 0);
    next[at] = to * classes * 8 | ends;
  }
  const drop = new Uint8Array(pieces.drop.includes(1) ? states * classes : 0);
  if (drop.length > 0) {
    for (let state = 0; state < states; state++) drop[state * classes] = pieces.drop[state]!;
  }
  const ascii = Uint8Array.from({ length: 128 }, (_, point) => classOf[blockOf[0]! * 256 + point]!);
  let cells: Int32Array | undefined;
  return {
    vocabulary,
    bpe: vocabulary.bpe,
    get cells() {
      return cells ??= vocabulary.bpe === null ? new Int32Array(0) : packCells(plainTables(vocabulary.bpe));
    },
    wordPiece: vocabulary.wordPiece,
    unigram: vocabulary.unigram ?? null,
    next,
    start: start * classes,
    end: classes - 1,
    drop,
    ascii,
    blockOf,
    classOf,
  };
}

function packCells({ base, check, longest, whole, lengths, depth, ids, wholeFirst }: BpeTables): Int32Array {
  const cells = new Int32Array(CELL * base.length);
  for (let cell = 0, at = 0; cell < base.length; cell++, at += CELL) {
    const token = wholeFirst ? whole[cell]! : longest[cell]!;
    cells[at] = base[cell]!;
    cells[at + 1] = check[cell]!;
    const last = longest[cell]!;
    cells[at + 2] = last * 2 | (last >= 0 && lengths[last] === depth[cell] ? 1 : 0);
    cells[at + 3] = token >= 0 && lengths[token] === depth[cell] ? ids[token]! : -1;
  }
  return cells;
}

/** Creates the error for contradictory tables, at a point where every text has a token or piece. */
export function noProgress(what: string): OnpathError {
  return new OnpathError("table", `Cannot tokenize: the vocabulary's tables contradict each other, ${what}`, {
    what,
  });
}

/**
 * Computes the memory of a vocabulary's tables on the host, in bytes: pieces, and those of its algorithm.
 *
 * @param vocabulary Compiled vocabulary.
 */
export function vocabularyBytes({ pieces, bpe, wordPiece, unigram }: Vocabulary): number {
  const fields = [pieces, bpe, wordPiece, unigram].flatMap((tables) => Object.values(tables ?? {}));
  return fields.reduce((sum, field) => sum + (ArrayBuffer.isView(field) ? field.byteLength : 0), 0);
}

/** Tables for a text that is one piece: one class and one state, which every code point keeps. */
const ONE_PIECE: PieceTables = {
  states: 1,
  classes: 2,
  start: 0,
  transitions: Int16Array.of(0, 0),
  accept: Int8Array.of(0),
  final: Uint8Array.of(0),
  drop: Uint8Array.of(0),
  blockOf: new Uint16Array(0x1100),
  classOf: new Uint8Array(256),
};
