/**
 * Reads the tables of byte pair encoding over bytes by WebAssembly, into the memory of the compiled engine. Its checks
 * are those of `decode_bpe.ts`, which reads what this file leaves: other units, runs, WebAssembly that is forbidden,
 * and every file with a contradiction, to name it.
 *
 * @module
 */

import { MAX_TOKEN_BYTES } from "../compile/bpe.ts";
import { pairSlots } from "../compile/pairs.ts";
import { MAX_TRIE_BYTES } from "../compile/trie.ts";
import {
  type BpeMemory,
  createPlaces,
  growTo,
  type LoadFunctions,
  placeBpe,
  setUp,
} from "../engine_functions.ts";
import { keepLoaded } from "../engine_memory.ts";
import { lazyTables } from "../lazy_tables.ts";
import type { BpeTables } from "../vocabulary.ts";
import type { TableReader } from "./bits.ts";
import { type FileWindow, type Packed, STEP } from "./file_window.ts";
import type { TableMeta } from "./meta.ts";
import { unpackBpe } from "./unpack_bpe.ts";

/** Maximum cells and tokens, of those that the engine's words can number. */
const MAX_CELLS = 2 ** 22, MAX_TOKENS = 2 ** 20;

/** Arrays of the file, in their order. */
interface Arrays {
  readonly base: Packed;
  readonly check: Packed;
  readonly fail: Packed;
  readonly depth: Packed;
  readonly cellOf: Packed;
  readonly made: Packed;
  readonly ids: Packed;
  readonly left: Packed;
  readonly right: Packed;
}

/** Sizes of the tables. */
interface Sizes {
  readonly cells: number;
  readonly tokens: number;
  /** First token that a merge makes. */
  readonly first: number;
  readonly idLimit: number;
  readonly wholeFirst: boolean;
}

/**
 * Reads and checks the tables.
 *
 * @param window Window on the file's body.
 * @param input Reader after the automaton of pieces; moved behind the tables.
 * @param meta Head of the file.
 * @param bpe Its part about byte pair encoding.
 * @returns The tables, or null if the plain path must read them.
 * @throws {OnpathError} `file` if an array has another length than the head announces.
 */
export function loadBpe(
  window: FileWindow,
  input: TableReader,
  { cells, idLimit }: TableMeta,
  { tokens, merges, units, wholeFirst, runs }: NonNullable<TableMeta["bpe"]>,
): BpeTables | null {
  const first = tokens - merges;
  if (units !== "bytes" || runs !== undefined || first < 0) return null;
  if (cells > MAX_CELLS || tokens > MAX_TOKENS) return null;
  const arrays: Arrays = {
    base: input.place("base", cells),
    check: input.place("check", cells),
    fail: input.place("fail", cells),
    depth: input.place("depth", cells),
    cellOf: input.place("cells of tokens", tokens),
    made: input.place("unmerged tokens", first),
    ids: input.place("ids", tokens),
    left: input.place("left parts", merges),
    right: input.place("right parts", merges),
  };
  input.place("fallback", 0);
  const { memory } = window;
  const free = createPlaces(window.end);
  const slots = pairSlots(merges);
  const places = placeBpe(free.reserve, cells, tokens, slots);
  const next = free.next;
  // Used here alone; the engine's caches take their place.
  const scratch = {
    cellOf: free.reserve(4 * tokens),
    lengths: free.reserve(2 * tokens),
    made: free.reserve(4 * first),
    ids: free.reserve(4 * STEP),
    firstIds: free.reserve(4 * first),
    hasCell: free.reserve(cells / 8 + 1),
    hasId: free.reserve(idLimit / 8 + 1),
  };
  const clean = free.next;
  growTo(memory, clean);
  const functions = window.functions();
  setUp(functions, memory, places);
  new Uint8Array(memory.buffer).fill(255, places.merges, places.merges + 4 * slots);
  const sizes = { cells, tokens, first, idLimit, wholeFirst };
  const longestToken = readAll(functions, window, sizes, arrays, places.parts, scratch);
  if (longestToken === null) return null;

  const numbers = (at: number, count: number) => new Int32Array(memory.buffer, at, count).slice();
  const unmerged = {
    cellOf: numbers(scratch.cellOf, first),
    ids: numbers(scratch.firstIds, first),
    made: Uint8Array.from(numbers(scratch.made, first)),
  };
  const loaded: BpeMemory = { memory, functions, places, next, clean };
  const tables = lazyTables(
    { tokens, units, wholeFirst, longestToken },
    () => unpackBpe(loaded, sizes, unmerged, tables),
  );
  keepLoaded(tables, loaded);
  return tables;
}

/** Unpacks and checks everything. Returns the length of the longest token, or null for a contradiction. */
function readAll(
  functions: LoadFunctions,
  window: FileWindow,
  { cells, tokens, first, idLimit, wholeFirst }: Sizes,
  arrays: Arrays,
  parts: number,
  at: Readonly<Record<"cellOf" | "lengths" | "made" | "ids" | "firstIds" | "hasCell" | "hasId", number>>,
): number | null {
  const merges = tokens - first;
  const unpack = (array: Packed, out: number, stride: number, count: number, most: number) =>
    inSteps(0, count, (from, to) => {
      const bits = window.show(0, array, from, to);
      return functions.unpack(bits, array.width, out + stride * from, stride, to - from) <= most;
    });
  const unpackCells = (run: "unpackLinks" | "unpackRecords", one: Packed, two: Packed, most: number[]) =>
    inSteps(0, cells, (from, to) => {
      const first = window.show(0, one, from, to), second = window.show(1, two, from, to);
      const found = functions[run](first, one.width, second, two.width, from, to - from);
      return Number(found & 0xffffffffn) <= most[0]! && Number(found >> 32n) <= most[1]!;
    });
  let steps = 2 * MAX_TRIE_BYTES;
  const checkFails = (from: number, to: number) => (steps = functions.checkFails(from, to, steps)) >= 0;
  let bytes = 0, longest = 0;
  const count = (found: bigint) => {
    bytes += Number(found & 0xffffffffn);
    longest = Math.max(longest, Number(found >> 32n));
    return found !== 0n;
  };
  const checkUnits = (from: number, to: number) =>
    count(functions.checkUnits(at.made, at.cellOf, at.lengths, from, to));
  const checkMerges = (from: number, to: number) =>
    count(functions.checkMerges(first, at.made, at.cellOf, at.lengths, at.ids, from, to));
  const putTokens = (from: number, to: number) => {
    const { made, cellOf, ids, hasCell, hasId } = at;
    const bits = window.show(0, arrays.ids, from, to), { width } = arrays.ids;
    if (functions.unpack(bits, width, ids, 4, to - from) >= idLimit) return false;
    if (from < first) functions.unpack(bits, width, at.firstIds + 4 * from, 4, Math.min(to, first) - from);
    return functions.putTokens(first, made, cellOf, ids, hasCell, hasId, wholeFirst ? 1 : 0, from, to) !== 0;
  };
  const isRight = unpackCells("unpackLinks", arrays.base, arrays.check, [cells - 256, cells]) &&
    unpackCells("unpackRecords", arrays.fail, arrays.depth, [cells - 1, MAX_TOKEN_BYTES]) &&
    inSteps(0, cells, (from, to) => functions.checkCells(from, to) !== 0) &&
    inSteps(0, cells, checkFails) &&
    unpack(arrays.cellOf, at.cellOf, 4, tokens, cells - 1) &&
    unpack(arrays.made, at.made, 4, first, 1) &&
    unpack(arrays.left, parts + 8 * first, 8, merges, tokens - 1) &&
    unpack(arrays.right, parts + 8 * first + 4, 8, merges, tokens - 1) &&
    inSteps(0, first, checkUnits) &&
    inSteps(first, tokens, checkMerges) &&
    bytes <= MAX_TRIE_BYTES;
  if (!isRight) return null;
  inSteps(0, cells, (from, to) => (functions.clearRecords(from, to), true));
  return inSteps(0, tokens, putTokens) && functions.checkBytes() !== 0 ? longest : null;
}

/** Calls a function for ranges of {@linkcode STEP} until it returns false. */
function inSteps(from: number, to: number, run: (from: number, to: number) => boolean): boolean {
  for (let at = from; at < to; at += STEP) if (!run(at, Math.min(to, at + STEP))) return false;
  return true;
}
