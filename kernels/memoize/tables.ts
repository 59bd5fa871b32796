/**
 * Tables of a function: their layout, evaluation and size.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { elementBits, patternOf } from "./element.ts";

/**
 * Two tables. With `i = code >> low` and `j = code & (2^low − 1)`, a result is
 * `(second[block[i] · 2^low + j] + addend[i]) mod 2^outputBits`.
 */
export interface LookupTables {
  /** Discriminator. */
  readonly kind: "lookup";
  /** Bits of the code that index within a block. */
  readonly low: number;
  /** First table, block part: a block number for each `i`. */
  readonly block: Uint32Array<ArrayBuffer>;
  /** First table, addend part: a bit pattern for each `i`. */
  readonly addend: Uint32Array<ArrayBuffer>;
  /** Second table: blocks of 2^low bit patterns. */
  readonly second: Uint32Array<ArrayBuffer>;
}

/** Line segments: the rank of a result is `floor((base[i] + slope[i] · j) / 2^shift)`. */
export interface LinearTables {
  /** Discriminator. */
  readonly kind: "linear";
  /** Bits of the code within a segment. */
  readonly low: number;
  /** Fraction bits of base and slope. */
  readonly shift: number;
  /** Base of each segment, whole numbers. */
  readonly base: Float64Array<ArrayBuffer>;
  /** Slope of each segment, whole numbers. */
  readonly slope: Float64Array<ArrayBuffer>;
}

/** Tables of any form. */
export type MemoTables = LookupTables | LinearTables;

/**
 * Evaluates tables on the whole domain.
 *
 * @param tables Tables of a function.
 * @param bits Bits of a code.
 * @param dtype Element type of the results.
 * @returns Bit patterns by code.
 */
export function expandTables(tables: MemoTables, bits: number, dtype: DType): Uint32Array<ArrayBuffer> {
  const size = 2 ** bits;
  const width = 2 ** tables.low;
  const patterns = new Uint32Array(size);
  if (tables.kind === "linear") {
    const { base, slope, shift } = tables;
    const unit = 2 ** -shift;
    for (let i = 0; i < base.length; i++) {
      for (let j = 0; j < width; j++) {
        patterns[i * width + j] = patternOf(Math.floor((base[i]! + slope[i]! * j) * unit), dtype);
      }
    }
    return patterns;
  }
  const { block, addend, second } = tables;
  const mask = 2 ** elementBits(dtype) - 1;
  for (let i = 0; i < block.length; i++) {
    const [from, add] = [block[i]! * width, addend[i]!];
    for (let j = 0; j < width; j++) patterns[i * width + j] = (second[from + j]! + add) & mask;
  }
  return patterns;
}

/** Entries and field widths of tables, from which their bytes follow. Plain data. */
export interface TableSizes {
  /** Bits of the code that index within a block or segment. */
  readonly low: number;
  /** Entries of the first table, or segments. */
  readonly first: number;
  /** Bits of an entry of the first table: block number and addend, or base and slope. */
  readonly firstBits: number;
  /** Entries of the second table; 0 for segments. */
  readonly second: number;
  /** Bits of an entry of the second table. */
  readonly secondBits: number;
}

/** Measures tables. A field has the fewest whole bits that hold all its values; a field of zeros has none. */
export function sizesOf(tables: MemoTables): TableSizes {
  const { low } = tables;
  if (tables.kind === "linear") {
    const firstBits = signedBits(tables.base) + signedBits(tables.slope);
    return { low, first: tables.base.length, firstBits, second: 0, secondBits: 0 };
  }
  const { block, addend, second } = tables;
  return {
    low,
    first: block.length,
    firstBits: bitsOf(greatest(block)) + bitsOf(greatest(addend)),
    second: second.length,
    secondBits: bitsOf(greatest(second)),
  };
}

/** Counts the bytes of tables whose entries are packed without gaps. */
export function bytesOf({ first, firstBits, second, secondBits }: TableSizes): number {
  return Math.ceil(first * firstBits / 8) + Math.ceil(second * secondBits / 8);
}

function greatest(list: Uint32Array): number {
  let most = 0;
  for (const value of list) if (value > most) most = value;
  return most;
}

/** Counts the bits of a whole number from 0 to 2^32 − 1. */
export function bitsOf(value: number): number {
  return 32 - Math.clz32(value);
}

/** Counts the bits of a field in two's complement. */
function signedBits(list: Float64Array): number {
  let most = 0;
  for (const value of list) most = Math.max(most, value < 0 ? -value - 1 : value);
  return most === 0 && list.every((value) => value === 0) ? 0 : Math.floor(Math.log2(most + 0.5) + 1) + 1;
}
