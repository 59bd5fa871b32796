/**
 * Search of the forms: every split of the code, both relations of blocks, and line segments.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { LOOKUP_CAPACITY } from "../rtl/registers.ts";
import { mergeBlocks } from "./blocks.ts";
import { type Domain, mantissaBits } from "./domain.ts";
import { elementBits } from "./element.ts";
import { measureError, type MemoError } from "./error.ts";
import { fitLines } from "./linear.ts";
import { bytesOf, expandTables, type MemoTables, sizesOf, type TableSizes } from "./tables.ts";

/**
 * Names of the forms. `direct`: one table. `shared`: equal blocks stored once. `split`: one block and an addend,
 * as of sums of two parts. `exponent`: blocks of a float's mantissas. `shifted`: blocks that are equal up to an
 * addend. `linear`: line segments.
 */
export const MEMO_FORMS = ["direct", "shared", "split", "exponent", "shifted", "linear"] as const;

/** One of {@linkcode MEMO_FORMS}: how tables store a function. */
export type MemoFormName = (typeof MEMO_FORMS)[number];

/** Code bits and entries that the RTL's tables hold. Codes of one byte have smaller tables, which hold every form. */
export const RTL_ENTRIES = { bits: 16, ...LOOKUP_CAPACITY[2] } as const;

/** Candidate form, with its sizes and its error. Plain data. */
export interface MemoForm extends TableSizes {
  /** Name of the form. */
  readonly name: MemoFormName;
  /** Bytes of both tables, packed without gaps. */
  readonly bytes: number;
  /** Error on the whole domain. */
  readonly error: MemoError;
  /** Whether the RTL has the form, and its tables hold the entries. */
  readonly fits: boolean;
}

/** Form with its tables. */
export interface Candidate {
  /** Sizes and error. */
  readonly form: MemoForm;
  /** Tables of the form. */
  readonly tables: MemoTables;
}

/** Order of forms: `device` prefers forms that the RTL holds, then the fewest bytes; `bytes` the fewest bytes. */
export type Preference = "device" | "bytes";

/** Form without its error, which needs an enumeration. */
interface Draft {
  readonly sizes: TableSizes;
  readonly bytes: number;
  readonly fits: boolean;
  readonly tables: MemoTables;
}

function draft(tables: MemoTables, bits: number): Draft {
  const sizes = sizesOf(tables);
  const fits = tables.kind === "lookup" && bits <= RTL_ENTRIES.bits && sizes.first <= RTL_ENTRIES.first &&
    sizes.second <= RTL_ENTRIES.second;
  return { sizes, bytes: bytesOf(sizes), fits, tables };
}

/** Whether `a` is preferred to `b`. */
function isBetter(a: Pick<Draft, "bytes" | "fits">, b: Pick<Draft, "bytes" | "fits">, prefer: Preference) {
  if (prefer === "device" && a.fits !== b.fits) return a.fits;
  return a.bytes < b.bytes;
}

/**
 * Lists the best candidate of each name that the function has, in the order of {@linkcode MEMO_FORMS}.
 *
 * @param values Bit patterns by code.
 * @param domain Operands of the function.
 * @param dtype Element type of the results.
 * @param prefer Order of forms.
 * @param tolerance Greatest accepted error of line segments, in units in the last place.
 */
export function searchForms(
  values: Uint32Array,
  domain: Domain,
  dtype: DType,
  prefer: Preference,
  tolerance: number,
): Candidate[] {
  const { bits } = domain;
  const outputBits = elementBits(dtype);
  const best = new Map<MemoFormName, Draft>();
  const offer = (name: MemoFormName, tables: MemoTables) => {
    const next = draft(tables, bits);
    const old = best.get(name);
    if (old === undefined || isBetter(next, old, prefer)) best.set(name, next);
  };
  offer("direct", mergeBlocks(values, bits, "equal", outputBits));
  for (let low = 0; low < bits; low++) {
    offer("shared", mergeBlocks(values, low, "equal", outputBits));
    const shifted = mergeBlocks(values, low, "shifted", outputBits);
    offer("shifted", shifted);
    if (shifted.second.length === 2 ** low) offer("split", shifted);
    if (low === mantissaBits(domain)) offer("exponent", shifted);
  }
  const exact = MEMO_FORMS.flatMap((name) => {
    const found = best.get(name);
    if (found === undefined) return [];
    return [finish(name, found, measureError(expandTables(found.tables, bits, dtype), values, dtype))];
  });
  return [...exact, searchLines(values, bits, dtype, tolerance)];
}

function finish(name: MemoFormName, { sizes, bytes, fits, tables }: Draft, error: MemoError): Candidate {
  return { form: { name, ...sizes, bytes, error, fits }, tables };
}

/** The smallest segments within the tolerance, or else those with the least error. */
function searchLines(values: Uint32Array, bits: number, dtype: DType, tolerance: number): Candidate {
  let best: Candidate | undefined;
  for (let low = 1; low <= bits; low++) {
    const tables = fitLines(values, low, dtype);
    const error = measureError(expandTables(tables, bits, dtype), values, dtype);
    const next = finish("linear", draft(tables, bits), error);
    if (best === undefined || isCloser(next.form, best.form, tolerance)) best = next;
  }
  return best!;
}

function isCloser(a: MemoForm, b: MemoForm, tolerance: number): boolean {
  const [good, known] = [a.error.ulps <= tolerance, b.error.ulps <= tolerance];
  if (good !== known) return good;
  if (!good && a.error.ulps !== b.error.ulps) return a.error.ulps < b.error.ulps;
  return a.bytes < b.bytes;
}

/**
 * Chooses a candidate within the tolerance.
 *
 * @param candidates Candidates, of which `direct` is always exact.
 * @param prefer Order of forms.
 * @param tolerance Greatest accepted error, in units in the last place.
 */
export function chooseForm(
  candidates: readonly Candidate[],
  prefer: Preference,
  tolerance: number,
): Candidate {
  const accepted = candidates.filter(({ form }) => form.error.ulps <= tolerance);
  return accepted.reduce((best, next) => isBetter(next.form, best.form, prefer) ? next : best);
}
