/**
 * The resize kernel: cells in, samples out.
 *
 * @module
 */

import { cellBytes, checkChannels, MAX_WEIGHTS, OnpathError } from "../../serialize/mod.ts";
import {
  type Bound,
  type ItemType,
  type Kernel,
  packedBytes,
  type Stage,
  type TableInfo,
} from "../kernel.ts";
import { axisWeightIds, fixedTables } from "./fixed.ts";
import { type AxisWeights, resizeAxes } from "./positions.ts";
import { type ResizeParams, resizeParams } from "./spec.ts";
import { distinctWeights, termTable } from "./terms.ts";

/** Bilinear resize by table lookups. */
export const resizeKernel: Kernel<ResizeParams> = {
  name: "resize",
  summary: "four-neighbour bilinear resize of cells by lookups and additions",
  params: resizeParams,
  describe: (params) => describe(params),
  bound: (params) => BOUNDS[params.match],
  prepare: (params, input) => prepare(params, input),
};

const BOUNDS: Readonly<Record<ResizeParams["match"], Bound>> = {
  exact: {
    versus: "the exact rational bilinear sample, rounded half up",
    levels: 0,
    because: "terms rounded up to 2^f >= 4 D keep every sum on its side of every rounding edge",
  },
  opencv: {
    versus: "OpenCV 4.6 resize, INTER_LINEAR, 8 bits",
    levels: 0,
    because: "the tables hold the products of OpenCV's own fixed-point arithmetic",
  },
  torchvision: {
    versus: "torchvision 0.14 resize, BILINEAR, antialias=False, 8 bits",
    levels: 1,
    because: "exact with ties to even; torchvision's binary32 arithmetic can leave a tie on either side",
  },
};

function checkedAxes(params: ResizeParams): { y: AxisWeights; x: AxisWeights } {
  const axes = resizeAxes(params);
  const indexes = axes.y.pairs.length * axes.x.pairs.length;
  if (indexes > MAX_WEIGHTS) {
    const { y, x } = params;
    throw new OnpathError(
      "table",
      `Cannot resize ${x.input}x${y.input} to ${x.output}x${y.output}: ${axes.y.pairs.length} row and ` +
        `${axes.x.pairs.length} column fractions make ${indexes} weight indexes, a cell numbers ${MAX_WEIGHTS}; ` +
        `sizes with a larger common divisor need fewer`,
      { indexes, most: MAX_WEIGHTS, params },
    );
  }
  return axes;
}

function describe(params: ResizeParams): TableInfo[] {
  const { y, x } = checkedAxes(params);
  const indexes = y.pairs.length * x.pairs.length;
  const table = (name: string, index: string, entries: number, bits: number, lookups: number): TableInfo => ({
    name,
    index,
    entries,
    bits,
    bytes: packedBytes(entries, bits),
    lookups,
  });
  if (params.match === "opencv") {
    const rows = axisWeightIds(y).weights.length;
    const columns = axisWeightIds(x).weights.length;
    return [
      table(
        "weights",
        "weight index -> weight of left, right, upper, lower",
        indexes,
        2 * (bitsFor(rows) + bitsFor(columns)),
        1,
      ),
      table("horizontal", "column weight x pixel", 256 * columns, 20, 4),
      table("vertical-high", "row weight x upper 7 bits", 128 * rows, 27, 2),
      table("vertical-low", "row weight x lower 8 bits", 256 * rows, 20, 2),
    ];
  }
  const { weights, fractionBits } = distinctWeights(y, x);
  return [
    table("weights", "weight index -> weight of each neighbour", indexes, 4 * bitsFor(weights.length), 1),
    table("terms", "distinct weight x pixel", 256 * weights.length, 8 + fractionBits, 4),
  ];
}

function prepare(params: ResizeParams, input: ItemType): Stage {
  const channels = checkChannels(input.channels);
  if (input.kind !== "cells" || input.dtype !== "u8") {
    throw new OnpathError("pipeline", `Cannot resize ${input.dtype} ${input.kind}: expected u8 cells`, {
      input,
    });
  }
  const { y, x } = checkedAxes(params);
  return {
    input,
    output: { kind: "samples", dtype: "u8", channels, planar: false },
    outputItemBytes: channels,
    tables: describe(params),
    process: params.match === "opencv"
      ? fixedModel(y, x, channels)
      : termModel(y, x, channels, params.match === "torchvision"),
  };
}

/** Four terms and a rounding constant; `even` sends ties to the even neighbour. */
function termModel(y: AxisWeights, x: AxisWeights, channels: 1 | 3 | 4, even: boolean): Stage["process"] {
  const distinct = distinctWeights(y, x);
  const terms = termTable(distinct);
  const { ids, fractionBits } = distinct;
  const rows = ids.map((id) => 256 * id);
  const half = 2 ** (fractionBits - 1);
  const mask = 2 ** fractionBits - 1;
  const step = cellBytes(channels);
  const indexAt = 4 * channels;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const index = 4 * (source[from + indexAt]! | (source[from + indexAt + 1]! << 8));
      if (index >= rows.length) return "weight";
      const t0 = rows[index]!, t1 = rows[index + 1]!, t2 = rows[index + 2]!, t3 = rows[index + 3]!;
      for (let c = 0; c < channels; c++) {
        const p = from + c;
        const sum = terms[t0 + source[p]!]! + terms[t1 + source[p + channels]!]! +
          terms[t2 + source[p + 2 * channels]!]! + terms[t3 + source[p + 3 * channels]!]! + half;
        const level = sum >>> fractionBits;
        target[to++] = even && (sum & mask) >>> 0 < 4 ? level & ~1 : level;
      }
    }
    return null;
  };
}

/** OpenCV's two passes from product tables. */
function fixedModel(y: AxisWeights, x: AxisWeights, channels: 1 | 3 | 4): Stage["process"] {
  const { horizontal, high, low, ids } = fixedTables(y, x);
  const step = cellBytes(channels);
  const indexAt = 4 * channels;
  const vertical = (b: number, h: number) => (high[128 * b + (h >> 8)]! + low[256 * b + (h & 255)]!) >>> 16;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const index = 4 * (source[from + indexAt]! | (source[from + indexAt + 1]! << 8));
      if (index >= ids.length) return "weight";
      const left = 256 * ids[index]!, right = 256 * ids[index + 1]!;
      const upper = ids[index + 2]!, lower = ids[index + 3]!;
      for (let c = 0; c < channels; c++) {
        const p = from + c;
        const h0 = horizontal[left + source[p]!]! + horizontal[right + source[p + channels]!]!;
        const h1 = horizontal[left + source[p + 2 * channels]!]! +
          horizontal[right + source[p + 3 * channels]!]!;
        target[to++] = (vertical(upper, h0 >> 4) + vertical(lower, h1 >> 4) + 2) >> 2;
      }
    }
    return null;
  };
}

function bitsFor(values: number): number {
  return Math.max(1, Math.ceil(Math.log2(values)));
}
