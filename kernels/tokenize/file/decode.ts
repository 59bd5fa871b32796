/**
 * Reads a compiled table file. A file that is truncated, changed or contradictory is rejected with a reason.
 * In an accepted file, no walk leaves its tables or fails to end.
 *
 * @module
 */

import { kindOf } from "../../../serialize/errors.ts";
import { crc32c } from "../../../serialize/crc32c.ts";
import { parseWith } from "../../schema.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import { readCharsmap } from "../../text_normalize/charsmap.ts";
import { readMessagePack } from "../../plan/message_pack.ts";
import type { BpeTables, UnigramTables, Vocabulary, WordPieceTables } from "../vocabulary.ts";
import { damaged, TableReader, TAIL_BYTES } from "./bits.ts";
import { loadBpe } from "./compiled_bpe.ts";
import { readBpe } from "./decode_bpe.ts";
import { readPieces } from "./decode_pieces.ts";
import { checkTrie, type DepthTrie, readDepth, readTrie } from "./derive.ts";
import { createWindow, type FileWindow } from "./file_window.ts";
import { TABLE_HEAD_BYTES, TABLE_MAGIC, TABLE_VERSION } from "./encode.ts";
import { MAX_ID_BYTES, MAX_META_BYTES, MAX_SCORE, TABLE_META, type TableMeta } from "./meta.ts";

/** Maximum length of a table file, in bytes. */
export const MAX_TABLE_BYTES = 2 ** 28;

/**
 * Reads a compiled vocabulary.
 *
 * @param file Bytes of the table file.
 * @returns The vocabulary; it holds no view of `file`.
 * @throws {OnpathError} `file` if the bytes are not a table file, have another version, or are truncated,
 * changed or contradictory.
 */
export function decodeVocabulary(file: Uint8Array): Vocabulary {
  return readVocabulary(file, createWindow);
}

/**
 * Reads a compiled vocabulary.
 *
 * @param file Bytes of the table file.
 * @param open Creates a window on the file for WebAssembly, or returns null for the plain path.
 */
export function readVocabulary(
  file: Uint8Array,
  open: (body: Uint8Array) => FileWindow | null,
): Vocabulary {
  const { body, checksum, window } = readHead(file, open);
  const input = new TableReader(body, 0, window?.unpack);
  const meta = readMeta(input.block("the head", MAX_META_BYTES));
  checkAnnounced(meta, input.rest());
  for (const step of meta.normalization) if (step.op === "charsmap") readCharsmap(step.map);
  const pieces = meta.pieces === null ? null : readPieces(input, meta.pieces);
  const { idLimit } = meta;
  let bpe: BpeTables | null = null;
  let wordPiece: WordPieceTables | null = null;
  let unigram: UnigramTables | undefined;
  if (meta.bpe !== null) bpe = readAnyBpe(input, meta, meta.bpe, window);
  else {
    const trie = { ...readTrie(input, meta.cells), depth: readDepth(input, meta.cells) };
    if (meta.unigram === undefined) wordPiece = readWordPiece(input, meta, meta.wordPiece!, trie);
    else unigram = readUnigram(input, meta, meta.unigram, trie);
  }
  const decoded = readBytes(input, idLimit);
  if (input.rest() !== TAIL_BYTES) throw damaged(`${input.rest() - TAIL_BYTES} bytes follow its end`);
  for (const id of [...meta.around.before, ...meta.around.after]) checkId(id, idLimit);
  for (const part of [...meta.templates?.single ?? [], ...meta.templates?.pair ?? []]) {
    if ("ids" in part) { for (const id of part.ids) checkId(id, idLimit); }
  }
  for (const { text, id } of meta.special) {
    checkId(id, idLimit);
    if (text === "") throw damaged(`special token ${id} is empty`, { id });
  }
  return {
    name: meta.name,
    checksum,
    algorithm: bpe !== null ? "bpe" : wordPiece !== null ? "wordpiece" : "unigram",
    idLimit,
    ...decoded,
    decoding: meta.decoding,
    normalization: meta.normalization,
    pieces,
    bpe,
    wordPiece,
    ...(unigram !== undefined && { unigram }),
    special: meta.special,
    around: meta.around,
    ...(meta.templates !== undefined && { templates: meta.templates }),
  };
}

function readHead(
  file: Uint8Array,
  open: (body: Uint8Array) => FileWindow | null,
): { body: Uint8Array; checksum: number; window: FileWindow | null } {
  if (!(file instanceof Uint8Array)) throw damaged(`it is ${kindOf(file)}, expected a Uint8Array`);
  if (file.length < TABLE_HEAD_BYTES || file.length > MAX_TABLE_BYTES) {
    throw damaged(`it has ${file.length} bytes, expected ${TABLE_HEAD_BYTES} to ${MAX_TABLE_BYTES}`, {
      length: file.length,
    });
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== TABLE_MAGIC) throw damaged("it does not begin with OPVT");
  const version = view.getUint16(4, true);
  if (version !== TABLE_VERSION || view.getUint16(6, true) !== 0) {
    throw damaged(`its version is ${version}, expected ${TABLE_VERSION}; recompile the vocabulary`, {
      version,
    });
  }
  const length = view.getUint32(8, true);
  const body = file.subarray(TABLE_HEAD_BYTES);
  if (body.length !== length) {
    throw damaged(`its body has ${body.length} bytes, its head announces ${length}`, { length });
  }
  const checksum = view.getUint32(12, true);
  const window = open(body);
  if ((window === null ? crc32c(body) : window.checksum()) !== checksum) {
    throw damaged("its checksum is invalid: the file was changed or damaged");
  }
  return { body, checksum, window };
}

/** Reads the tables of byte pair encoding by WebAssembly, or what that leaves, here. */
function readAnyBpe(
  input: TableReader,
  meta: TableMeta,
  bpe: NonNullable<TableMeta["bpe"]>,
  window: FileWindow | null,
): BpeTables {
  const from = input.at;
  const compiled = window === null ? null : loadBpe(window, input, meta, bpe);
  if (compiled !== null) return compiled;
  input.at = from;
  return readBpe(input, meta, bpe);
}

function readMeta(block: Uint8Array): TableMeta {
  let value: unknown;
  try {
    value = readMessagePack(block);
  } catch (cause) {
    throw damaged(`its head is invalid MessagePack: ${excerpt(cause instanceof Error ? cause.message : "")}`);
  }
  return parseWith(TABLE_META, value, "file", "head of a vocabulary table");
}

/**
 * Rejects a head that announces more numbers than follow, before memory is allocated for them. Each number
 * takes at least one bit, because none of these arrays is all zero.
 */
function checkAnnounced({ pieces, cells, idLimit, bpe }: TableMeta, bytes: number): void {
  const transitions = pieces === null ? 0 : pieces.states * pieces.classes;
  const bits = transitions + 3 * cells + idLimit + (bpe?.tokens ?? 0);
  if (bits > bytes * 8) {
    throw damaged(`its head announces arrays of ${Math.ceil(bits / 8)} bytes or more, ${bytes} follow`, {
      bytes,
    });
  }
}

function readWordPiece(
  input: TableReader,
  { idLimit }: TableMeta,
  { inside, unknown, maxCharacters }: NonNullable<TableMeta["wordPiece"]>,
  trie: DepthTrie,
): WordPieceTables {
  const { base, check, depth } = trie;
  const { whole, longestToken } = readWhole(input, idLimit, trie);
  checkId(unknown, idLimit);
  if (inside >= check.length || depth[inside] === 0) {
    throw damaged(`no path leads to cell ${inside}`, { inside });
  }
  return { base, check, whole, roots: [0, inside], unknown, maxCharacters, longestToken };
}

function readUnigram(
  input: TableReader,
  { idLimit }: TableMeta,
  { unknown, unknownScore, hasFallback, isSingle }: NonNullable<TableMeta["unigram"]>,
  trie: DepthTrie,
): UnigramTables {
  const { base, check } = trie;
  const { whole, longestToken } = readWhole(input, idLimit, trie);
  checkId(unknown, idLimit);
  const block = input.block("scores", 8 * idLimit);
  if (block.length !== 8 * idLimit) throw damaged(`${block.length} bytes of scores, expected ${8 * idLimit}`);
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const scores = Float64Array.from({ length: idLimit }, (_, id) => view.getFloat64(8 * id, true));
  const wrong = scores.findIndex((score) => !(Math.abs(score) <= MAX_SCORE));
  if (wrong >= 0) throw damaged(`the score of id ${wrong} is ${scores[wrong]}`, { id: wrong });
  const fallback = input.numbers("fallback", new Int32Array(hasFallback ? 256 : 0), 1, idLimit - 1);
  return {
    base,
    check,
    whole,
    scores,
    unknown,
    ...(isSingle === true && { isSingle }),
    unknownScore,
    fallback,
    longestToken,
  };
}

/** Reads and checks the ids of a trie's paths. */
function readWhole(
  input: TableReader,
  idLimit: number,
  trie: DepthTrie,
): { whole: Int32Array; longestToken: number } {
  const whole = input.numbers("whole", new Int32Array(trie.check.length), 1, idLimit - 1);
  checkTrie(trie);
  const taken = new Uint8Array(idLimit);
  let longestToken = 0;
  for (let cell = 0; cell < whole.length; cell++) {
    if (whole[cell]! < 0) continue;
    if (trie.depth[cell] === 0) throw damaged(`token ${whole[cell]} has no cell`, { cell });
    if (taken[whole[cell]!] === 1) throw damaged(`two tokens have the id ${whole[cell]}`, { cell });
    taken[whole[cell]!] = 1;
    if (trie.depth[cell]! > longestToken) longestToken = trie.depth[cell]!;
  }
  return { whole, longestToken };
}

/** Reads the bytes of each id. */
function readBytes(input: TableReader, idLimit: number): Pick<Vocabulary, "bytes" | "offsets"> {
  const offsets = new Uint32Array(idLimit + 1);
  input.numbers("lengths of ids", offsets.subarray(1), 0, MAX_ID_BYTES);
  for (let id = 0; id < idLimit; id++) offsets[id + 1]! += offsets[id]!;
  // A copy, so that the file can be freed or reused. slice() of a Buffer would be a view.
  const bytes = new Uint8Array(input.block("bytes of ids", MAX_TABLE_BYTES));
  if (bytes.length !== offsets[idLimit]) {
    throw damaged(`ids have ${bytes.length} bytes, expected ${offsets[idLimit]}`, {
      length: bytes.length,
    });
  }
  return { bytes, offsets };
}

function checkId(id: number, idLimit: number): void {
  if (id >= idLimit) throw damaged(`id ${id} is not below ${idLimit}`, { id });
}
