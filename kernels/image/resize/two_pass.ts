/**
 * Two-pass tables, exact: lookups first along x, then along y. Their size grows with the sum of the axes'
 * weights (n + m), that of product tables with n · m. No size needs swapping.
 *
 * The first pass is an integer: H = a·p + b·q in units of 1/Dx, at most 255·Dx. The second pass splits H into
 * three chunks of c bits. Each chunk of both rows is looked up as weight · chunk · 2^(c·j) / D, rounded up.
 * Six roundings give u = 6 in the theorem of `terms.ts`, so the result is exact.
 *
 * @module
 */

import { cellBytes, type Channels } from "../../../serialize/sampling.ts";
import { bitsFor, type Stage, type TableInfo, tableInfo } from "../kernel.ts";
import { axisWeightIds } from "./fixed.ts";
import type { AxisWeights } from "./positions.ts";
import { fractionBitsFor, scaleUp } from "./terms.ts";

/** Chunks of each first-pass sum. */
const CHUNKS = 3;

/** Maximum rounding units of one sample. */
export const TWO_PASS_UNITS: number = 2 * CHUNKS;

/** Returns the bits of one chunk of a first-pass sum. */
function chunkBits(x: AxisWeights): number {
  return Math.ceil(bitsFor(255 * x.denominator + 1) / CHUNKS);
}

/** Returns the fraction bits of a second-pass entry. */
export function twoPassFractionBits(y: AxisWeights, x: AxisWeights): number {
  return fractionBitsFor(y.denominator * x.denominator, TWO_PASS_UNITS);
}

/**
 * Describes the tables of both passes.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 */
export function describeTwoPass(y: AxisWeights, x: AxisWeights): TableInfo[] {
  const rows = new Set(y.pairs.flat()).size;
  const columns = new Set(x.pairs.flat()).size;
  const chunk = 2 ** chunkBits(x);
  return [
    tableInfo(
      "columns",
      "column phase -> weight of left, right",
      x.pairs.length,
      2 * bitsFor(columns),
      1,
      "item",
    ),
    tableInfo("rows", "row phase -> weight of upper, lower", y.pairs.length, 2 * bitsFor(rows), 1, "item"),
    tableInfo("horizontal", "column weight x pixel", 256 * columns, bitsFor(255 * x.denominator + 1), 4),
    tableInfo(
      "vertical",
      `row weight x chunk x ${chunk} values`,
      CHUNKS * chunk * rows,
      8 + twoPassFractionBits(y, x),
      2 * CHUNKS,
    ),
  ];
}

/**
 * Generates the tables and the model.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @param channels Channels of a cell.
 * @param even Whether ties round to the even level.
 */
export function twoPassModel(
  y: AxisWeights,
  x: AxisWeights,
  channels: Channels,
  even: boolean,
): Stage["process"] {
  const rows = axisWeightIds(y);
  const columns = axisWeightIds(x);
  const c = chunkBits(x);
  const values = 2 ** c;
  const fractionBits = twoPassFractionBits(y, x);
  const denominator = y.denominator * x.denominator;
  const horizontal = Uint32Array.from(
    { length: 256 * columns.weights.length },
    (_, at) => columns.weights[at >> 8]! * (at & 255),
  );
  const vertical = new Uint32Array(CHUNKS * values * rows.weights.length);
  rows.weights.forEach((weight, id) => {
    for (let j = 0; j < CHUNKS; j++) {
      for (let value = 0; value < values; value++) {
        vertical[(CHUNKS * id + j) * values + value] = scaleUp(
          weight * value * 2 ** (c * j),
          denominator,
          fractionBits,
        );
      }
    }
  });
  const half = 2 ** (fractionBits - 1);
  const mask = 2 ** fractionBits - 1;
  const low = values - 1;
  const step = cellBytes(channels);
  const at = 4 * channels;
  const term = (base: number, h: number) =>
    vertical[base + (h & low)]! + vertical[base + values + ((h >> c) & low)]! +
    vertical[base + 2 * values + (h >> (2 * c))]!;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const column = source[from + at]! | (source[from + at + 1]! << 8);
      const row = source[from + at + 2]! | (source[from + at + 3]! << 8);
      if (column >= columns.ids.length || row >= rows.ids.length) return "weight";
      const [leftId, rightId] = columns.ids[column]!;
      const [upperId, lowerId] = rows.ids[row]!;
      const left = 256 * leftId, right = 256 * rightId;
      const upper = CHUNKS * values * upperId, lower = CHUNKS * values * lowerId;
      for (let k = 0; k < channels; k++) {
        const p = from + k;
        const h0 = horizontal[left + source[p]!]! + horizontal[right + source[p + channels]!]!;
        const h1 = horizontal[left + source[p + 2 * channels]!]! +
          horizontal[right + source[p + 3 * channels]!]!;
        const sum = term(upper, h0) + term(lower, h1) + half;
        const level = sum >>> fractionBits;
        target[to++] = even && (sum & mask) >>> 0 < TWO_PASS_UNITS ? level & ~1 : level;
      }
    }
    return null;
  };
}
