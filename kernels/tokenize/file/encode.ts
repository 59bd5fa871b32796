/**
 * Writes a compiled vocabulary as a table file. Numbers are little-endian:
 *
 * | bytes | content |
 * |---|---|
 * | 0–3 | `OPVT` |
 * | 4–5 | version, 1 |
 * | 6–7 | 0 |
 * | 8–11 | length of the body after the head, in bytes |
 * | 12–15 | CRC-32C of the body: the vocabulary's checksum |
 * | 16– | a block of MessagePack ({@linkcode TABLE_META}), then arrays of bits, in the order of the code below |
 *
 * The last parts are the lengths of the ids in bytes, those bytes, and four bytes of zero padding. Tables
 * that follow from other arrays are omitted: the longest token of a state, suffixes, ranks, and the hash
 * table of merges.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { crc32c } from "../../../serialize/crc32c.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { parseWith } from "../../schema.ts";
import {
  type BpeTables,
  type PieceTables,
  requireVocabulary,
  type UnigramTables,
  type Vocabulary,
  type WordPieceTables,
} from "../vocabulary.ts";
import { TableWriter } from "./bits.ts";
import { MAX_META_BYTES, TABLE_META, type TableMeta } from "./meta.ts";

/** `OPVT` as a little-endian word. */
export const TABLE_MAGIC = 0x5456504f;

/** Version of the table file that this build writes and reads. */
export const TABLE_VERSION = 1;

/** Length of the file's head in bytes; the CRC covers everything after it. */
export const TABLE_HEAD_BYTES = 16;

/**
 * Writes a compiled vocabulary.
 *
 * @param vocabulary Compiled vocabulary; its own checksum is ignored.
 * @returns The file. The same vocabulary always yields the same bytes.
 * @throws {OnpathError} `size` if a number is out of range.
 */
export function encodeVocabulary(vocabulary: Omit<Vocabulary, "checksum">): Uint8Array {
  requireVocabulary(vocabulary);
  const { pieces, bpe, wordPiece, unigram } = vocabulary;
  const out = new TableWriter();
  out.block(encodeMeta(metaOf(vocabulary)));
  if (pieces !== null) writePieces(out, pieces);
  if (bpe !== null) writeBpe(out, bpe);
  if (wordPiece !== null) writeTrie(out, wordPiece);
  if (unigram !== undefined) writeUnigram(out, unigram);
  const { bytes, offsets, idLimit } = vocabulary;
  out.numbers(Uint32Array.from({ length: idLimit }, (_, id) => offsets[id + 1]! - offsets[id]!));
  out.block(bytes);

  const body = out.bytes();
  const file = new Uint8Array(TABLE_HEAD_BYTES + body.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, TABLE_MAGIC, true);
  view.setUint16(4, TABLE_VERSION, true);
  view.setUint32(8, body.length, true);
  view.setUint32(12, crc32c(body), true);
  file.set(body, TABLE_HEAD_BYTES);
  return file;
}

/** Writes the head; rejects a head that could not be read back. */
function encodeMeta(meta: TableMeta): Uint8Array {
  const block = encode(parseWith(TABLE_META, meta, "table", "head of a compiled vocabulary"));
  if (block.length <= MAX_META_BYTES) return block;
  throw new OnpathError(
    "size",
    `Cannot write the head of a vocabulary: it has ${block.length} bytes, expected at most ${MAX_META_BYTES}`,
    { bytes: block.length, most: MAX_META_BYTES },
  );
}

function metaOf(vocabulary: Omit<Vocabulary, "checksum">): TableMeta {
  const {
    name,
    idLimit,
    normalization,
    decoding,
    special,
    around,
    templates,
    pieces,
    bpe,
    wordPiece,
    unigram,
  } = vocabulary;
  return {
    name,
    idLimit,
    normalization: [...normalization],
    decoding,
    special: special.map(({ text, id, isSkipped, strip }) => ({
      text,
      id,
      ...(isSkipped === false && { isSkipped }),
      ...(strip !== undefined && { strip }),
    })),
    around: { before: [...around.before], after: [...around.after] },
    ...(templates !== undefined && { templates }),
    pieces: pieces === null ? null : {
      states: pieces.states,
      classes: pieces.classes,
      start: pieces.start,
      blocks: pieces.classOf.length / 256,
    },
    cells: (bpe ?? wordPiece ?? unigram!).check.length,
    bpe: bpe === null ? null : {
      tokens: bpe.tokens,
      merges: bpe.ranks.reduce((count, rank) => count + (rank >= 0 ? 1 : 0), 0),
      units: bpe.units,
      wholeFirst: bpe.wholeFirst,
      ...(bpe.fallback.includes(-1) && {
        holes: Array.from(bpe.fallback.keys()).filter((byte) => bpe.fallback[byte]! < 0),
      }),
      ...(bpe.runs !== undefined && {
        runs: bpe.runs.map(({ unit, first, apart }) => ({ unit, first, length: Math.sqrt(apart.length) })),
      }),
    },
    wordPiece: wordPiece === null ? null : {
      inside: wordPiece.roots[1],
      unknown: wordPiece.unknown,
      maxCharacters: wordPiece.maxCharacters,
    },
    ...(unigram !== undefined && {
      unigram: {
        unknown: unigram.unknown,
        unknownScore: unigram.unknownScore,
        hasFallback: unigram.fallback.length > 0,
        ...(unigram.isSingle === true && { isSingle: true as const }),
      },
    }),
  };
}

function writePieces(out: TableWriter, pieces: PieceTables): void {
  out.numbers(pieces.transitions, 1);
  out.numbers(pieces.accept, 1);
  out.numbers(pieces.final);
  out.numbers(pieces.drop);
  out.numbers(pieces.blockOf);
  out.numbers(pieces.classOf);
}

/** Writes BPE's tables; a token's cell is 0 if the automaton lacks it. */
function writeBpe(out: TableWriter, bpe: BpeTables): void {
  const cellOf = new Int32Array(bpe.tokens);
  for (let cell = 0; cell < bpe.whole.length; cell++) {
    if (bpe.whole[cell]! >= 0) cellOf[bpe.whole[cell]!] = cell;
  }
  const firstMerged = bpe.tokens - bpe.ranks.reduce((count, rank) => count + (rank >= 0 ? 1 : 0), 0);
  const made = new Uint8Array(bpe.tokens);
  for (let cell = 0; cell < bpe.longest.length; cell++) {
    if (bpe.longest[cell]! >= 0) made[bpe.longest[cell]!] = 1;
  }
  out.numbers(bpe.base);
  out.numbers(bpe.check, 1);
  out.numbers(bpe.fail);
  out.numbers(bpe.depth);
  out.numbers(cellOf);
  out.numbers(made.subarray(0, firstMerged));
  out.numbers(bpe.ids);
  out.numbers(bpe.left.subarray(firstMerged));
  out.numbers(bpe.right.subarray(firstMerged));
  out.numbers(bpe.fallback.map((token) => Math.max(0, token)));
  for (const { apart } of bpe.runs ?? []) out.numbers(apart);
}

/** Writes the trie of WordPiece or Unigram, with the depth of each cell. */
function writeTrie(out: TableWriter, tables: Pick<WordPieceTables, "base" | "check" | "whole">): void {
  const depth = new Uint16Array(tables.check.length);
  const depthOf = (cell: number): number => {
    if (depth[cell] === 0 && cell !== 0) depth[cell] = depthOf(tables.check[cell]!) + 1;
    return depth[cell]!;
  };
  for (let cell = 0; cell < tables.check.length; cell++) if (tables.check[cell]! >= 0) depthOf(cell);
  out.numbers(tables.base);
  out.numbers(tables.check, 1);
  out.numbers(depth);
  out.numbers(tables.whole, 1);
}

/** Writes Unigram's tables; scores are float64 by id, little-endian. */
function writeUnigram(out: TableWriter, tables: UnigramTables): void {
  writeTrie(out, tables);
  const scores = new DataView(new ArrayBuffer(8 * tables.scores.length));
  tables.scores.forEach((score, id) => scores.setFloat64(8 * id, score, true));
  out.block(new Uint8Array(scores.buffer));
  out.numbers(tables.fallback, 1);
}
