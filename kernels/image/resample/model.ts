/**
 * Resample kernel: receives whole rows, and emits filtered rows. The column filter runs once on each arriving
 * input row. A ring stores the results until an output row has all that it needs.
 *
 * @module
 */

import type { Channels } from "../../../serialize/sampling.ts";
import type { FormName, Kernel, RowStage } from "../kernel.ts";
import { boundOf, maxTaps } from "./bound.ts";
import { filterPasses } from "./passes.ts";
import { filterProgram } from "./program.ts";
import { type ResampleParams, resampleParams } from "./spec.ts";
import { filterForms } from "./tables.ts";

/** Resize of whole rows with table lookups. */
export const resampleKernel: Kernel<ResampleParams> = {
  name: "resample",
  summary: "resize of whole rows by any filter, with lookups and additions",
  params: resampleParams,
  forms: (params) => filterForms(filterProgram(params)),
  bound: boundOf,
  prepareRows: resampleRows,
};

/** First and last input row that each output row needs. Neither decreases. */
export function resampleSpans(params: ResampleParams): { first: Int32Array; last: Int32Array } {
  const { first, taps } = filterProgram(params).y;
  return { first, last: first.map((row, o) => row + taps[o]! - 1) };
}

/** Bytes of the ring: it holds as many filtered rows as the output row with the most taps needs. */
export function resampleBuffers(params: ResampleParams, channels: Channels): number {
  const { y, between } = filterProgram(params);
  return maxTaps(y) * params.x.output * channels * RESULT_BYTES[between];
}

/** Bytes of a column result in the ring. */
const RESULT_BYTES = { u8: 1, i32: 3 } as const;

/**
 * Generates the tables and the model of a resize.
 *
 * @param params Lengths of the axes before and after, filter and library.
 * @param channels Channels of a pixel.
 * @param form `distinct`: one lookup a tap. `nibble`: two lookups a tap. `multiply`: one multiplication a
 * tap.
 */
export function resampleRows(params: ResampleParams, channels: Channels, form: FormName): RowStage {
  const program = filterProgram(params);
  const passes = filterPasses(program, channels, form);
  const width = params.x.output * channels;
  const bufferBytes = resampleBuffers(params, channels);
  const depth = maxTaps(program.y);
  const ring = program.between === "u8" ? new Uint8Array(depth * width) : new Int32Array(depth * width);
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
      passes.columns(source, from, ring, slot * width);
    },
    give: (row, target, to) => {
      for (let at = first[row]!; at <= last[row]!; at++) if (tags[at % depth] !== at) return false;
      passes.rows(row, ring, width, target, to);
      return true;
    },
  };
}
