/**
 * Check of a memo from outside, before its tables are used.
 *
 * @module
 */

import { DTYPE_BYTES, DTYPES } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { type Domain, domainOf } from "./domain.ts";
import { elementBits } from "./element.ts";
import { type Memo, memoId } from "./memo.ts";
import { MEMO_FORMS } from "./search.ts";
import { bytesOf, type MemoTables, sizesOf } from "./tables.ts";

/**
 * Checks that a value is a memo: sizes of its tables, ranges of their entries, its form, and the id.
 *
 * @param value Any value.
 * @throws {OnpathError} `table` if it is no memo, or was changed; `dtype` or `size` if its operands are invalid.
 */
export function checkMemo(value: unknown): Memo {
  const memo = Object(value) as Memo;
  const refuse = (why: string) => new OnpathError("table", `Cannot use a memo: ${why}`);
  const given = Object(memo.domain) as Domain;
  if (!DTYPES.includes(memo.output) || !Array.isArray(given.operands)) {
    throw refuse("expected what memoize() makes");
  }
  const domain = domainOf(given.operands);
  if (
    domain.bits !== given.bits || domain.dtype !== given.dtype || domain.itemBytes !== given.itemBytes
  ) {
    throw refuse("its domain was changed");
  }
  if (!areWhole(memo.tables, domain.bits, elementBits(memo.output))) {
    throw refuse("its tables do not fit its domain");
  }
  const isSame = memo.id === memoId(domain, memo.output, memo.tables) && hasForm(memo) &&
    memo.naiveBytes === 2 ** domain.bits * DTYPE_BYTES[memo.output];
  if (!isSame) throw refuse("its tables do not match its form or its id, they were changed");
  return { ...memo, domain };
}

/** Whether the stated form is that of the tables. Forms of two tables have no error. */
function hasForm({ form, tables }: Memo): boolean {
  const { name, bytes, error } = Object(form) as Memo["form"];
  const errors = [error?.ulps, error?.absolute, error?.codes];
  const sizes = sizesOf(tables);
  return MEMO_FORMS.includes(name) && (name === "linear") === (tables.kind === "linear") &&
    errors.every((each) => typeof each === "number" && (name === "linear" ? each >= 0 : each === 0)) &&
    bytes === bytesOf(sizes) &&
    Object.entries(sizes).every(([key, each]) => form[key as keyof typeof sizes] === each);
}

function areWhole(given: MemoTables, bits: number, outputBits: number): boolean {
  const tables = Object(given) as MemoTables;
  const { low } = tables;
  if (!Number.isInteger(low) || low < 0 || low > bits) return false;
  const first = 2 ** (bits - low);
  if (tables.kind === "linear") {
    const { base, slope, shift } = tables;
    return Number.isInteger(shift) && shift >= 0 && shift <= 20 &&
      [base, slope].every((list) =>
        list instanceof Float64Array && list.length === first && list.every(Number.isSafeInteger)
      );
  }
  if (tables.kind !== "lookup") return false;
  const { block, addend, second } = tables;
  if (![block, addend, second].every((list) => list instanceof Uint32Array)) return false;
  const blocks = second.length / 2 ** low;
  const mask = 2 ** outputBits - 1;
  return Number.isInteger(blocks) && block.length === first && addend.length === first &&
    block.every((number) => number < blocks) &&
    [addend, second].every((list) => list.every((entry) => entry <= mask));
}
