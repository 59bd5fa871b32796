/**
 * Models of the forms with products of row and column weights. Each weight index has four weights. Each
 * weight is looked up with its pixel, whole or split into nibbles.
 *
 * @module
 */

import { cellBytes, type Channels } from "../../../serialize/sampling.ts";
import type { FormName, Stage } from "../kernel.ts";
import type { AxisWeights } from "./positions.ts";
import { distinctWeights, fractionBitsFor, termTable, UNITS } from "./terms.ts";
import { UNIVERSAL_BITS, universalIds, universalTable } from "./universal.ts";

/**
 * Generates the tables and the model of a product form.
 *
 * @param form `distinct`, `nibble` or `universal`.
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @param channels Channels of a cell.
 * @param even Whether ties round to the even level.
 */
export function productModel(
  form: FormName,
  y: AxisWeights,
  x: AxisWeights,
  channels: Channels,
  even: boolean,
): Stage["process"] {
  if (form === "universal") {
    return nibbleModel(universalIds(y, x), universalTable(), UNIVERSAL_BITS, channels, even ? 1 : 0);
  }
  const { weights, denominator, ids } = distinctWeights(y, x);
  if (form === "nibble") {
    const bits = fractionBitsFor(denominator, UNITS.nibble);
    return nibbleModel(
      ids,
      termTable(weights, denominator, 16, bits),
      bits,
      channels,
      even ? UNITS.nibble : 0,
    );
  }
  const bits = fractionBitsFor(denominator, UNITS.distinct);
  return termModel(ids, termTable(weights, denominator, 256, bits), bits, channels, even);
}

/** Sums four whole terms. All values fit 32 bits. */
function termModel(
  ids: Uint32Array,
  terms: Uint32Array,
  fractionBits: number,
  channels: Channels,
  even: boolean,
): Stage["process"] {
  const rows = ids.map((id) => 256 * id);
  const half = 2 ** (fractionBits - 1);
  const mask = 2 ** fractionBits - 1;
  const step = cellBytes(channels);
  const indexAt = 4 * channels;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const index = weightIndex(source, from + indexAt);
      if (index >= rows.length >> 2) return "weight";
      const t0 = rows[4 * index]!, t1 = rows[4 * index + 1]!;
      const t2 = rows[4 * index + 2]!, t3 = rows[4 * index + 3]!;
      for (let c = 0; c < channels; c++) {
        const p = from + c;
        const sum = terms[t0 + source[p]!]! + terms[t1 + source[p + channels]!]! +
          terms[t2 + source[p + 2 * channels]!]! + terms[t3 + source[p + 3 * channels]!]! + half;
        const level = sum >>> fractionBits;
        target[to++] = even && (sum & mask) >>> 0 < UNITS.distinct ? level & ~1 : level;
      }
    }
    return null;
  };
}

/** Sums eight half terms. The sum can exceed 32 bits, so it is split by division, which is exact. */
function nibbleModel(
  ids: Uint32Array | Uint16Array,
  terms: Uint32Array | Uint16Array,
  fractionBits: number,
  channels: Channels,
  tieUnits: number,
): Stage["process"] {
  const half = 2 ** (fractionBits - 1);
  const one = 2 ** fractionBits;
  const step = cellBytes(channels);
  const indexAt = 4 * channels;
  const term = (weight: number, pixel: number) =>
    16 * terms[weight + (pixel >> 4)]! + terms[weight + (pixel & 15)]!;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const index = weightIndex(source, from + indexAt);
      if (index >= ids.length >> 2) return "weight";
      const t0 = 16 * ids[4 * index]!, t1 = 16 * ids[4 * index + 1]!;
      const t2 = 16 * ids[4 * index + 2]!, t3 = 16 * ids[4 * index + 3]!;
      for (let c = 0; c < channels; c++) {
        const p = from + c;
        const sum = term(t0, source[p]!) + term(t1, source[p + channels]!) +
          term(t2, source[p + 2 * channels]!) + term(t3, source[p + 3 * channels]!) + half;
        const level = Math.floor(sum / one);
        target[to++] = sum - level * one < tieUnits ? level & ~1 : level;
      }
    }
    return null;
  };
}

/** Reads a cell's weight index: 32 bits, little-endian. */
function weightIndex(source: Uint8Array, at: number): number {
  return (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)) >>> 0;
}
