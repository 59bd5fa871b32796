/**
 * Reads a compiled table file. A file that is cut short, changed, or contradicts itself is refused by name; what is
 * taken holds nothing that a walk could leave or not come back from.
 *
 * @module
 */

import { decode } from "@msgpack/msgpack";
import { crc32c } from "../../../serialize/crc32c.ts";
import { parseWith } from "../../schema.ts";
import { MAX_TOKEN_BYTES, pairTable } from "../compile/bpe.ts";
import type { BpeTables, PieceTables, Vocabulary, WordPieceTables } from "../vocabulary.ts";
import { damaged, TableReader, TAIL_BYTES } from "./bits.ts";
import { checkTrie, type DepthTrie, deriveSuffixes } from "./derive.ts";
import { TABLE_HEAD_BYTES, TABLE_MAGIC, TABLE_VERSION } from "./encode.ts";
import { TABLE_META, type TableMeta } from "./meta.ts";

/** Longest table file that is taken, in bytes. */
export const MAX_TABLE_BYTES = 2 ** 28;

/**
 * Reads a compiled vocabulary.
 *
 * @param file The table file's bytes.
 * @returns The vocabulary; nothing of it is a view of the file.
 * @throws {OnpathError} `file` when it is no table file, of another version, cut short, changed, or contradicts
 * itself.
 */
export function decodeVocabulary(file: Uint8Array): Vocabulary {
  const { body, checksum } = readHead(file);
  const input = new TableReader(body);
  const meta = readMeta(input.block("the head", 2 ** 24));
  const pieces = meta.pieces === null ? null : readPieces(input, meta.pieces);
  const cells = meta.cells;
  const most = cells - 1;
  const base = input.numbers("base", new Int32Array(cells), 0, cells - 256);
  const check = input.numbers("check", new Int32Array(cells), 1, most);
  const { idLimit } = meta;
  let bpe: BpeTables | null = null;
  let wordPiece: WordPieceTables | null = null;
  let trie: DepthTrie;
  if (meta.bpe !== null) {
    const fail = input.numbers("fail", new Int32Array(cells), 0, most);
    trie = { base, check, depth: input.numbers("depth", new Uint16Array(cells), 0, MAX_TOKEN_BYTES) };
    bpe = readBpe(input, meta, meta.bpe, trie, fail);
  } else {
    trie = { base, check, depth: input.numbers("depth", new Uint16Array(cells), 0, MAX_TOKEN_BYTES) };
    wordPiece = readWordPiece(input, meta, meta.wordPiece!, trie);
  }
  const decoded = readBytes(input, idLimit);
  if (input.rest() !== TAIL_BYTES) throw damaged(`${input.rest() - TAIL_BYTES} bytes follow its end`);
  for (const id of [...meta.around.before, ...meta.around.after]) checkId(id, idLimit);
  for (const { text, id } of meta.special) {
    checkId(id, idLimit);
    if (text === "") throw damaged(`special token ${id} is empty`, { id });
  }
  return {
    name: meta.name,
    checksum,
    algorithm: bpe !== null ? "bpe" : "wordpiece",
    idLimit,
    ...decoded,
    decoding: meta.decoding,
    normalization: meta.normalization,
    pieces,
    bpe,
    wordPiece,
    special: meta.special,
    around: meta.around,
  };
}

function readHead(file: Uint8Array): { body: Uint8Array; checksum: number } {
  if (file.length < TABLE_HEAD_BYTES || file.length > MAX_TABLE_BYTES) {
    throw damaged(`it has ${file.length} bytes, expected ${TABLE_HEAD_BYTES} to ${MAX_TABLE_BYTES}`, {
      length: file.length,
    });
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== TABLE_MAGIC) throw damaged("it does not begin with OPVT");
  const version = view.getUint16(4, true);
  if (version !== TABLE_VERSION || view.getUint16(6, true) !== 0) {
    throw damaged(`its version is ${version}, expected ${TABLE_VERSION}; compile the vocabulary again`, {
      version,
    });
  }
  const length = view.getUint32(8, true);
  const body = file.subarray(TABLE_HEAD_BYTES);
  if (body.length !== length) throw damaged(`it is ${body.length} bytes long and says ${length}`, { length });
  const checksum = view.getUint32(12, true);
  if (crc32c(body) !== checksum) throw damaged("its checksum is wrong: it was changed or damaged");
  return { body, checksum };
}

function readMeta(block: Uint8Array): TableMeta {
  let value: unknown;
  try {
    value = decode(block);
  } catch (cause) {
    throw damaged(`its head is no MessagePack: ${cause instanceof Error ? cause.message : cause}`);
  }
  return parseWith(TABLE_META, value, "file", "head of a vocabulary table");
}

function readPieces(input: TableReader, meta: NonNullable<TableMeta["pieces"]>): PieceTables {
  const { states, classes, start, blocks } = meta;
  if (start >= states) throw damaged(`state ${start} is not one of ${states}`, { start });
  const cells = states * classes;
  if (cells > 2 ** 22) {
    throw damaged(`${states} states of ${classes} classes are too many`, { states, classes });
  }
  return {
    states,
    classes,
    start,
    transitions: input.numbers("transitions", new Int16Array(cells), 1, states - 1),
    accept: input.numbers("accept", new Int8Array(states), 1, 126),
    final: input.numbers("final", new Uint8Array(states), 0, 1),
    drop: input.numbers("drop", new Uint8Array(states), 0, 1),
    blockOf: input.numbers("blockOf", new Uint16Array(0x1100), 0, blocks - 1),
    classOf: input.numbers("classOf", new Uint8Array(blocks * 256), 0, classes - 1),
  };
}

function readBpe(
  input: TableReader,
  { idLimit }: TableMeta,
  { tokens, merges, units, wholeFirst }: NonNullable<TableMeta["bpe"]>,
  trie: DepthTrie,
  fail: Int32Array,
): BpeTables {
  const { base, check, depth } = trie;
  const first = tokens - merges;
  if (first < 0) throw damaged(`${merges} merges make ${tokens} tokens`, { tokens, merges });
  const cellOf = input.numbers("cells of tokens", new Int32Array(tokens), 0, check.length - 1);
  const made = new Uint8Array(tokens).fill(1, first);
  input.numbers("unmerged tokens", made.subarray(0, first), 0, 1);
  const ids = input.numbers("ids", new Int32Array(tokens), 0, idLimit - 1);
  const left = new Int32Array(tokens).fill(-1);
  const right = new Int32Array(tokens).fill(-1);
  input.numbers("left parts", left.subarray(first), 0, tokens - 1);
  input.numbers("right parts", right.subarray(first), 0, tokens - 1);
  const fallback = input.numbers("fallback", new Int32Array(units === "bytes" ? 0 : 256), 0, tokens - 1);
  checkTrie(trie);
  const lengths = new Uint16Array(tokens);
  const ranks = new Int32Array(tokens);
  const whole = new Int32Array(check.length).fill(-1);
  const taken = new Uint8Array(idLimit);
  let longestToken = 0;
  for (let token = 0; token < tokens; token++) {
    const cell = cellOf[token]!;
    ranks[token] = token < first ? -1 : token - first;
    lengths[token] = cell === 0 ? 1 : depth[cell]!;
    if (cell !== 0 && (depth[cell] === 0 || whole[cell] !== -1)) {
      throw damaged(`token ${token} has no cell`, { token });
    }
    if (cell !== 0) whole[cell] = token;
    if (taken[ids[token]!] === 1) throw damaged(`id ${ids[token]} is two tokens`, { token });
    taken[ids[token]!] = 1;
    if (lengths[token]! > longestToken) longestToken = lengths[token]!;
    if (token < first) continue;
    const [l, r] = [left[token]!, right[token]!];
    if (l >= token || r >= token || lengths[l]! + lengths[r]! !== lengths[token]!) {
      throw damaged(`token ${token} is not of ${l} and ${r}`, { token, left: l, right: r });
    }
  }
  if (units === "bytes") {
    for (let byte = 0; byte < 256; byte++) {
      const cell = base[0]! + byte;
      if (check[cell] !== 0 || whole[cell]! < 0 || made[whole[cell]!] === 0) {
        throw damaged(`no token is the byte ${byte}`, { byte });
      }
    }
  }
  return {
    tokens,
    ids,
    lengths,
    left,
    right,
    ranks,
    ...pairTable(left, right, ranks),
    base,
    check,
    fail,
    depth,
    whole,
    ...deriveSuffixes(depth, fail, whole, made),
    longestToken,
    units,
    fallback,
    wholeFirst,
  };
}

function readWordPiece(
  input: TableReader,
  { idLimit }: TableMeta,
  { inside, unknown, mostCharacters }: NonNullable<TableMeta["wordPiece"]>,
  trie: DepthTrie,
): WordPieceTables {
  const { base, check, depth } = trie;
  const whole = input.numbers("whole", new Int32Array(check.length), 1, idLimit - 1);
  checkTrie(trie);
  checkId(unknown, idLimit);
  if (inside >= check.length || depth[inside] === 0) {
    throw damaged(`no path leads to cell ${inside}`, { inside });
  }
  const taken = new Uint8Array(idLimit);
  let longestToken = 0;
  for (let cell = 0; cell < whole.length; cell++) {
    if (whole[cell]! < 0) continue;
    if (depth[cell] === 0) throw damaged(`token ${whole[cell]} has no cell`, { cell });
    if (taken[whole[cell]!] === 1) throw damaged(`id ${whole[cell]} is two tokens`, { cell });
    taken[whole[cell]!] = 1;
    if (depth[cell]! > longestToken) longestToken = depth[cell]!;
  }
  return { base, check, whole, roots: [0, inside], unknown, mostCharacters, longestToken };
}

/** What each id stands for. */
function readBytes(input: TableReader, idLimit: number): Pick<Vocabulary, "bytes" | "offsets"> {
  const offsets = new Uint32Array(idLimit + 1);
  input.numbers("lengths of ids", offsets.subarray(1), 0, MAX_TOKEN_BYTES * 4);
  for (let id = 0; id < idLimit; id++) offsets[id + 1]! += offsets[id]!;
  const bytes = input.block("bytes of ids", MAX_TABLE_BYTES).slice();
  if (bytes.length !== offsets[idLimit]) {
    throw damaged(`ids should have ${offsets[idLimit]} bytes, and have ${bytes.length}`, {
      length: bytes.length,
    });
  }
  return { bytes, offsets };
}

function checkId(id: number, idLimit: number): void {
  if (id >= idLimit) throw damaged(`id ${id} is not below ${idLimit}`, { id });
}
