/**
 * Resample kernel: receives whole rows, and emits filtered rows. The column filter runs once on each arriving
 * input row. A ring stores the results until an output row has all that it needs.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import type { Bound, FormName, Kernel, RowStage } from "../kernel.ts";
import { type AxisFilter, FILTER_BITS, filterAxis } from "./coefficients.ts";
import { type ResampleParams, resampleParams } from "./spec.ts";
import { filterForms, type FilterTable, filterTable } from "./tables.ts";

/** Antialiased resize with table lookups. */
export const resampleKernel: Kernel<ResampleParams> = {
  name: "resample",
  summary: "antialiased resize of whole rows by lookups and additions",
  params: resampleParams,
  forms: ({ y, x, filter }) => filterForms(filterAxis(y, filter), filterAxis(x, filter)),
  bound: () => BOUND,
  prepareRows: resampleRows,
};

const BOUND: Bound = {
  versus:
    "Pillow 9.4 resize, each channel by itself; bilinear: torchvision 0.14 antialias=True within 1 level",
  levels: 0,
  because: "the tables hold the products of Pillow's own fixed-point weights",
};

/** First and last input row that each output row needs. Neither decreases. */
export function resampleSpans({ y, filter }: ResampleParams): { first: Int32Array; last: Int32Array } {
  const { first, taps } = filterAxis(y, filter);
  return { first, last: first.map((row, o) => row + taps[o]! - 1) };
}

/** Bytes of the ring: it holds as many filtered rows as the output row with the most taps needs. */
export function resampleBuffers({ y, x, filter }: ResampleParams, channels: Channels): number {
  return filterAxis(y, filter).taps.reduce((max, taps) => Math.max(max, taps), 1) * x.output * channels;
}

/**
 * Generates the tables and the model of an antialiased resize.
 *
 * @param params Lengths of the axes before and after.
 * @param channels Channels of a pixel.
 * @param form `distinct`: one lookup a tap. `nibble`: two lookups a tap. `multiply`: one multiplication a
 * tap.
 */
export function resampleRows(params: ResampleParams, channels: Channels, form: FormName): RowStage {
  const { filter } = params;
  const [y, x] = [filterAxis(params.y, filter), filterAxis(params.x, filter)];
  const levels = form === "nibble" ? 16 : form === "multiply" ? 1 : 256;
  const term = form === "nibble" ? nibbleTerm : form === "multiply" ? productTerm : wholeTerm;
  const [rowTable, columnTable] = [filterTable(y, levels), filterTable(x, levels)];
  const width = params.x.output * channels;
  const bufferBytes = resampleBuffers(params, channels);
  const depth = bufferBytes / width;
  const ring = new Uint8Array(bufferBytes);
  const tags = new Int32Array(depth).fill(-1);
  const { first, last } = resampleSpans(params);
  return {
    rows: params.y.input,
    columns: params.x.input,
    channels,
    outputRows: params.y.output,
    outputColumns: params.x.output,
    output: { kind: "samples", dtype: "u8", channels, planar: false },
    outputItemBytes: channels,
    first,
    last,
    bufferBytes,
    restart: () => void tags.fill(-1),
    take: (row, source, from) => {
      const slot = row % depth;
      tags[slot] = row;
      if (x.skipped) ring.set(source.subarray(from, from + width), slot * width);
      else filterColumns(x, columnTable, term, channels, source, from, ring, slot * width);
    },
    give: (row, target, to) => {
      for (let at = first[row]!; at <= last[row]!; at++) if (tags[at % depth] !== at) return false;
      if (y.skipped) target.set(ring.subarray((row % depth) * width, (row % depth + 1) * width), to);
      else filterRows(y, rowTable, term, row, ring, width, target, to);
      return true;
    },
  };
}

/** Product of one tap: a weight's table row and a pixel. */
type Term = (products: Int32Array, row: number, pixel: number) => number;

const wholeTerm: Term = (products, row, pixel) => products[row + pixel]!;

const nibbleTerm: Term = (products, row, pixel) =>
  16 * products[row + (pixel >> 4)]! + products[row + (pixel & 15)]!;

/** Magnitude at most 1.2 · 2^22 · 255. */
const productTerm: Term = (weights, row, pixel) => weights[row]! * pixel;

const HALF = 2 ** (FILTER_BITS - 1);

/** Level of a sum of products. Its magnitude is below 2^31; negative weights take it beyond both ends. */
function levelOf(sum: number): number {
  return Math.min(255, Math.max(0, sum >> FILTER_BITS));
}

/** Filters the columns of one row. */
function filterColumns(
  { first, taps, start }: AxisFilter,
  { rows, products }: FilterTable,
  term: Term,
  channels: number,
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
): void {
  for (let o = 0; o < first.length; o++) {
    const [at, weight, count] = [from + first[o]! * channels, start[o]!, taps[o]!];
    for (let c = 0; c < channels; c++) {
      let sum = HALF;
      for (let t = 0; t < count; t++) {
        sum += term(products, rows[weight + t]!, source[at + t * channels + c]!);
      }
      target[to++] = levelOf(sum);
    }
  }
}

/** Filters the rows of one output row in the ring. */
function filterRows(
  { first, taps, start }: AxisFilter,
  { rows, products }: FilterTable,
  term: Term,
  row: number,
  ring: Uint8Array,
  width: number,
  target: Uint8Array,
  to: number,
): void {
  const depth = ring.length / width;
  const [begin, weight, count] = [first[row]!, start[row]!, taps[row]!];
  for (let i = 0; i < width; i++) {
    let sum = HALF;
    for (let t = 0; t < count; t++) {
      sum += term(products, rows[weight + t]!, ring[((begin + t) % depth) * width + i]!);
    }
    target[to + i] = levelOf(sum);
  }
}
