/**
 * OpenCV's 8-bit bilinear resize with lookups and additions only.
 * The vertical pass multiplies a 12-bit weight b by a 15-bit number h and drops 16 bits. Because b·h =
 * b·256·⌊h/256⌋ + b·(h mod 256), two lookups give the exact product.
 *
 * @module
 */

import type { AxisWeights } from "./positions.ts";

/** Product tables of both passes. */
export interface FixedTables {
  /** Entry `256·a + pixel`: distinct column weight number a times the pixel. 20 bits. */
  readonly horizontal: Uint32Array;
  /** Entry `128·b + h`: distinct row weight number b times 256·h. 27 bits. */
  readonly high: Uint32Array;
  /** Entry `256·b + h`: distinct row weight number b times h. 20 bits. */
  readonly low: Uint32Array;
  /** Numbers of the upper and lower weight, one pair for each row phase. */
  readonly rows: Uint16Array;
  /** Numbers of the left and right weight, one pair for each column phase. */
  readonly columns: Uint16Array;
}

/** Returns the distinct weights of an axis, and the numbers of both weights for each phase. */
export function axisWeightIds(axis: AxisWeights): { weights: number[]; ids: [number, number][] } {
  const weights = [...new Set(axis.pairs.flat())];
  const of = new Map(weights.map((weight, id) => [weight, id]));
  return { weights, ids: axis.pairs.map(([low, high]) => [of.get(low)!, of.get(high)!]) };
}

/**
 * Generates the product tables.
 *
 * @param y Row weights, in units of 1/2048.
 * @param x Column weights, in units of 1/2048.
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
