/**
 * Passes of the resample model: sums of looked-up or multiplied terms.
 *
 * @module
 */

import type { FormName } from "../kernel.ts";
import { type FilterProgram, rowResult, WIDE_LIMIT } from "./program.ts";
import { type FilterTable, filterTable } from "./tables.ts";

/** Rows of column results: bytes, or signed words if the program rounds at the end alone. */
export type RowRingMemory = Uint8Array | Int32Array;

/** Product of one tap: a weight's table row and a sample or column result. */
type Term = (products: Int32Array, row: number, value: number) => number;

const wholeTerm: Term = (products, row, pixel) => products[row + pixel]!;

const nibbleTerm: Term = (products, row, pixel) =>
  16 * products[row + (pixel >> 4)]! + products[row + (pixel & 15)]!;

/** Magnitude at most 1.2 · 2^22 · 255 for a pixel, and below 2^46 for a column result. */
const productTerm: Term = (weights, row, value) => weights[row]! * value;

/** Product of a column result raised by {@linkcode WIDE_LIMIT}: three bytes, each looked up like a pixel. */
function wideTerm(byte: Term): Term {
  return (products, row, value) =>
    65536 * byte(products, row, value >> 16) + 256 * byte(products, row, value >> 8 & 255) +
    byte(products, row, value & 255);
}

/** Passes of a program over rows of one width. */
export interface Passes {
  /** Filters the columns of a row of samples into the ring at `to`. */
  readonly columns: (source: Uint8Array, from: number, ring: RowRingMemory, to: number) => void;
  /** Filters the rows in a ring of `width` results a row into an output row of levels. */
  readonly rows: (row: number, ring: RowRingMemory, width: number, target: Uint8Array, to: number) => void;
}

/**
 * Generates the tables of a form, and the passes that use them.
 *
 * @param program Program of the resize.
 * @param channels Channels of a pixel.
 * @param form `distinct`: a lookup for each byte. `nibble`: two lookups. `multiply`: a multiplication a tap.
 */
export function filterPasses(program: FilterProgram, channels: number, form: FormName): Passes {
  const levels = form === "nibble" ? 16 : form === "multiply" ? 1 : 256;
  const term = form === "nibble" ? nibbleTerm : form === "multiply" ? productTerm : wholeTerm;
  const { x, y } = program;
  const [columnTable, rowTable] = [filterTable(x, levels), filterTable(y, levels)];
  return {
    columns: (source, from, ring, to) => {
      if (x.skipped) ring.set(source.subarray(from, from + x.first.length * channels), to);
      else filterColumns(program, columnTable, term, channels, source, from, ring, to);
    },
    rows: (row, ring, width, target, to) => {
      const depth = ring.length / width;
      if (y.skipped) target.set(ring.subarray((row % depth) * width, (row % depth + 1) * width), to);
      else if (program.between === "u8") filterRows(program, rowTable, term, row, ring, width, target, to);
      else filterWideRows(program, rowTable, form, term, row, ring, width, target, to);
    },
  };
}

/** Sums of a column pass stay below 2^31; negative weights take them beyond both ends of the levels. */
function filterColumns(
  { x: { first, taps, start }, columnShift, between }: FilterProgram,
  { rows, products }: FilterTable,
  term: Term,
  channels: number,
  source: Uint8Array,
  from: number,
  target: RowRingMemory,
  to: number,
): void {
  const half = columnShift === 0 ? 0 : 2 ** (columnShift - 1);
  for (let o = 0; o < first.length; o++) {
    const [at, weight, count] = [from + first[o]! * channels, start[o]!, taps[o]!];
    for (let c = 0; c < channels; c++) {
      let sum = half;
      for (let t = 0; t < count; t++) {
        sum += term(products, rows[weight + t]!, source[at + t * channels + c]!);
      }
      const result = sum >> columnShift;
      target[to++] = between === "u8" ? Math.min(255, Math.max(0, result)) : result;
    }
  }
}

/** Rows of bytes: sums stay below 2^31. */
function filterRows(
  { y: { first, taps, start }, rowShift }: FilterProgram,
  { rows, products }: FilterTable,
  term: Term,
  row: number,
  ring: RowRingMemory,
  width: number,
  target: Uint8Array,
  to: number,
): void {
  const depth = ring.length / width;
  const [begin, weight, count] = [first[row]!, start[row]!, taps[row]!];
  for (let i = 0; i < width; i++) {
    let sum = 2 ** (rowShift - 1);
    for (let t = 0; t < count; t++) {
      sum += term(products, rows[weight + t]!, ring[((begin + t) % depth) * width + i]!);
    }
    target[to + i] = Math.min(255, Math.max(0, sum >> rowShift));
  }
}

/**
 * Rows of wide results. Lookups need values from 0, so each value is raised, and the sum is lowered by the weights
 * times the rise. Sums stay below 2^48.
 */
function filterWideRows(
  program: FilterProgram,
  { rows, products }: FilterTable,
  form: FormName,
  term: Term,
  row: number,
  ring: RowRingMemory,
  width: number,
  target: Uint8Array,
  to: number,
): void {
  const { first, taps, start, weights } = program.y;
  const depth = ring.length / width;
  const [begin, weight, count] = [first[row]!, start[row]!, taps[row]!];
  const rise = form === "multiply" ? 0 : WIDE_LIMIT;
  const wide = form === "multiply" ? term : wideTerm(term);
  let lowered = 0;
  for (let t = 0; t < count; t++) lowered -= weights[weight + t]! * rise;
  for (let i = 0; i < width; i++) {
    let sum = lowered;
    for (let t = 0; t < count; t++) {
      sum += wide(products, rows[weight + t]!, ring[((begin + t) % depth) * width + i]! + rise);
    }
    target[to + i] = rowResult(program, sum);
  }
}
