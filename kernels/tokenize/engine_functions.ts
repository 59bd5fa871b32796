/**
 * Functions of the compiled engine, and the addresses of its tables of byte pair encoding.
 *
 * @module
 */

import type { EngineMemory } from "../../serialize/engine.ts";
import { TEXT_WASM } from "./text_wasm.ts";

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

/** Functions that read a table file into the engine's tables; see `wasm/load.ts`. */
export interface LoadFunctions {
  readonly unpack: (bits: number, width: number, out: number, stride: number, count: number) => number;
  readonly unpackLinks: UnpackCells;
  readonly unpackRecords: UnpackCells;
  readonly checkCells: (from: number, to: number) => number;
  readonly checkFails: (from: number, to: number, steps: number) => number;
  readonly checkUnits: (
    made: number,
    cellOf: number,
    lengths: number,
    from: number,
    to: number,
  ) => bigint;
  readonly checkMerges: (
    first: number,
    made: number,
    cellOf: number,
    lengths: number,
    walks: number,
    from: number,
    to: number,
  ) => bigint;
  readonly clearRecords: (from: number, to: number) => void;
  readonly putTokens: (
    first: number,
    made: number,
    cellOf: number,
    ids: number,
    hasCell: number,
    hasId: number,
    wholeFirst: number,
    from: number,
    to: number,
  ) => number;
  readonly checkBytes: () => number;
}

/** Unpacks two arrays of numbers into cells. Returns the greatest number of the first, and from bit 32 of the second. */
type UnpackCells = (
  first: number,
  firstWidth: number,
  second: number,
  secondWidth: number,
  from: number,
  count: number,
) => bigint;

/** Addresses of the tables of byte pair encoding, in the order of `setUp`. */
export interface BpePlaces {
  readonly cells: number;
  readonly pathsOfTwo: number;
  readonly units: number;
  readonly parts: number;
  readonly merges: number;
  readonly mergeMask: number;
  readonly filter: number;
  readonly filterShift: number;
}

/** Tables of byte pair encoding in a memory. */
export interface BpeMemory {
  readonly memory: EngineMemory;
  readonly functions: EngineFunctions & LoadFunctions;
  readonly places: BpePlaces;
  /** First address after the tables. */
  readonly next: number;
  /** First address from which all bytes are zero. */
  readonly clean: number;
}

/** Address of the addresses of all tables. Static data of the modules lies below it. */
const SETTING = 24320;
/** First address that is reserved. */
export const FIRST_FREE = 24576;
const PAGE = 65536;
/** Bits of the filter of merges, for each merge. */
const FILTER_FACTOR = 8;

let compiled: WebAssembly.Module | undefined;

/** Creates the functions over a memory. */
export function instantiate(memory: EngineMemory): EngineFunctions & LoadFunctions {
  compiled ??= new WebAssembly.Module(
    Uint8Array.from(atob(TEXT_WASM), (character) => character.charCodeAt(0)),
  );
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory: memory as WebAssembly.Memory } });
  return exports as unknown as EngineFunctions & LoadFunctions;
}

/** Reserves addresses, each a multiple of 64. */
export function createPlaces(from: number): { reserve: (length: number) => number; readonly next: number } {
  let next = Math.ceil(from / 64) * 64;
  return {
    reserve: (length) => {
      const at = next;
      next = Math.ceil((next + length) / 64) * 64;
      return at;
    },
    get next() {
      return next;
    },
  };
}

/** Makes a memory at least as long as `end`. */
export function growTo(memory: EngineMemory, end: number): void {
  const pages = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
  if (pages > 0) (memory as WebAssembly.Memory).grow(pages);
}

/** Reserves addresses for the tables of byte pair encoding. */
export function placeBpe(
  reserve: (length: number) => number,
  cells: number,
  tokens: number,
  slots: number,
): BpePlaces {
  const filterBits = Math.max(10, Math.ceil(Math.log2(tokens * FILTER_FACTOR)));
  return {
    cells: reserve(16 * cells),
    pathsOfTwo: reserve(4 * 65536),
    units: reserve(8 * 256),
    parts: reserve(8 * tokens),
    merges: reserve(4 * slots),
    mergeMask: slots - 1,
    filter: reserve(2 ** filterBits / 8),
    filterShift: 32 - filterBits,
  };
}

/** Passes addresses to the functions; those that are left out become 0. */
export function setUp({ setUp }: EngineFunctions, memory: EngineMemory, places: object): void {
  new Uint32Array(memory.buffer, SETTING, (FIRST_FREE - SETTING) / 4).set(Object.values(places));
  setUp(SETTING);
}
