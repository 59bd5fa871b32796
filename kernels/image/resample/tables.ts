/**
 * Tables of a resize by a filter program: each distinct weight of an axis times each pixel or nibble. Devices that
 * multiply store only the weights. Products are integers, so all forms are exact.
 *
 * @module
 */

import { bitsFor, type TableForm, type TableInfo, tableInfo } from "../kernel.ts";
import type { AxisFilter } from "./coefficients.ts";
import type { FilterProgram } from "./program.ts";
import { multiplyForm } from "./steps.ts";

/** Products of one axis. */
export interface FilterTable {
  /** Index of each filter weight's entries in `products`, in filter order. */
  readonly rows: Uint32Array;
  /** Entry `row + level` is weight times level. With one level it is the weight itself. */
  readonly products: Int32Array;
}

/**
 * Generates the products of one axis.
 *
 * @param filter Filter of the axis.
 * @param levels 256 for whole pixels, 16 for nibbles, 1 for weights without products.
 */
export function filterTable({ weights }: AxisFilter, levels: 1 | 16 | 256): FilterTable {
  const distinct = distinctOf(weights);
  const row = new Map(distinct.map((weight, id) => [weight, id * levels]));
  const products = new Int32Array(distinct.length * levels);
  distinct.forEach((weight, id) => {
    for (let level = 0; level < levels; level++) {
      products[id * levels + level] = levels === 1 ? weight : weight * level;
    }
  });
  return { rows: Uint32Array.from(weights, (weight) => row.get(weight)!), products };
}

function distinctOf(weights: Int32Array): number[] {
  return [...new Set(weights)].sort((a, b) => a - b);
}

/**
 * Table forms of a program.
 *
 * @param program Program of the resize.
 */
export function filterForms(program: FilterProgram): TableForm[] {
  const { y, x, between } = program;
  const shared = { levels: 0, index: "pairs", paged: 0, pages: null } as const;
  const wide = between === "i32";
  const because = "a weight of 22 bits times a pixel is a whole number, and so are the sums" +
    (wide ? "; three bytes of a column sum are looked up like pixels" : "");
  return [
    { ...shared, form: "distinct", because, tables: describe(program, 256) },
    {
      ...shared,
      form: "nibble",
      because: `${because}; w (16 h + l) = 16 (w h) + w l`,
      tables: describe(program, 16),
    },
    multiplyForm(y, x),
  ];
}

/** Bytes of a column result, each looked up by itself. */
const WIDE_BYTES = 3;

function describe({ y, x, between }: FilterProgram, levels: 16 | 256): TableInfo[] {
  const halves = levels === 16 ? 2 : 1;
  const entry = levels === 16 ? "nibble" : "pixel";
  // Each input row passes the column filter once, however many output rows use it.
  const rowsPerOutput = (y.first.at(-1)! + y.taps.at(-1)!) / y.first.length;
  const axes = [
    { name: "column", filter: x, taps: (rowsPerOutput * x.weights.length) / x.first.length, bytes: 1 },
    {
      name: "row",
      filter: y,
      taps: y.weights.length / y.first.length,
      bytes: between === "i32" ? WIDE_BYTES : 1,
    },
  ];
  return axes.filter(({ filter }) => !filter.skipped).flatMap(({ name, filter, taps, bytes }) => {
    const distinct = distinctOf(filter.weights);
    const bits = signedBits(distinct[0]!, distinct.at(-1)!, levels - 1);
    const ids = bitsFor(distinct.length);
    return [
      tableInfo(`${name} taps`, `${name}, tap -> weight`, filter.weights.length, ids, taps, "item"),
      tableInfo(
        `${name} terms`,
        `${name} weight x ${bytes > 1 && levels === 256 ? "byte" : entry}`,
        levels * distinct.length,
        bits,
        bytes * halves * taps,
      ),
    ];
  });
}

/** Bits of the products of weights and levels: those of the greatest magnitude, and a sign if a weight is negative. */
function signedBits(least: number, most: number, level: number): number {
  return bitsFor(Math.max(-least, most) * level + 1) + (least < 0 ? 1 : 0);
}
