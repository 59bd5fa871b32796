/**
 * Tables of byte pair encoding in the memory of the compiled engine.
 *
 * @module
 */

import { type EngineTables, noProgress } from "./tables.ts";
import { TEXT_WASM } from "./text_wasm.ts";
import { type BpeTables, pairHash } from "./vocabulary.ts";

/** Functions of the compiled engine. Addresses are byte offsets into its memory. */
export interface EngineFunctions {
  /** Reads the addresses of all tables. */
  readonly setUp: (at: number) => void;
  /** Tokenizes from the beginning of a piece; see `wasm/text.ts`. */
  readonly tokenize: (
    from: number,
    to: number,
    longest: number,
    isEnd: number,
    out: number,
    dead: number,
    chosen: number,
  ) => number;
  /** Replaces words by their ids. */
  readonly toIds: (words: number, count: number) => void;
}

/** The engine's memory, with all tables. */
export interface EngineMemory {
  /** Memory, which may grow. */
  readonly memory: WebAssembly.Memory;
  /** Compiled functions. */
  readonly functions: EngineFunctions;
  /** Address of the numbers that a call reports. */
  readonly report: number;
  /** First address after the tables. */
  readonly end: number;
}

/** First address that is reserved. Static data of the module lies below it. */
const FIRST_FREE = 4096;
const PAGE = 65536;
/** Bytes of the cache of verdicts, of the memo of short pieces and of that of long pieces. */
const VERDICT_BYTES = 2 ** 18, SHORT_MEMO_BYTES = 2 ** 22, LONG_MEMO_BYTES = 2 ** 21;
/** Bytes of hints. */
const HINT_BYTES = 2 ** 13;
/** Bits of the filter of merges, for each merge. */
const FILTER_FACTOR = 8;
/** Bytes of a token and its length in the list of tokens that begin at one offset. */
const WAY_BYTES = 8;
/** Bytes of a batch of pieces. */
const BATCH_BYTES = 2 ** 11;
/** Shift of a length in a token's word. */
export const LENGTH_SHIFT = 22;

let compiled: WebAssembly.Module | undefined;

/**
 * Creates the memory of an engine.
 *
 * @param tables Tables of byte pair encoding over bytes.
 * @throws {OnpathError} `table` if a byte has no token.
 */
export function createEngineMemory(tables: EngineTables): EngineMemory {
  const bpe = tables.bpe!;
  let next = FIRST_FREE;
  const reserve = (length: number) => {
    const at = next;
    next = Math.ceil((next + length) / 64) * 64;
    return at;
  };
  const filterBits = Math.max(10, Math.ceil(Math.log2(bpe.tokens * FILTER_FACTOR)));
  const at = {
    cells: reserve(16 * bpe.base.length),
    pathsOfTwo: reserve(4 * 65536),
    units: reserve(8 * 256),
    parts: reserve(8 * bpe.tokens),
    merges: reserve(4 * bpe.pairRank.length),
    mergeMask: bpe.pairRank.length - 1,
    filter: reserve(2 ** filterBits / 8),
    filterShift: 32 - filterBits,
    verdicts: reserve(VERDICT_BYTES),
    shortMemo: reserve(SHORT_MEMO_BYTES),
    longMemo: reserve(LONG_MEMO_BYTES),
    transitions: reserve(tables.next.byteLength),
    ascii: reserve(tables.ascii.byteLength),
    blockOf: reserve(tables.blockOf.byteLength),
    classOf: reserve(tables.classOf.byteLength),
    startRow: tables.start,
    endClass: tables.end,
    hints: reserve(HINT_BYTES),
    ways: reserve(WAY_BYTES * (bpe.longestToken + 1)),
    batch: reserve(BATCH_BYTES),
    report: reserve(4 * 7),
  };
  const setting = reserve(4 * Object.keys(at).length);
  const memory = new WebAssembly.Memory({ initial: Math.ceil(next / PAGE) });
  compiled ??= new WebAssembly.Module(
    Uint8Array.from(atob(TEXT_WASM), (character) => character.charCodeAt(0)),
  );
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  const buffer = memory.buffer;
  const functions = exports as unknown as EngineFunctions;
  new Uint32Array(buffer, setting).set(Object.values(at));
  functions.setUp(setting);

  fillCells(bpe, new Int32Array(buffer, at.cells, 4 * bpe.base.length));
  fillPaths(bpe, new Int32Array(buffer, at.pathsOfTwo, 65536));
  const units = new BigUint64Array(buffer, at.units, 256);
  for (let byte = 0; byte < 256; byte++) {
    const cell = bpe.base[0]! + byte, token = bpe.check[cell] === 0 ? bpe.longest[cell]! : -1;
    if (token < 0) throw noProgress("a byte has no token");
    units[byte] = BigInt(token) | BigInt(bpe.ids[token]!) << 21n | 1n << 43n;
  }
  const parts = new Int32Array(buffer, at.parts, 2 * bpe.tokens);
  for (let token = 0; token < bpe.tokens; token++) {
    parts[2 * token] = bpe.left[token]!;
    parts[2 * token + 1] = bpe.right[token]!;
  }
  const merges = new Int32Array(buffer, at.merges, bpe.pairRank.length);
  fillMerges(bpe, merges, new Uint8Array(buffer, at.filter), at.filterShift);
  new Uint8Array(buffer, at.verdicts, VERDICT_BYTES).fill(255);
  new Uint8Array(buffer, at.hints, HINT_BYTES).fill(255);
  new Int32Array(buffer, at.transitions).set(tables.next);
  const bytes = new Uint8Array(buffer);
  bytes.set(tables.ascii, at.ascii);
  new Uint16Array(buffer, at.blockOf).set(tables.blockOf);
  bytes.set(tables.classOf, at.classOf);
  return { memory, functions, report: at.report, end: next };
}

/** Packs the cells as `wasm/search.ts` reads them. */
function fillCells(
  { base, check, whole, longest, lengths, depth, ids, wholeFirst }: BpeTables,
  cells: Int32Array,
): void {
  for (let cell = 0, at = 0; cell < base.length; cell++, at += 4) {
    const last = longest[cell]!, parent = check[cell]!;
    const made = last >= 0 && lengths[last] === depth[cell] ? last : -1;
    const piece = wholeFirst ? whole[cell]! : made;
    const id = piece >= 0 ? ids[piece]! + 1 : 0;
    cells[at] = base[cell]! | parent << 23;
    cells[at + 1]! |= parent >>> 9 & 0x3fff;
    cells[at + 2] = made + 1 | id << 22;
    cells[at + 3]! |= id >>> 10;
    if (parent < 0) continue;
    const byte = cell - base[parent]!;
    cells[4 * parent + 1]! |= 1 << (byte & 15) + 14;
    cells[4 * parent + 3]! |= 1 << (byte >> 4) + 13;
  }
}

/** Lists the cells of all two bytes. */
function fillPaths({ base, check }: BpeTables, paths: Int32Array): void {
  for (let first = 0; first < 256; first++) {
    const cell = base[0]! + first;
    for (let second = 0; second < 256; second++) {
      const to = base[cell]! + second;
      if (check[to] === cell) paths[second << 8 | first] = to;
    }
  }
}

function fillMerges(
  { pairLeft, pairRight, pairRank, ranks }: BpeTables,
  merges: Int32Array,
  filter: Uint8Array,
  filterShift: number,
) {
  // Tokens that no merge makes come first.
  let first = 0;
  while (first < ranks.length && ranks[first]! < 0) first++;
  for (let slot = 0; slot < merges.length; slot++) {
    const left = pairLeft[slot]!;
    if (left < 0) {
      merges[slot] = -1;
      continue;
    }
    merges[slot] = first + pairRank[slot]!;
    const bit = Math.imul(pairHash(left, pairRight[slot]!), 0x9e3779b1) >>> filterShift;
    filter[bit >>> 3]! |= 1 << (bit & 7);
  }
}
