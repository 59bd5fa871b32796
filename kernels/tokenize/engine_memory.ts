/**
 * Tables of byte pair encoding in the memory of the compiled engine.
 *
 * @module
 */

import { fillBpe } from "./engine_fill.ts";
import { type BpeMemory, createPlaces, type EngineFunctions, growTo, setUp } from "./engine_functions.ts";
import { ACCEPT_HERE, type EngineTables } from "./tables.ts";
import type { BpeTables } from "./vocabulary.ts";

/** The engine's memory, with all tables. */
export interface BpeEngineMemory {
  /** Memory, which may grow. */
  readonly memory: BpeMemory["memory"];
  /** Compiled functions. */
  readonly functions: EngineFunctions;
  /** Address of the numbers that a call reports. */
  readonly report: number;
  /** First address after the tables. */
  readonly end: number;
}

/** Bytes of the cache of verdicts, of the memo of short pieces and of that of long pieces. */
const VERDICT_BYTES = 2 ** 18, SHORT_MEMO_BYTES = 2 ** 22, LONG_MEMO_BYTES = 2 ** 21;
/** Bytes of hints. */
const HINT_BYTES = 2 ** 13;
/** Bytes of a token and its length in the list of tokens that begin at one offset. */
const WAY_BYTES = 8;
/** Bytes of a batch of pieces. */
const BATCH_BYTES = 2 ** 11;
/** Shift of a length in a token's word. */
export const LENGTH_SHIFT = 22;
/** Bits of an id in a token's word. */
export const ID_MASK: number = 2 ** LENGTH_SHIFT - 1;

const loaded = new WeakMap<BpeTables, BpeMemory>();

/** Keeps the memory of tables that are in it already, for the first engine of these tables. */
export function keepLoaded(bpe: BpeTables, memory: BpeMemory): void {
  loaded.set(bpe, memory);
}

/**
 * Creates the memory of an engine.
 *
 * @param tables Tables of byte pair encoding over bytes.
 * @throws {OnpathError} `table` if a byte has no token.
 */
export function createEngineMemory(tables: EngineTables): BpeEngineMemory {
  const bpe = tables.bpe!;
  const { memory, functions, places, next, clean } = loaded.get(bpe) ?? fillBpe(bpe);
  loaded.delete(bpe);
  new Uint8Array(memory.buffer).fill(0, next, Math.max(next, clean));
  const { reserve } = createPlaces(next);
  const at = {
    ...places,
    verdicts: reserve(VERDICT_BYTES),
    shortMemo: reserve(SHORT_MEMO_BYTES),
    longMemo: reserve(LONG_MEMO_BYTES),
    transitions: reserve(tables.next.byteLength),
    loops: reserve(tables.next.length),
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
  const end = reserve(0);
  growTo(memory, end);
  setUp(functions, memory, at);
  const buffer = memory.buffer;
  new Uint8Array(buffer, at.verdicts, VERDICT_BYTES).fill(255);
  new Uint8Array(buffer, at.hints, HINT_BYTES).fill(255);
  new Int32Array(buffer, at.transitions).set(tables.next);
  const bytes = new Uint8Array(buffer);
  fillLoops(tables, bytes.subarray(at.loops, at.loops + tables.next.length));
  bytes.set(tables.ascii, at.ascii);
  new Uint16Array(buffer, at.blockOf).set(tables.blockOf);
  bytes.set(tables.classOf, at.classOf);
  return { memory, functions, report: at.report, end };
}

/** Marks the rows that small letters of ASCII lead to themselves, and after which a piece may end. */
function fillLoops({ next, end, ascii }: EngineTables, loops: Uint8Array): void {
  const classes = end + 1;
  const kinds = [...new Set(ascii.subarray(97, 123))];
  for (let row = 0; row < next.length; row += classes) {
    const stays = row << 3 | ACCEPT_HERE;
    if (kinds.every((kind) => next[row + kind] === stays)) loops[row] = 1;
  }
}
