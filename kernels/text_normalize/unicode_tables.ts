/**
 * Tables of Unicode normalisation: decompositions, the order of combining marks, compositions. Made of the
 * JavaScript engine's own `normalize`, so they are of its version of Unicode; as flat arrays they are data.
 *
 * @module
 */

import { engineSet } from "../tokenize/pattern/unicode.ts";

/** A value by code point: `values[blockOf[code >> 8] * 256 + (code & 255)]`, 0 where there is none. */
export interface CodePointRom {
  /** By `code point >> 8`: the block. */
  readonly blockOf: Uint8Array;
  /** Blocks of 256 values, equal ones once. */
  readonly values: Uint16Array;
}

/** Decompositions, canonical or of compatibility; Hangul's syllables are computed and not in here. */
export interface DecompositionTables {
  /** By code point: one more than the entry of its decomposition, or 0. */
  readonly entryOf: CodePointRom;
  /** By entry: where its code points begin; the next entry is where they end. */
  readonly starts: Uint16Array;
  /** Code points of all decompositions, each one complete and in canonical order. */
  readonly codePoints: Uint32Array;
}

/** What composing needs; Hangul's syllables are computed and not in here. */
export interface CompositionTables {
  /** By code point: the rank of its combining class, 0 for starters. Only order and equality of ranks count. */
  readonly rankOf: CodePointRom;
  /** Pairs in an open-addressed hash table of a power of two: the first of a slot, or 0. */
  readonly first: Uint32Array;
  /** The second of a slot. */
  readonly second: Uint32Array;
  /** What both make. */
  readonly composite: Uint32Array;
}

/** The value of a code point. */
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

// What may change: assigned, and neither an ideograph, a syllable of Hangul nor of private use.
function* candidates(): Generator<number> {
  const ranges = engineSet("\\p{Assigned}");
  for (let i = 0; i < ranges.length; i += 2) {
    for (let code = ranges[i]!; code <= ranges[i + 1]!; code++) {
      if (code >= 0xe000 && code < 0xf900) code = 0xf900;
      else if (code >= 0xac00 && code < 0xd7a4) code = 0xd7a4;
      else if (code >= 0x4e00 && code < 0xa000) code = 0xa000;
      else if (code >= 0xf0000) return;
      if (code <= ranges[i + 1]!) yield code;
    }
  }
}

const made = new Map<string, unknown>();

function once<T>(key: string, make: () => T): T {
  if (!made.has(key)) made.set(key, make());
  return made.get(key) as T;
}

/**
 * Decompositions of a form.
 *
 * @param form Canonical (`NFD`) or of compatibility (`NFKD`).
 * @returns The tables, made at the first call.
 */
export function decompositionTables(form: "NFD" | "NFKD"): DecompositionTables {
  return once(form, () => {
    const entries = new Map<number, number>();
    const starts = [0], codePoints: number[] = [];
    for (const code of candidates()) {
      const one = String.fromCodePoint(code), parts = one.normalize(form);
      if (parts === one) continue;
      entries.set(code, starts.length);
      for (const part of parts) codePoints.push(part.codePointAt(0)!);
      starts.push(codePoints.length);
    }
    return {
      entryOf: makeRom(entries),
      starts: Uint16Array.from(starts),
      codePoints: Uint32Array.from(codePoints),
    };
  });
}

// Canonical order swaps two marks when the first one's combining class is the greater. So the engine sorts marks
// into classes, and a mark is one that is swapped with a mark of the least class or of the greatest.
function combiningRanks(): Map<number, number> {
  const isAbove = (a: number, b: number) => {
    const [x, y] = [String.fromCodePoint(a), String.fromCodePoint(b)];
    return (x + y).normalize("NFD") === y + x && a !== b;
  };
  const LEAST = 0x334, GREATEST = 0x345;
  const classes: number[][] = [];
  const marks = engineSet("\\p{M}");
  for (let i = 0; i < marks.length; i += 2) {
    for (let code = marks[i]!; code <= marks[i + 1]!; code++) {
      const one = String.fromCodePoint(code);
      if (one.normalize("NFD") !== one || !(isAbove(code, LEAST) || isAbove(GREATEST, code))) continue;
      let low = 0, high = classes.length;
      let isPlaced = false;
      while (low < high) {
        const middle = (low + high) >> 1, other = classes[middle]![0]!;
        if (isAbove(code, other)) low = middle + 1;
        else if (isAbove(other, code)) high = middle;
        else {
          classes[middle]!.push(code);
          isPlaced = true;
          break;
        }
      }
      if (!isPlaced) classes.splice(low, 0, [code]);
    }
  }
  return new Map(classes.flatMap((codes, rank) => codes.map((code) => [code, rank + 1] as const)));
}

/** Where a pair begins in the table of compositions. */
export function compositionSlot(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** Compositions and the order of marks, made at the first call. */
export function compositionTables(): CompositionTables {
  return once("compositions", () => {
    const pairs: [number, number, number][] = [];
    for (const code of candidates()) {
      const one = String.fromCodePoint(code), parts = Array.from(one.normalize("NFD"));
      // What NFC itself takes apart is excluded from composition.
      if (parts.length < 2 || one.normalize("NFC") !== one) continue;
      const prefix = Array.from(parts.slice(0, -1).join("").normalize("NFC"));
      if (prefix.length !== 1) throw new Error(`no pair makes U+${code.toString(16)}`);
      pairs.push([prefix[0]!.codePointAt(0)!, parts.at(-1)!.codePointAt(0)!, code]);
    }
    const slots = 2 ** Math.ceil(Math.log2(pairs.length * 2));
    const first = new Uint32Array(slots), second = new Uint32Array(slots), composite = new Uint32Array(slots);
    for (const [a, b, code] of pairs) {
      let slot = compositionSlot(a, b) & (slots - 1);
      while (first[slot] !== 0) slot = (slot + 1) & (slots - 1);
      first[slot] = a;
      second[slot] = b;
      composite[slot] = code;
    }
    return { rankOf: makeRom(combiningRanks()), first, second, composite };
  });
}

/**
 * What two neighbours make.
 *
 * @param tables Compositions.
 * @param a The first code point.
 * @param b The second.
 * @returns The code point, or −1 when they make none.
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

/** Bytes of the tables as they lie in memory: of both decompositions, and of compositions with their ranks. */
export function normalizationBytes(): Record<"NFD" | "NFKD" | "compositions", number> {
  const rom = ({ blockOf, values }: CodePointRom) => blockOf.byteLength + values.byteLength;
  const parts = (form: "NFD" | "NFKD") => {
    const { entryOf, starts, codePoints } = decompositionTables(form);
    return rom(entryOf) + starts.byteLength + codePoints.byteLength;
  };
  const { rankOf, first } = compositionTables();
  return { NFD: parts("NFD"), NFKD: parts("NFKD"), compositions: rom(rankOf) + first.byteLength * 3 };
}
