/**
 * Resize kernel: converts cells to samples.
 *
 * @module
 */

import { cellBytes, checkChannels } from "../../../serialize/sampling.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import {
  bitsFor,
  type Bound,
  type FormName,
  type ItemType,
  type Kernel,
  type Stage,
  type TableForm,
  tableInfo,
} from "../kernel.ts";
import { fixedTables } from "./fixed.ts";
import { weightForms } from "./forms.ts";
import { type AxisWeights, resizeAxes } from "./positions.ts";
import { productModel } from "./product_models.ts";
import { positionTable, rowPage, rowPagesModel } from "./row_pages.ts";
import { type ResizeParams, resizeParams } from "./spec.ts";
import { fractionBitsFor } from "./terms.ts";
import { twoPassModel } from "./two_pass.ts";

/** Bilinear resize with table lookups. */
export const resizeKernel: Kernel<ResizeParams> = {
  name: "resize",
  summary: "four-neighbour bilinear resize of cells by lookups and additions",
  params: resizeParams,
  forms: (params) => {
    const { y, x } = resizeAxes(params);
    return params.match === "opencv" ? [fixedForm(y, x)] : [...weightForms(y, x), positionForm(params, y, x)];
  },
  bound: (params, form) => withForm(params.area === true ? AREA_BOUND : BOUNDS[params.match], form),
  prepare: (params, input, form, slots) => prepare(params, input, form, slots),
  page: (params, _form, page) => {
    const { y, x } = resizeAxes(params);
    return rowPage(y, x, page);
  },
};

/** INTER_AREA where an axis grows: INTER_LINEAR at other positions. */
const AREA_BOUND: Bound = {
  versus: "OpenCV 4.6 resize, INTER_AREA, 8 bits",
  levels: 0,
  because: "the tables hold the products of OpenCV's own fixed-point arithmetic",
};

const BOUNDS: Readonly<Record<ResizeParams["match"], Bound>> = {
  exact: {
    versus: "the exact rational bilinear sample, rounded half up",
    levels: 0,
    because: "the sum of the lookups rounds as the exact sample does",
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

/** Adds the error of a table form to the bound of a match. */
export function withForm(bound: Bound, form: TableForm): Bound {
  if (form.levels === 0) return bound;
  return { ...bound, levels: bound.levels + form.levels, because: `${bound.because}; ${form.because}` };
}

/** Table form of the paper: a baseline for comparison. It is never chosen or generated. */
function positionForm(params: ResizeParams, y: AxisWeights, x: AxisWeights): TableForm {
  const bits = 8 + fractionBitsFor(y.denominator * x.denominator);
  return {
    form: "positions",
    levels: 0,
    because: "every product has an entry of its own, as in the distinct form, but for every output again",
    index: "pairs",
    paged: 0,
    pages: null,
    tables: [positionTable(params.y, params.x, bits)],
  };
}

/** Table form for OpenCV: products of its two-pass fixed-point arithmetic. */
function fixedForm(y: AxisWeights, x: AxisWeights): TableForm {
  const rows = new Set(y.pairs.flat()).size;
  const columns = new Set(x.pairs.flat()).size;
  return {
    form: "products",
    levels: 0,
    because: "the products are exact whole numbers",
    index: "phases",
    paged: 0,
    pages: null,
    tables: [
      tableInfo(
        "columns",
        "column phase -> weight of left, right",
        x.pairs.length,
        2 * bitsFor(columns),
        1,
        "item",
      ),
      tableInfo("rows", "row phase -> weight of upper, lower", y.pairs.length, 2 * bitsFor(rows), 1, "item"),
      tableInfo("horizontal", "column weight x pixel", 256 * columns, 20, 4),
      tableInfo("vertical-high", "row weight x upper 7 bits", 128 * rows, 27, 2),
      tableInfo("vertical-low", "row weight x lower 8 bits", 256 * rows, 20, 2),
    ],
  };
}

function prepare(params: ResizeParams, input: ItemType, form: FormName, slots: number): Stage {
  const { y, x } = resizeAxes(params);
  const even = params.match === "torchvision";
  return cellStage("resize", input, (channels) => {
    if (form === "products") return { process: fixedModel(y, x, channels) };
    if (form === "two-pass") return { process: twoPassModel(y, x, channels, even) };
    if (form === "row-pages") return rowPagesModel(y, x, channels, even, slots);
    return { process: productModel(form, y, x, channels, even) };
  });
}

/**
 * Creates a stage that converts u8 cells to u8 samples.
 *
 * @param verb Name of the operation for the message.
 * @param input Type of the input items.
 * @param make Creates the model for a number of channels.
 * @throws {OnpathError} `pipeline` when the input items are not u8 cells.
 */
export function cellStage(
  verb: string,
  input: ItemType,
  make: (channels: 1 | 3 | 4) => Pick<Stage, "process" | "pages">,
): Stage {
  const channels = checkChannels(input.channels);
  if (input.kind !== "cells" || input.dtype !== "u8") {
    throw new OnpathError("pipeline", `Cannot ${verb} ${input.dtype} ${input.kind}: expected u8 cells`, {
      input,
    });
  }
  return {
    input,
    output: { kind: "samples", dtype: "u8", channels, planar: false },
    outputItemBytes: channels,
    ...make(channels),
  };
}

/** OpenCV's two passes with product tables. */
function fixedModel(y: AxisWeights, x: AxisWeights, channels: 1 | 3 | 4): Stage["process"] {
  const { horizontal, high, low, rows, columns } = fixedTables(y, x);
  const step = cellBytes(channels);
  const at = 4 * channels;
  const vertical = (b: number, h: number) => (high[128 * b + (h >> 8)]! + low[256 * b + (h & 255)]!) >>> 16;
  return (source, from, items, target, to) => {
    for (let i = 0; i < items; i++, from += step) {
      const column = 2 * (source[from + at]! | (source[from + at + 1]! << 8));
      const row = 2 * (source[from + at + 2]! | (source[from + at + 3]! << 8));
      if (column >= columns.length || row >= rows.length) return "weight";
      const left = 256 * columns[column]!, right = 256 * columns[column + 1]!;
      const upper = rows[row]!, lower = rows[row + 1]!;
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
