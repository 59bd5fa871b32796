/**
 * Tables of fixed-point filters, in the forms of the compiled loops.
 *
 * @module
 */

import type { AxisFilter } from "../resample/coefficients.ts";
import type { Range } from "./sampler.ts";

/** Columns that outputs need. */
export function columnRange({ first, taps }: AxisFilter, { start, end }: Range): Range {
  let [low, high] = [first[start]!, 0];
  for (let o = start; o < end; o++) {
    low = Math.min(low, first[o]!);
    high = Math.max(high, first[o]! + taps[o]!);
  }
  return { start: low, end: high };
}

/** High and low part of a weight: 256 · high + low, with low from −128 to 127. */
function parts(weight: number): [high: number, low: number] {
  const high = (weight + 128) >> 8;
  return [high, weight - 256 * high];
}

/** Columns in the form of `wasm/columns.ts`. */
export function columnTable(
  { first, taps, start, weights }: AxisFilter,
  channels: number,
  outputs: Range,
  origin: number,
) {
  const groupTaps = channels === 1 ? 8 : 4;
  let groups = 0;
  for (let o = outputs.start; o < outputs.end; o++) groups += Math.ceil(taps[o]! / groupTaps);
  const table = new Int32Array(2 * (outputs.end - outputs.start) + groups * groupTaps);
  const halves = new Int16Array(table.buffer);
  let at = 0;
  for (let o = outputs.start; o < outputs.end; o++) {
    const count = Math.ceil(taps[o]! / groupTaps);
    table[at++] = (first[o]! - origin) * channels;
    table[at++] = count;
    for (let t = 0; t < taps[o]!; t++) {
      const group = 2 * (at + Math.floor(t / groupTaps) * groupTaps), place = t % groupTaps;
      const [high, low] = parts(weights[start[o]! + t]!);
      halves[group + place] = high;
      halves[group + groupTaps + place] = low;
    }
    at += count * groupTaps;
  }
  return table;
}

/** Rows in the form of `filterRowsWide`, and the first tap of each output row. */
export function wideRowTable({ taps, start, weights }: AxisFilter, rows: Range) {
  const begin = new Int32Array(rows.end - rows.start + 1);
  const all: number[] = [];
  for (let o = rows.start; o < rows.end; o++) {
    for (let t = 0; t < taps[o]!; t++) all.push(weights[start[o]! + t]!);
    begin[o - rows.start + 1] = all.length;
  }
  return { start: begin, weights: Float64Array.from(all) };
}

/** Pairs of rows in the form of `wasm/rows.ts`, and the first pair of each output row. */
export function rowTable({ taps, start, weights }: AxisFilter, rows: Range) {
  const begin = new Int32Array(rows.end - rows.start + 1);
  for (let o = rows.start; o < rows.end; o++) {
    begin[o - rows.start + 1] = begin[o - rows.start]! + Math.ceil(taps[o]! / 2);
  }
  const table = new Int16Array(4 * begin.at(-1)!);
  for (let o = rows.start; o < rows.end; o++) {
    for (let t = 0; t < taps[o]!; t++) {
      const at = 4 * (begin[o - rows.start]! + (t >> 1)) + (t & 1);
      const [high, low] = parts(weights[start[o]! + t]!);
      table[at] = high;
      table[at + 2] = low;
    }
  }
  return { start: begin, weights: table };
}
