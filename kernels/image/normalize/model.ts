/**
 * Normalize kernel: one table lookup a sample.
 *
 * @module
 */

import { DTYPE_BYTES } from "../../../serialize/dtype.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type ItemType, type Kernel, type Stage, type TableForm, tableInfo } from "../kernel.ts";
import { domainOf } from "../../memoize/domain.ts";
import { elementsOf } from "../../memoize/element.ts";
import { enumerateFunction } from "../../memoize/enumerate.ts";
import { normalizeBits } from "./reference.ts";
import { type LevelRange, type NormalizeParams, normalizeParams } from "./spec.ts";

/** Domain of each channel's function. */
const LEVELS = domainOf("u8");

/** Normalizes samples with table lookups: a function of a level for each channel, memoized. */
export const normalizeKernel: Kernel<NormalizeParams> = {
  name: "normalize",
  summary: "mean and deviation per channel, 8 bits to any element type, by one lookup a sample",
  params: normalizeParams,
  forms: (params) => [levels(params)],
  bound: (params) => ({
    versus: `(${rangeText(params.range)} - mean) / std in binary32, then ${params.dtype}`,
    levels: 0,
    because: "the table holds the result for each of the 256 levels",
  }),
  prepare: (params, input) => prepare(params, input),
};

function rangeText(range: LevelRange): string {
  return range === "0-1" ? "x/255" : range === "0-255" ? "x" : `x*${range}`;
}

function levels(params: NormalizeParams): TableForm {
  return {
    form: "levels",
    levels: 0,
    because: "the table holds the result for each of the 256 levels",
    index: "pairs",
    paged: 0,
    pages: null,
    tables: [
      tableInfo("levels", "channel x level", 256 * params.mean.length, 8 * DTYPE_BYTES[params.dtype], 1),
    ],
  };
}

/**
 * Generates the table: bit patterns of 256 elements for each channel.
 *
 * @param params Parameters with one mean and standard deviation a channel.
 */
export function levelTable(params: NormalizeParams): Uint32Array<ArrayBuffer> {
  const table = new Uint32Array(256 * params.mean.length);
  for (let channel = 0; channel < params.mean.length; channel++) {
    const bits = (level: number) => normalizeBits(level, channel, params);
    table.set(enumerateFunction(bits, LEVELS, params.dtype, { result: "bits" }), 256 * channel);
  }
  return table;
}

function prepare(params: NormalizeParams, input: ItemType): Stage {
  const { channels } = input;
  if (input.kind !== "samples" || input.dtype !== "u8" || input.planar || params.mean.length !== channels) {
    throw new OnpathError(
      "pipeline",
      `Cannot normalize ${input.dtype} ${input.kind} of ${channels} channels: expected interleaved u8 samples of ` +
        `${params.mean.length}`,
      { input, channels: params.mean.length },
    );
  }
  const size = DTYPE_BYTES[params.dtype];
  const table = new Uint8Array(elementsOf(levelTable(params), params.dtype).buffer);
  return {
    input,
    output: { kind: "samples", dtype: params.dtype, channels, planar: params.planar },
    outputItemBytes: channels * size,
    process: (source, from, items, target, to) => {
      // Distance between pixels and between channels in bytes. `planar` changes nothing else.
      const pixelStep = params.planar ? size : channels * size;
      const channelStep = params.planar ? items * size : size;
      for (let c = 0; c < channels; c++) {
        const row = 256 * size * c;
        let out = to + c * channelStep;
        for (let p = from + c, end = from + items * channels; p < end; p += channels, out += pixelStep) {
          const entry = row + size * source[p]!;
          for (let byte = 0; byte < size; byte++) target[out + byte] = table[entry + byte]!;
        }
      }
      return null;
    },
  };
}
