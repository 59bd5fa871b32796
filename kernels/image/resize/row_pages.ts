/**
 * Row pages, exact: the terms of one row phase are a page. Pages are swapped as the rows advance.
 * This is the row table of the paper (arXiv 2502.15712), indexed by weights instead of positions and split
 * into nibbles. A page then has a few KiB instead of a few hundred.
 *
 * A page holds the nibble tables of upper·b and lower·b for every distinct column weight b. Weight number
 * 2·id(b) + (0 upper, 1 lower) has 16 entries of 32-bit words, little-endian.
 *
 * @module
 */

import { cellBytes, type Channels } from "../../../serialize/sampling.ts";
import { bitsFor, type Stage, type TableInfo, tableInfo } from "../kernel.ts";
import { axisWeightIds } from "./fixed.ts";
import type { AxisWeights } from "./positions.ts";
import type { AxisScale } from "./spec.ts";
import { fractionBitsFor, termTable, UNITS } from "./terms.ts";

/** Returns the bytes of a page: two nibble tables for each distinct column weight. */
export function pageBytes(x: AxisWeights): number {
  return 4 * 16 * 2 * new Set(x.pairs.flat()).size;
}

/**
 * Describes the tables. The column weights stay resident; the terms exist once for each slot.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 */
export function describeRowPages(y: AxisWeights, x: AxisWeights): TableInfo[] {
  const columns = new Set(x.pairs.flat()).size;
  const bits = 4 + fractionBitsFor(y.denominator * x.denominator, UNITS.nibble);
  return [
    tableInfo(
      "columns",
      "column phase -> weight of left, right",
      x.pairs.length,
      2 * bitsFor(columns),
      1,
      "item",
    ),
    tableInfo("terms of a row phase", "column weight x upper, lower x nibble", 32 * columns, bits, 8),
  ];
}

/**
 * Generates the contents of a page.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @param page Row phase.
 */
export function rowPage(y: AxisWeights, x: AxisWeights, page: number): Uint8Array<ArrayBuffer> {
  const denominator = y.denominator * x.denominator;
  const pair = y.pairs[page]!;
  const weights = axisWeightIds(x).weights.flatMap((weight) => [pair[0] * weight, pair[1] * weight]);
  const table = termTable(weights, denominator, 16, fractionBitsFor(denominator, UNITS.nibble));
  const bytes = new Uint8Array(4 * table.length);
  const view = new DataView(bytes.buffer);
  table.forEach((entry, at) => view.setUint32(4 * at, entry, true));
  return bytes;
}

/**
 * Creates the model. It only uses the pages in its slots.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @param channels Channels of a cell.
 * @param even Whether ties round to the even level.
 * @param slots Number of page slots.
 */
export function rowPagesModel(
  y: AxisWeights,
  x: AxisWeights,
  channels: Channels,
  even: boolean,
  slots: number,
): Pick<Stage, "process" | "pages"> {
  const { ids } = axisWeightIds(x);
  const fractionBits = fractionBitsFor(y.denominator * x.denominator, UNITS.nibble);
  const half = 2 ** (fractionBits - 1);
  const one = 2 ** fractionBits;
  const step = cellBytes(channels);
  const at = 4 * channels;
  const held = Array.from({ length: slots }, () => ({ page: -1, terms: new Uint32Array(0) }));
  let wanted = -1;
  const term = (terms: Uint32Array, weight: number, pixel: number) =>
    16 * terms[weight + (pixel >> 4)]! + terms[weight + (pixel & 15)]!;
  return {
    pages: {
      install: (slot, page, bytes) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const terms = Uint32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i, true));
        held[slot] = { page, terms };
      },
      clear: (slot) => {
        held[slot]!.page = -1;
      },
      wanted: () => wanted,
    },
    process: (source, from, items, target, to) => {
      let page = -1;
      let terms = held[0]!.terms;
      for (let i = 0; i < items; i++, from += step) {
        const column = source[from + at]! | (source[from + at + 1]! << 8);
        const row = source[from + at + 2]! | (source[from + at + 3]! << 8);
        if (column >= ids.length || row >= y.pairs.length) return "weight";
        if (row !== page) {
          const slot = held.find((slot) => slot.page === row);
          if (slot === undefined) {
            wanted = row;
            return "page";
          }
          page = row;
          terms = slot.terms;
        }
        const left = 32 * ids[column]![0], right = 32 * ids[column]![1];
        for (let c = 0; c < channels; c++) {
          const p = from + c;
          const sum = term(terms, left, source[p]!) + term(terms, right, source[p + channels]!) +
            term(terms, left + 16, source[p + 2 * channels]!) +
            term(terms, right + 16, source[p + 3 * channels]!) + half;
          const level = Math.floor(sum / one);
          target[to++] = even && sum - level * one < UNITS.nibble ? level & ~1 : level;
        }
      }
      return null;
    },
  };
}

/**
 * Describes the table of the paper's own form, for comparison only. It has an entry for every output
 * position, neighbour and pixel level. 224 x 224 outputs need 51,380,224 entries.
 *
 * @param y Rows before and after.
 * @param x Columns before and after.
 * @param bits Bits of an entry.
 */
export function positionTable(y: AxisScale, x: AxisScale, bits: number): TableInfo {
  return tableInfo(
    "terms of a position",
    "output position x neighbour x pixel",
    y.output * x.output * 4 * 256,
    bits,
    4,
  );
}
