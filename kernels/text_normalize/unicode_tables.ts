/**
 * Tables of Unicode normalisation as flat arrays: decompositions, order of combining marks, compositions,
 * lower case. They are Unicode 16.0 and part of this code, so they are the same on every JavaScript engine.
 *
 * @module
 */

import { has } from "../tokenize/pattern/set.ts";
import { LOWER_CASE } from "../unicode/cases_data.ts";
import { mappingOf, rangesOf } from "../unicode/codec.ts";
import {
  CANONICAL,
  COMPATIBLE,
  EXCLUSIONS,
  RANKS,
  UNKNOWN_TO_TOKENIZERS,
} from "../unicode/normal_forms_data.ts";

/** Value by code point: `values[blockOf[code >> 8] * 256 + (code & 255)]`; 0 if absent. */
export interface CodePointRom {
  /** By `code point >> 8`: its block. */
  readonly blockOf: Uint8Array;
  /** Blocks of 256 values; equal blocks are stored once. */
  readonly values: Uint16Array;
}

/** Sequences by code point. Decompositions of Hangul syllables are computed, and absent here. */
export interface SequenceTables {
  /** By code point: the entry of its sequence plus one; 0 if absent. */
  readonly entryOf: CodePointRom;
  /** By entry: start of its code points; the next entry is their end. */
  readonly starts: Uint16Array;
  /** Code points of all sequences; decompositions are complete and in canonical order. */
  readonly codePoints: Uint32Array;
}

/** Tables of composition. Hangul syllables are computed, and absent here. */
export interface CompositionTables {
  /**
   * By code point: the rank of its combining class; 0 for starters. Only order and equality of ranks matter.
   */
  readonly rankOf: CodePointRom;
  /**
   * Pairs in an open-addressed hash table; the slot count is a power of two. By slot: its first code point,
   * or 0.
   */
  readonly first: Uint32Array;
  /** By slot: its second code point. */
  readonly second: Uint32Array;
  /** By slot: the composite of the pair. */
  readonly composite: Uint32Array;
}

/** Returns the value of a code point. */
export function romAt(rom: CodePointRom, code: number): number {
  return rom.values[rom.blockOf[code >> 8]! * 256 + (code & 255)]!;
}

function makeRom(values: ReadonlyMap<number, number>): CodePointRom {
  const blockOf = new Uint8Array(0x1100);
  const blocks: Uint16Array[] = [new Uint16Array(256)];
  const numbers = new Map<string, number>([[blocks[0]!.join(), 0]]);
  const touched = new Map<number, Uint16Array>();
  for (const [code, value] of values) {
    const block = touched.get(code >> 8) ?? new Uint16Array(256);
    block[code & 255] = value;
    touched.set(code >> 8, block);
  }
  for (const [high, block] of touched) {
    const key = block.join();
    const number = numbers.get(key) ?? blocks.push(block) - 1;
    numbers.set(key, number);
    blockOf[high] = number;
  }
  const flat = new Uint16Array(blocks.length * 256);
  blocks.forEach((block, number) => flat.set(block, number * 256));
  return { blockOf, values: flat };
}

const made = new Map<string, unknown>();

function once<T>(key: string, make: () => T): T {
  if (!made.has(key)) made.set(key, make());
  return made.get(key) as T;
}

/** Builds tables of sequences by code point. */
function sequences(mapping: Iterable<readonly [number, readonly number[]]>): SequenceTables {
  const entries = new Map<number, number>();
  const starts = [0], codePoints: number[] = [];
  for (const [code, parts] of mapping) {
    entries.set(code, starts.length);
    codePoints.push(...parts);
    starts.push(codePoints.length);
  }
  return {
    entryOf: makeRom(entries),
    starts: Uint16Array.from(starts),
    codePoints: Uint32Array.from(codePoints),
  };
}

/**
 * Source of the normal forms: `unicode` is Unicode 16.0; `tokenizers` is Hugging Face's tokenizers 0.23.2,
 * whose older tables lack code points.
 */
export type FormSource = "unicode" | "tokenizers";

/** Removes the code points that the source lacks from a map. */
function known(text: string, source: FormSource): Map<number, readonly number[]> {
  const map = mappingOf(text);
  if (source === "unicode") return map;
  const missing = rangesOf(UNKNOWN_TO_TOKENIZERS);
  return new Map([...map].filter(([code]) => !has(missing, code)));
}

/**
 * Returns the decompositions of a form.
 *
 * @param form Canonical (`NFD`) or compatibility (`NFKD`).
 * @param source Source of the form; default `unicode`.
 * @returns The tables, built at the first call.
 */
export function decompositionTables(form: "NFD" | "NFKD", source: FormSource = "unicode"): SequenceTables {
  return once(`${form} ${source}`, () => {
    const canonical = known(CANONICAL, source);
    return sequences(form === "NFD" ? canonical : [...canonical, ...known(COMPATIBLE, source)]);
  });
}

/** Returns lower case by code point, as in Rust; built at the first call. */
export function lowerCaseTables(): SequenceTables {
  return once("lower", () => sequences(mappingOf(LOWER_CASE)));
}

/**
 * Lists the compositions: by composite, the two code points that compose to it. A complete decomposition ends with the
 * second one, and its beginning composes to the first.
 *
 * @param source Source of the forms; default `unicode`.
 */
export function compositionPairs(source: FormSource = "unicode"): Map<number, readonly [number, number]> {
  const excluded = rangesOf(EXCLUSIONS);
  const parts = [...known(CANONICAL, source)].filter(([code, { length }]) =>
    length > 1 && !has(excluded, code)
  );
  const composites = new Map(parts.map(([code, sequence]) => [sequence.join(), code]));
  return new Map(parts.map(([code, sequence]) => {
    const first = sequence.length === 2 ? sequence[0]! : composites.get(sequence.slice(0, -1).join())!;
    return [code, [first, sequence.at(-1)!]];
  }));
}

/** Hashes a pair of code points; the low bits are its first slot in the table of compositions. */
export function compositionSlot(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * Returns compositions and the ranks of marks.
 *
 * @param source Source of the forms; default `unicode`.
 * @returns The tables, built at the first call.
 */
export function compositionTables(source: FormSource = "unicode"): CompositionTables {
  return once(`compositions ${source}`, () => {
    const pairs = Array.from(compositionPairs(source), ([code, [a, b]]) => [a, b, code] as const);
    const slots = 2 ** Math.ceil(Math.log2(pairs.length * 2));
    const first = new Uint32Array(slots), second = new Uint32Array(slots), composite = new Uint32Array(slots);
    for (const [a, b, code] of pairs) {
      let slot = compositionSlot(a, b) & (slots - 1);
      while (first[slot] !== 0) slot = (slot + 1) & (slots - 1);
      first[slot] = a;
      second[slot] = b;
      composite[slot] = code;
    }
    return {
      rankOf: makeRom(new Map(Array.from(known(RANKS, source), ([code, [rank]]) => [code, rank!]))),
      first,
      second,
      composite,
    };
  });
}

/**
 * Composes two neighbouring code points.
 *
 * @param tables Tables of compositions.
 * @param a First code point.
 * @param b Second code point.
 * @returns The composite, or −1 if the two do not compose.
 */
export function compose(tables: CompositionTables, a: number, b: number): number {
  if (a >= 0x1100 && a < 0x1113 && b >= 0x1161 && b < 0x1176) {
    return 0xac00 + ((a - 0x1100) * 21 + b - 0x1161) * 28;
  }
  if (a >= 0xac00 && a < 0xd7a4 && (a - 0xac00) % 28 === 0 && b > 0x11a7 && b < 0x11c3) return a + b - 0x11a7;
  const last = tables.first.length - 1;
  for (let slot = compositionSlot(a, b) & last; tables.first[slot] !== 0; slot = (slot + 1) & last) {
    if (tables.first[slot] === a && tables.second[slot] === b) return tables.composite[slot]!;
  }
  return -1;
}

/** Computes the memory of the tables, in bytes: both decompositions, and compositions with their ranks. */
export function normalizationBytes(): Record<"NFD" | "NFKD" | "compositions", number> {
  const rom = ({ blockOf, values }: CodePointRom) => blockOf.byteLength + values.byteLength;
  const parts = (form: "NFD" | "NFKD") => {
    const { entryOf, starts, codePoints } = decompositionTables(form);
    return rom(entryOf) + starts.byteLength + codePoints.byteLength;
  };
  const { rankOf, first } = compositionTables();
  return { NFD: parts("NFD"), NFKD: parts("NFKD"), compositions: rom(rankOf) + first.byteLength * 3 };
}
