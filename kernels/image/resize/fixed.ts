/**
 * OpenCV's 8-bit bilinear by lookups and additions alone. Its vertical pass multiplies a 12-bit
 * weight b by a 15-bit number h and drops 16 bits; as b·h = b·256·⌊h/256⌋ + b·(h mod 256), two
 * lookups give the product exactly.
 *
 * @module
 */

import type { AxisWeights } from "./positions.ts";

/** The tables of the two passes. */
export interface FixedTables {
  /** Entry `256·a + pixel`: the a-th distinct column weight times the pixel. 20 bits. */
  readonly horizontal: Uint32Array;
  /** Entry `128·b + h`: the b-th distinct row weight times 256·h. 27 bits. */
  readonly high: Uint32Array;
  /** Entry `256·b + h`: the b-th distinct row weight times h. 20 bits. */
  readonly low: Uint32Array;
  /** For a row phase the weights of upper and lower. */
  readonly rows: Uint16Array;
  /** For a column phase the weights of left and right. */
  readonly columns: Uint16Array;
}

/** Distinct weights of an axis and, for each phase, which two it uses. */
export function axisWeightIds(axis: AxisWeights): { weights: number[]; ids: [number, number][] } {
  const weights = [...new Set(axis.pairs.flat())];
  const of = new Map(weights.map((weight, id) => [weight, id]));
  return { weights, ids: axis.pairs.map(([low, high]) => [of.get(low)!, of.get(high)!]) };
}

/**
 * Makes the tables.
 *
 * @param y Weights of the rows, over 2048.
 * @param x Weights of the columns, over 2048.
 */
export function fixedTables(y: AxisWeights, x: AxisWeights): FixedTables {
  const rows = axisWeightIds(y);
  const columns = axisWeightIds(x);
  return {
    horizontal: products(columns.weights, 256, 1),
    high: products(rows.weights, 128, 256),
    low: products(rows.weights, 256, 1),
    rows: Uint16Array.from(rows.ids.flat()),
    columns: Uint16Array.from(columns.ids.flat()),
  };
}

function products(weights: readonly number[], entries: number, unit: number): Uint32Array {
  const table = new Uint32Array(weights.length * entries);
  weights.forEach((weight, id) => {
    for (let i = 0; i < entries; i++) table[id * entries + i] = weight * unit * i;
  });
  return table;
}
