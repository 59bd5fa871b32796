/**
 * Sampling by a filter for each axis, with fixed-point weights: columns first, rounded to 8 bits, then rows.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import type { AxisFilter } from "../resample/coefficients.ts";
import { blockRows, blocksOnce } from "./blocks.ts";
import type { Arena } from "./module.ts";
import type { LoadedRows, Range, Sampler } from "./sampler.ts";

/** Filters of both axes. */
export interface Filters {
  /** Filter of the rows. */
  readonly y: AxisFilter;
  /** Filter of the columns. */
  readonly x: AxisFilter;
  /** Fraction bits of the weights of both. */
  readonly bits: number;
}

/**
 * Creates the sampler of two filters.
 *
 * @param arena Memory for its tables and its ring of rows.
 * @param filters Filters of both axes.
 * @param channels Channels of a pixel.
 * @param rows Rows of the filtered image that are needed.
 * @param columns Columns of the filtered image that are needed.
 */
export function filtered(
  arena: Arena,
  { y, x, bits }: Filters,
  channels: Channels,
  rows: Range,
  columns: Range,
): Sampler {
  const first = y.first.slice(rows.start, rows.end);
  const last = first.map((row, o) => row + y.taps[rows.start + o]! - 1);
  const source = columnRange(x, columns);
  const blocks = blocksOnce({ first, last }, (source.end - source.start) * channels);
  const width = columns.end - columns.start;
  const pitch = Math.ceil((width * channels + 16) / 16) * 16;
  const mostTaps = first.reduce((most, row, o) => Math.max(most, last[o]! - row + 1), 1);
  const depth = mostTaps + blockRows(blocks) + 1;
  const ring = arena.reserve(depth * pitch);
  const table = x.skipped ? 0 : arena.put(columnTable(x, channels, columns, source.start));
  const pairs = rowTable(y, rows);
  const weights = arena.put(pairs.weights);
  return {
    columns: source,
    blocks,
    isPlanar: false,
    connect: ({ functions }) => {
      const filter = channels === 1
        ? functions.columns1
        : channels === 3
        ? functions.columns3
        : functions.columns4;
      const takeRows = (address: number, from: number, slot: number, count: number) => {
        const to = ring + slot * pitch;
        if (!x.skipped) filter(address, from, to, pitch, count, table, width, bits);
        else {for (let i = 0; i < count; i++) {
            functions.copy(to + i * pitch, address + i * from, width * channels);
          }}
      };
      return {
        take: ({ row, address, pitch: from }: LoadedRows, count: number) => {
          const slot = row % depth, head = Math.min(count, depth - slot);
          takeRows(address, from, slot, head);
          if (head < count) takeRows(address + head * from, from, 0, count - head);
        },
        give: (output, to) => {
          const at = ring + first[output]! % depth * pitch;
          if (y.skipped) return functions.copy(to, at, width * channels);
          const start = weights + 8 * pairs.start[output]!;
          const count = pairs.start[output + 1]! - pairs.start[output]!;
          functions.filterRows(
            to,
            ring,
            ring + depth * pitch,
            pitch,
            at,
            start,
            count,
            width * channels,
            bits,
          );
        },
      };
    },
  };
}

/** Columns that outputs need. */
function columnRange({ first, taps }: AxisFilter, { start, end }: Range): Range {
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
function columnTable(
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

/** Pairs of rows in the form of `wasm/rows.ts`, and the first pair of each output row. */
function rowTable({ taps, start, weights }: AxisFilter, rows: Range) {
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
