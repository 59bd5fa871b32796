/**
 * Sampling by a fixed-point filter for each axis: columns first, then rows over a ring of filtered rows.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import type { AxisFilter } from "../resample/coefficients.ts";
import { blockRows, blocksOnce } from "./blocks.ts";
import { columnRange, columnTable, rowTable, wideRowTable } from "./filter_tables.ts";
import type { Arena, ImageFunctions } from "./module.ts";
import type { LoadedRows, Range, Sampler } from "./sampler.ts";

/** Filters of both axes, and the places where sums are rounded. */
export interface FilterPasses {
  /** Filter of the columns, which come first. */
  readonly x: AxisFilter;
  /** Filter of the rows. */
  readonly y: AxisFilter;
  /** Bits that a column sum loses, rounded half up; 0 for none. */
  readonly columnShift: number;
  /** Type of a column result: clamped to a level, or a whole number below 2^31 in magnitude. */
  readonly between: "u8" | "i32";
  /** Bits that a row sum of i32 results loses before the last rounding, rounded half up; 0 for none. */
  readonly snapShift: number;
  /** Bits that the last rounding drops. The result is clamped to a level. */
  readonly rowShift: number;
  /** Direction of a tie in the last rounding; results of type u8 have ties up. */
  readonly ties: "up" | "even";
}

/**
 * Creates the sampler of two filters.
 *
 * @param arena Memory for its tables and its ring of rows.
 * @param passes Filters and roundings.
 * @param channels Channels of a pixel.
 * @param rows Rows of the filtered image that are needed.
 * @param columns Columns of the filtered image that are needed.
 */
export function filtered(
  arena: Arena,
  passes: FilterPasses,
  channels: Channels,
  rows: Range,
  columns: Range,
): Sampler {
  const { x, y, columnShift, between } = passes;
  const first = y.first.slice(rows.start, rows.end);
  const last = first.map((row, o) => row + y.taps[rows.start + o]! - 1);
  const source = columnRange(x, columns);
  const blocks = blocksOnce({ first, last }, (source.end - source.start) * channels);
  const width = columns.end - columns.start;
  const sampleBytes = between === "i32" ? 4 : 1;
  const pitch = Math.ceil((width * channels * sampleBytes + 16) / 16) * 16;
  const mostTaps = first.reduce((most, row, o) => Math.max(most, last[o]! - row + 1), 1);
  const depth = mostTaps + blockRows(blocks) + 1;
  const ring = arena.reserve(depth * pitch);
  const isCopied = x.skipped && between === "u8";
  const table = isCopied ? 0 : arena.put(columnTable(x, channels, columns, source.start));
  const connectRows = between === "i32" ? wideRows(arena, passes, rows) : narrowRows(arena, passes, rows);
  return {
    columns: source,
    blocks,
    isPlanar: false,
    connect: ({ functions }) => {
      const filter = functions[`columns${between === "i32" ? "Wide" : ""}${channels}`];
      const sumRows = connectRows(functions, { ring, end: ring + depth * pitch, pitch });
      const takeRows = (address: number, from: number, slot: number, count: number) => {
        const to = ring + slot * pitch;
        if (!isCopied) return filter(address, from, to, pitch, count, table, width, columnShift);
        for (let i = 0; i < count; i++) {
          functions.copy(to + i * pitch, address + i * from, width * channels);
        }
      };
      return {
        take: ({ row, address, pitch: from }: LoadedRows, count: number) => {
          const slot = row % depth, head = Math.min(count, depth - slot);
          takeRows(address, from, slot, head);
          if (head < count) takeRows(address + head * from, from, 0, count - head);
        },
        give: (output, to) => sumRows(output, to, ring + first[output]! % depth * pitch, width * channels),
      };
    },
  };
}

/** Ring of column results. */
interface Ring {
  readonly ring: number;
  readonly end: number;
  readonly pitch: number;
}

/** Sums the rows of one output row from address `at` of the ring. */
type SumRows = (output: number, to: number, at: number, count: number) => void;

/** Rows of levels. */
function narrowRows(arena: Arena, { y, rowShift }: FilterPasses, rows: Range) {
  const { start, weights } = rowTable(y, rows);
  const table = arena.put(weights);
  return (functions: ImageFunctions, { ring, end, pitch }: Ring): SumRows => (output, to, at, count) => {
    if (y.skipped) return functions.copy(to, at, count);
    const pairs = start[output + 1]! - start[output]!;
    functions.filterRows(to, ring, end, pitch, at, table + 8 * start[output]!, pairs, count, rowShift);
  };
}

/** Rows of i32 results. */
function wideRows(arena: Arena, { y, snapShift, rowShift, ties }: FilterPasses, rows: Range) {
  const { start, weights } = wideRowTable(y, rows);
  const table = arena.put(weights);
  const half = (bits: number) => bits === 0 ? 0 : 2 ** (bits - 1);
  const values = [
    half(snapShift),
    2 ** -snapShift,
    half(rowShift),
    2 ** -rowShift,
    2 ** rowShift,
    ties === "even" ? 1 : 0,
  ];
  const constants = arena.put(Float64Array.from(values.flatMap((value) => [value, value])));
  return (functions: ImageFunctions, { ring, end, pitch }: Ring): SumRows => (output, to, at, count) => {
    const taps = start[output + 1]! - start[output]!;
    functions.filterRowsWide(to, ring, end, pitch, at, table + 8 * start[output]!, taps, count, constants);
  };
}
