/**
 * Image of a compiled vocabulary for the hardware tokenizer: its external memory in words of 16 bytes, and
 * its on-chip tables.
 *
 * | word | bits, from bit 0 on |
 * |---|---|
 * | cell of the automaton | 19 parent, 19 base, 19 failure, 19 the failure's base, 16 longest token, 8 its length, 8 depth, 16 whole token |
 * | token | 16 next shorter suffix, 8 its length, 16 left part, 16 right part, 17 rank + 1, 16 next shorter prefix, 8 its length |
 * | two slots of the merges, 64 bits each | 16 left token, 16 right token, 17 rank + 1 |
 *
 * Cells come first, then tokens, then merges. A field has all bits set if the token or parent is absent;
 * rank + 1 is 0 if there is no merge. A cell contains everything that a step reads, including the failure's
 * base. So a matching byte reads one word, and each failure one more.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { type PieceTable, pieceTable } from "./piece_table.ts";
import { type BpeTables, pairHash, type PieceTables, type Vocabulary } from "./vocabulary.ts";

/** Capacities of the hardware tokenizer: widths of memory fields, and sizes of on-chip tables. */
export const TOKENIZE_LIMITS = {
  /** External memory, in bytes. */
  memory: 2 ** 23,
  /** Tokens of byte pair encoding. */
  tokens: 2 ** 16 - 1,
  /** Cells of the automaton. */
  cells: 2 ** 19 - 1,
  /** Longest token, in bytes. */
  tokenBytes: 255,
  /** States times classes of the piece tables. */
  transitions: 2 ** 11,
  /** Classes of code points, including the end of the text. */
  classes: 64,
  /** Distinct blocks of 256 code points. */
  blocks: 256,
  /** Exclusive limit of ids. */
  ids: 2 ** 17,
  /** Buckets in each of the two banks of the table of pieces. */
  pieceBuckets: 2 ** 14,
  /** Capacity of a flow's ring, in bytes. */
  window: 512,
  /** Flows held at once. */
  flows: 8,
  /** Parts of one answer. */
  parts: 32,
  /** Longest payload, in bytes. */
  payload: 1344,
} as const;

/** Size of a word of external memory, in bytes. */
const WORD_BYTES = 16;
const NO_CELL = 2 ** 19 - 1;
const NO_TOKEN = 2 ** 16 - 1;

/** Tables of the hardware tokenizer. Plain data. */
export interface TokenizeImage {
  /** External memory: each 16-byte word is four numbers, the lowest bits first. */
  readonly memory: Uint32Array;
  /** By `code point >> 8`: its block. */
  readonly blocks: Uint8Array;
  /** By `block * 256 + (code point & 255)`: the class. */
  readonly classes: Uint8Array;
  /**
   * By row + class: bits 0–10 next row; bits 11–12 possible end of the piece (0 none, 1 here, 2 one code
   * point earlier); bit 13 piece ends at once; bit 14 no further match.
   */
  readonly transitions: Uint16Array;
  /** By token: its id. */
  readonly ids: Int32Array;
  /** Row at which pieces begin. */
  readonly start: number;
  /** Class of the end of the text. */
  readonly endClass: number;
  /** Base of the root. */
  readonly root: number;
  /** Word address of token 0. */
  readonly tokensAt: number;
  /** Word address of the first two slots of merges. */
  readonly pairsAt: number;
  /** Number of merge slots minus one; the slot count is a power of two. */
  readonly pairMask: number;
  /** True if a piece equal to a token becomes that token, whatever the merges produce. */
  readonly wholeFirst: boolean;
  /** Width of an id, in bits. */
  readonly bits: number;
  /** Exact table of pieces that are one token. */
  readonly pieces: PieceTable;
  /** By first byte of a token: bits 0–18 base of its state's children; from bit 19 on its token. */
  readonly roots: Float64Array;
  /** Filter of merges: bit n of all words is set if some pair's hash ends in n. */
  readonly filter: Uint32Array;
}

/**
 * Creates the hardware's tables from a vocabulary.
 *
 * @param vocabulary Compiled vocabulary.
 * @param pieceBuckets Buckets in each bank of the hardware's table of pieces, a power of two.
 * @returns The tables.
 * @throws {OnpathError} `device` if the hardware lacks a feature that the vocabulary needs; `table` if a
 * table exceeds its capacity. The message names the feature or table.
 */
export function tokenizeImage(
  vocabulary: Vocabulary,
  pieceBuckets: number = TOKENIZE_LIMITS.pieceBuckets,
): TokenizeImage {
  const { name, bpe, pieces } = vocabulary;
  if (bpe === null) throw lacks(name, `the algorithm ${vocabulary.algorithm}`);
  if (bpe.units !== "bytes") throw lacks(name, "characters with a byte fallback");
  if (vocabulary.normalization.length > 0) {
    throw lacks(name, `normalisation (${vocabulary.normalization.map(({ op }) => op).join(", ")})`);
  }
  const slots = bpe.pairLeft.length;
  fits(name, "tokens", bpe.tokens, TOKENIZE_LIMITS.tokens);
  fits(name, "cells of the automaton", bpe.base.length, TOKENIZE_LIMITS.cells);
  fits(name, "bytes of the longest token", bpe.longestToken, TOKENIZE_LIMITS.tokenBytes);
  fits(name, "ids", vocabulary.idLimit, TOKENIZE_LIMITS.ids);
  const words = bpe.base.length + bpe.tokens + slots / 2;
  fits(name, "bytes of memory", words * WORD_BYTES, TOKENIZE_LIMITS.memory);
  const memory = new Uint32Array(4 * words);
  writeCells(memory, bpe);
  writeTokens(memory, bpe);
  writePairs(memory, bpe);
  return {
    memory,
    ...(pieces === null ? ONE_PIECE : pieceTables(name, pieces)),
    ids: bpe.ids,
    root: bpe.base[0]!,
    tokensAt: bpe.base.length,
    pairsAt: bpe.base.length + bpe.tokens,
    pairMask: slots - 1,
    wholeFirst: bpe.wholeFirst,
    bits: Math.max(1, 32 - Math.clz32(vocabulary.idLimit - 1)),
    pieces: pieceTableOf(vocabulary, bpe, pieceBuckets),
    roots: rootTable(bpe),
    filter: mergeFilter(bpe),
  };
}

/** Tables of pieces that were made. Making one takes longer than the rest of an image, and every load makes an image. */
const madeTables = new WeakMap<Vocabulary, Map<number, PieceTable>>();

/** Makes the table of pieces of a vocabulary once. */
function pieceTableOf(vocabulary: Vocabulary, bpe: BpeTables, buckets: number): PieceTable {
  let made = madeTables.get(vocabulary);
  if (made === undefined) madeTables.set(vocabulary, made = new Map());
  let table = made.get(buckets);
  if (table === undefined) made.set(buckets, table = pieceTable(bpe, vocabulary.pieces, buckets));
  return table;
}

type OnChip = Pick<TokenizeImage, "blocks" | "classes" | "transitions" | "start" | "endClass">;

const HERE = 1 << 11, BEFORE = 2 << 11, FINAL = 1 << 13, DEAD = 1 << 14;

/** The whole text is one piece: it may end anywhere, and continues as long as possible. */
const ONE_PIECE: OnChip = {
  blocks: new Uint8Array(0x1100),
  classes: new Uint8Array(256),
  transitions: Uint16Array.of(HERE, DEAD),
  start: 0,
  endClass: 1,
};

function pieceTables(name: string, tables: PieceTables): OnChip {
  const { states, classes, blockOf, classOf, accept, final, drop } = tables;
  fits(name, "transitions between states of the piece tables", states * classes, TOKENIZE_LIMITS.transitions);
  fits(name, "classes of code points", classes, TOKENIZE_LIMITS.classes);
  fits(name, "blocks of code points", classOf.length / 256, TOKENIZE_LIMITS.blocks);
  if (accept.some((back) => back > 1)) throw lacks(name, "pieces that give back more than a code point");
  if (drop.some((dropped) => dropped !== 0)) throw lacks(name, "pieces that are left out");
  const transitions = Uint16Array.from(tables.transitions, (to) => {
    if (to < 0) return DEAD;
    const ends = accept[to]! < 0 ? 0 : accept[to] === 0 ? HERE : BEFORE;
    return (to * classes) | ends | (final[to] === 1 ? FINAL : 0);
  });
  return {
    blocks: Uint8Array.from(blockOf),
    classes: classOf,
    transitions,
    start: tables.start * classes,
    endClass: classes - 1,
  };
}

function writeCells(memory: Uint32Array, bpe: BpeTables): void {
  const { base, check, fail, depth, whole, longest, lengths } = bpe;
  for (let cell = 0; cell < base.length; cell++) {
    const token = longest[cell]!;
    put(memory, cell, 0, 19, check[cell]! < 0 ? NO_CELL : check[cell]!);
    put(memory, cell, 19, 19, base[cell]!);
    put(memory, cell, 38, 19, fail[cell]!);
    put(memory, cell, 57, 19, base[fail[cell]!]!);
    put(memory, cell, 76, 16, token < 0 ? NO_TOKEN : token);
    put(memory, cell, 92, 8, token < 0 ? 0 : lengths[token]!);
    put(memory, cell, 100, 8, depth[cell]!);
    put(memory, cell, 108, 16, whole[cell]! < 0 ? NO_TOKEN : whole[cell]!);
  }
}

/** First bytes of tokens, so that the search of a token begins with its second byte. */
function rootTable({ base, longest }: BpeTables): Float64Array {
  return Float64Array.from({ length: 256 }, (_, byte) => {
    const cell = base[0]! + byte;
    return base[cell]! + (longest[cell]! < 0 ? NO_TOKEN : longest[cell]!) * 2 ** 19;
  });
}

/** Most pairs of tokens that no merge makes have no bit here, so that their merge is not looked up. */
function mergeFilter({ pairLeft, pairRight }: BpeTables): Uint32Array {
  const filter = new Uint32Array(FILTER_BITS / 32);
  pairLeft.forEach((left, slot) => {
    if (left < 0) return;
    const bit = pairHash(left, pairRight[slot]!) & (FILTER_BITS - 1);
    filter[bit >> 5]! |= 1 << (bit & 31);
  });
  return filter;
}

/** Bits of the filter of merges. */
const FILTER_BITS = 2 ** 19;

/** By token: its longest proper prefix that merges make, or −1. */
function shorterPrefixes({ tokens, base, check, longest, lengths, depth }: BpeTables): Int32Array {
  const tokenAt = (cell: number) => {
    const token = longest[cell]!;
    return token >= 0 && lengths[token] === depth[cell] ? token : -1;
  };
  const prefixes = new Int32Array(tokens).fill(-1);
  for (let cell = 1; cell < base.length; cell++) {
    if (check[cell]! < 0 || tokenAt(cell) < 0) continue;
    let shorter = check[cell]!;
    while (shorter !== 0 && tokenAt(shorter) < 0) shorter = check[shorter]!;
    if (shorter !== 0) prefixes[tokenAt(cell)] = tokenAt(shorter);
  }
  return prefixes;
}

function writeTokens(memory: Uint32Array, bpe: BpeTables): void {
  const { suffix, lengths, left, right, ranks } = bpe;
  const prefixes = shorterPrefixes(bpe);
  for (let token = 0; token < bpe.tokens; token++) {
    const word = bpe.base.length + token;
    const next = suffix[token]!;
    put(memory, word, 0, 16, next < 0 ? NO_TOKEN : next);
    put(memory, word, 16, 8, next < 0 ? 0 : lengths[next]!);
    put(memory, word, 24, 16, left[token]! < 0 ? NO_TOKEN : left[token]!);
    put(memory, word, 40, 16, right[token]! < 0 ? NO_TOKEN : right[token]!);
    put(memory, word, 56, 17, ranks[token]! + 1);
    const shorter = prefixes[token]!;
    put(memory, word, 73, 16, shorter < 0 ? NO_TOKEN : shorter);
    put(memory, word, 89, 8, shorter < 0 ? 0 : lengths[shorter]!);
  }
}

function writePairs(memory: Uint32Array, bpe: BpeTables): void {
  const { pairLeft, pairRight, pairRank } = bpe;
  const from = bpe.base.length + bpe.tokens;
  for (let slot = 0; slot < pairLeft.length; slot++) {
    const [word, at] = [from + (slot >> 1), 64 * (slot & 1)];
    const none = pairLeft[slot]! < 0;
    put(memory, word, at, 16, none ? NO_TOKEN : pairLeft[slot]!);
    put(memory, word, at + 16, 16, none ? NO_TOKEN : pairRight[slot]!);
    put(memory, word, at + 32, 17, none ? 0 : pairRank[slot]! + 1);
  }
}

/** Writes a field of up to 19 bits into a memory word; the field must be zero before. */
function put(memory: Uint32Array, word: number, at: number, bits: number, value: number): void {
  const index = 4 * word + (at >> 5);
  const shift = at & 31;
  memory[index]! |= value << shift;
  if (shift + bits > 32) memory[index + 1]! |= value >>> (32 - shift);
}

function fits(name: string, what: string, has: number, most: number): void {
  if (has <= most) return;
  throw new OnpathError(
    "table",
    `Cannot load vocabulary "${name}" into the RTL: it has ${has} ${what}, expected at most ${most}`,
    { vocabulary: name, what, has, most },
  );
}

function lacks(name: string, what: string): OnpathError {
  return new OnpathError("device", `Cannot load vocabulary "${name}" into the RTL: no support for ${what}`, {
    vocabulary: name,
    what,
  });
}
