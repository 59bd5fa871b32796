/**
 * Check of a memo from outside, before its tables are used.
 *
 * @module
 */

import { DTYPES } from "../../serialize/dtype.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { domainOf } from "./domain.ts";
import { elementBits } from "./element.ts";
import { type Memo, memoId } from "./memo.ts";
import { bytesOf, type MemoTables, sizesOf } from "./tables.ts";

/**
 * Checks that a value is a memo: sizes of its tables, ranges of their entries, and the id.
 *
 * @param value Any value.
 * @throws {OnpathError} `table` if it is no memo, or was changed.
 */
export function checkMemo(value: unknown): Memo {
  const memo = Object(value) as Memo;
  const refuse = (why: string) => new OnpathError("table", `Cannot use a memo: ${why}`);
  if (!DTYPES.includes(memo.output) || !Array.isArray(Object(memo.domain).operands)) {
    throw refuse("expected what memoize() makes");
  }
  const domain = domainOf(memo.domain.operands);
  if (JSON.stringify(domain) !== JSON.stringify(memo.domain)) {
    throw refuse("its domain was changed");
  }
  if (!areWhole(memo.tables, domain.bits, elementBits(memo.output))) {
    throw refuse("its tables do not fit its domain");
  }
  const { name: _, error: __, fits: ___, bytes, ...sizes } = Object(memo.form) as Memo["form"];
  const expected = sizesOf(memo.tables);
  const isSame = bytes === bytesOf(expected) &&
    Object.entries(expected).every(([key, each]) => sizes[key as keyof typeof sizes] === each);
  if (!isSame || memo.id !== memoId(domain, memo.output, memo.tables)) {
    throw refuse("its tables do not match its id, they were changed");
  }
  return memo;
}

function areWhole(tables: MemoTables, bits: number, outputBits: number): boolean {
  const { kind, low } = Object(tables) as MemoTables;
  if (!Number.isInteger(low) || low < 0 || low > bits) return false;
  const first = 2 ** (bits - low);
  if (kind === "linear") {
    const { base, slope, shift } = tables as Extract<MemoTables, { kind: "linear" }>;
    return Number.isInteger(shift) && shift >= 0 && shift <= 20 &&
      [base, slope].every((list) =>
        list instanceof Float64Array && list.length === first && list.every(Number.isSafeInteger)
      );
  }
  const { block, addend, second } = tables as Extract<MemoTables, { kind: "lookup" }>;
  if (![block, addend, second].every((list) => list instanceof Uint32Array)) return false;
  const blocks = second.length / 2 ** low;
  const mask = 2 ** outputBits - 1;
  return kind === "lookup" && Number.isInteger(blocks) && block.length === first && addend.length === first &&
    block.every((number) => number < blocks) &&
    [addend, second].every((list) => list.every((entry) => entry <= mask));
}
