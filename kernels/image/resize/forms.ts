/**
 * Table forms of a bilinear sample, from which the planner chooses. They are described without generating
 * tables.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { bitsFor, type TableForm, tableInfo } from "../kernel.ts";
import type { AxisWeights } from "./positions.ts";
import { describeRowPages, pageBytes } from "./row_pages.ts";
import { axisValues, countProducts, fractionBitsFor, MAX_ENTRY_BITS, UNITS } from "./terms.ts";
import { describeTwoPass, TWO_PASS_UNITS, twoPassFractionBits } from "./two_pass.ts";
import { UNIVERSAL_BITS } from "./universal.ts";

const EXACT = "lookups rounded up to 2^f >= u D keep every sum on its side of every rounding edge";

/**
 * Returns the forms of a resize or remap whose weights are products of two axes' weights.
 *
 * @param y Weights of the rows.
 * @param x Weights of the columns.
 * @returns Every form whose entries fit a 32-bit word. `universal` always fits.
 */
export function weightForms(y: AxisWeights, x: AxisWeights): TableForm[] {
  const denominator = y.denominator * x.denominator;
  const pairs = y.pairs.length * x.pairs.length;
  const forms: TableForm[] = [];
  const exact = (form: Omit<TableForm, "levels" | "because">) =>
    forms.push({ levels: 0, because: EXACT, ...form });
  const termBits = 8 + fractionBitsFor(denominator, UNITS.distinct);
  const nibbleBits = 4 + fractionBitsFor(denominator, UNITS.nibble);
  if (termBits <= MAX_ENTRY_BITS) {
    const weights = countProducts(axisValues(y), axisValues(x), denominator);
    const ids = tableInfo(
      "weights",
      "weight index -> weight of each neighbour",
      pairs,
      4 * bitsFor(weights),
      1,
      "item",
    );
    exact({
      form: "distinct",
      index: "pairs",
      paged: 0,
      pages: null,
      tables: [ids, tableInfo("terms", "distinct weight x pixel", 256 * weights, termBits, 4)],
    });
    if (nibbleBits <= MAX_ENTRY_BITS) {
      exact({
        form: "nibble",
        index: "pairs",
        paged: 0,
        pages: null,
        tables: [ids, tableInfo("terms", "distinct weight x nibble", 16 * weights, nibbleBits, 8)],
      });
    }
  }
  if (8 + twoPassFractionBits(y, x) <= MAX_ENTRY_BITS) {
    exact({ form: "two-pass", index: "phases", paged: 0, pages: null, tables: describeTwoPass(y, x) });
  }
  if (nibbleBits <= MAX_ENTRY_BITS) {
    exact({
      form: "row-pages",
      index: "phases",
      paged: 1,
      pages: { count: y.pairs.length, bytes: pageBytes(x) },
      tables: describeRowPages(y, x),
    });
  }
  forms.push({
    form: "universal",
    index: "pairs",
    paged: 0,
    pages: null,
    levels: 1,
    because: "weights rounded to 1/256 by largest remainders are off by at most 255/256 of a level together",
    tables: [
      tableInfo(
        "weights",
        "weight index -> weight of each neighbour",
        pairs,
        4 * (UNIVERSAL_BITS + 1),
        1,
        "item",
      ),
      tableInfo("terms", "weight x nibble", 257 * 16, 12, 8),
    ],
  });
  return forms;
}

/**
 * Finds a form by name.
 *
 * @throws {OnpathError} `table` when the form is missing, with the available names.
 */
export function findForm(forms: readonly TableForm[], name: string): TableForm {
  const found = forms.find(({ form }) => form === name);
  if (found === undefined) {
    const known = forms.map(({ form }) => form);
    throw new OnpathError(
      "table",
      `Cannot use tables of the form "${name}": this step supports ${known.join(", ")}`,
      { form: name, known },
    );
  }
  return found;
}

/** Rounding units of each exact form, for tests of the theorem in `terms.ts`. */
export const FORM_UNITS: Readonly<Record<"distinct" | "nibble" | "two-pass", number>> = {
  ...UNITS,
  "two-pass": TWO_PASS_UNITS,
};
