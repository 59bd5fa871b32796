/**
 * The remap kernel: cells in, samples out. The weights are the same for every matrix, image and size,
 * so one set of tables serves all remaps.
 *
 * @module
 */

import { cellBytes, type Channels, checkChannels, OnpathError } from "../../serialize/mod.ts";
import {
  type Bound,
  type ItemType,
  type Kernel,
  packedBytes,
  type Stage,
  type TableInfo,
} from "../kernel.ts";
import type { AxisWeights } from "../resize/positions.ts";
import { distinctWeights, termTable } from "../resize/terms.ts";
import { POSITION_STEPS } from "./positions.ts";
import { type RemapParams, remapParams } from "./spec.ts";

/** Rotation, affine and perspective warps by table lookups. */
export const remapKernel: Kernel<RemapParams> = {
  name: "remap",
  summary: "four-neighbour bilinear sampling of cells at any positions, to 1/32 sample",
  params: remapParams,
  describe: () => describe(),
  bound: () => BOUND,
  prepare: (_params, input) => prepare(input),
};

const BOUND: Bound = {
  versus: "OpenCV 4.6 warpAffine, warpPerspective and remap, INTER_LINEAR, 8 bits",
  levels: 1,
  because: "the positions and the weights over 32 * 32 are OpenCV's own and the sum is exact",
};

/**
 * The weights of one axis of a remap: pair k is (32 − k, k) over 32.
 *
 * @returns 32 pairs. The neighbours of every sample stand in the sampling map, so that the axis itself
 * has no indexes.
 */
export function remapAxis(): AxisWeights {
  return {
    low: new Int32Array(0),
    high: new Int32Array(0),
    phase: new Uint16Array(0),
    pairs: Array.from({ length: POSITION_STEPS }, (_, k) => [POSITION_STEPS - k, k] as const),
    denominator: POSITION_STEPS,
  };
}

function describe(): TableInfo[] {
  const { weights, fractionBits, ids } = distinctWeights(remapAxis(), remapAxis());
  const table = (name: string, index: string, entries: number, bits: number, lookups: number): TableInfo => ({
    name,
    index,
    entries,
    bits,
    bytes: packedBytes(entries, bits),
    lookups,
  });
  const idBits = Math.ceil(Math.log2(weights.length));
  return [
    table("weights", "weight index -> weight of each neighbour", ids.length / 4, 4 * idBits, 1),
    table("terms", "distinct weight x pixel", 256 * weights.length, 8 + fractionBits, 4),
  ];
}

function prepare(input: ItemType): Stage {
  const channels = checkChannels(input.channels);
  if (input.kind !== "cells" || input.dtype !== "u8") {
    throw new OnpathError("pipeline", `Cannot remap ${input.dtype} ${input.kind}: expected u8 cells`, {
      input,
    });
  }
  return {
    input,
    output: { kind: "samples", dtype: "u8", channels, planar: false },
    outputItemBytes: channels,
    tables: describe(),
    process: termModel(channels),
  };
}

/** Four terms and a rounding constant, ties up. */
function termModel(channels: Channels): Stage["process"] {
  const distinct = distinctWeights(remapAxis(), remapAxis());
  const terms = termTable(distinct);
  const { ids, fractionBits } = distinct;
  const rows = ids.map((id) => 256 * id);
  const half = 2 ** (fractionBits - 1);
  const step = cellBytes(channels);
  const indexAt = 4 * channels;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const at = from + indexAt;
      const index = (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) |
        (source[at + 3]! << 24)) >>> 0;
      if (index >= rows.length / 4) return "weight";
      const first = 4 * index;
      const t0 = rows[first]!, t1 = rows[first + 1]!, t2 = rows[first + 2]!, t3 = rows[first + 3]!;
      for (let c = 0; c < channels; c++) {
        const p = from + c;
        const sum = terms[t0 + source[p]!]! + terms[t1 + source[p + channels]!]! +
          terms[t2 + source[p + 2 * channels]!]! + terms[t3 + source[p + 3 * channels]!]! + half;
        target[to++] = sum >>> fractionBits;
      }
    }
    return null;
  };
}
