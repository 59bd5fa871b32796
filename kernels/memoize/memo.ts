/**
 * Memoization: a pure function over a small domain becomes lookup tables.
 *
 * @module
 */

import { crc32c } from "../../serialize/crc32c.ts";
import { type DType, DTYPE_BYTES, DTYPES, type ElementArrays } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { type Domain, domainOf, type Operand } from "./domain.ts";
import { elementsOf, isFloat } from "./element.ts";
import { enumerateFunction, type ResultOptions, type TableFunction } from "./enumerate.ts";
import { chooseForm, type MemoForm, type Preference, searchForms } from "./search.ts";
import { expandTables, type MemoTables } from "./tables.ts";

/** Function as tables. Plain data. */
export interface Memo<D extends DType = DType> {
  /** CRC-32C of operands, output type and tables. Plans name the memo by it. */
  readonly id: number;
  /** Operands and their codes. */
  readonly domain: Domain;
  /** Element type of the results. */
  readonly output: D;
  /** Chosen form. */
  readonly form: MemoForm;
  /** Best candidate of each form, the chosen one among them. */
  readonly forms: readonly MemoForm[];
  /** Bytes of one table without any form: an output element for each code. */
  readonly naiveBytes: number;
  /** Tables of the chosen form. */
  readonly tables: MemoTables;
}

/** Operands, output type and choices of {@linkcode memoize}. */
export interface MemoOptions<D extends DType = DType> extends ResultOptions {
  /** Operand of the function, or a list of one or two. */
  readonly input: Operand | readonly Operand[];
  /** Element type of the results. */
  readonly output: D;
  /** Greatest accepted error in units in the last place. Above 0, line segments may be chosen. Default 0. */
  readonly tolerance?: number | undefined;
  /** Order of forms: those that fit the RTL first (`device`, default), or the fewest bytes first (`bytes`). */
  readonly prefer?: Preference | undefined;
}

/**
 * Makes lookup tables of a pure function.
 *
 * @param fn Function of one or two numbers: the decoded values of the operands.
 * @param options Operands, output type and choices.
 * @returns Tables in the chosen form, and every candidate with its bytes and its error.
 * @throws {OnpathError} `pipeline` if the function throws or is not pure; `dtype` if an operand or the output type
 * is unknown, or a result leaves the output type; `size` if the domain exceeds 2^20 codes or the tolerance is invalid.
 *
 * @example
 * ```ts
 * import { memoize } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const square = memoize((x) => x * x, { input: "u8", output: "u16" });
 * assert.equal(square.naiveBytes, 512);
 * assert.equal(square.form.error.ulps, 0);
 * assert.throws(() => memoize((x) => x * x, { input: "u8", output: "u8" }), /at \(16\): cannot hold 256 in u8/);
 * assert.throws(() => memoize(() => Math.random(), { input: "u8", output: "f32" }), /not pure/);
 * ```
 */
export function memoize<const D extends DType>(fn: TableFunction, options: MemoOptions<D>): Memo<D> {
  const { input, output, result, overflow, tolerance = 0, prefer = "device" } = checkOptions(fn, options);
  const domain = domainOf(input);
  const values = enumerateFunction(fn, domain, output, { result, overflow });
  const candidates = searchForms(values, domain, output, prefer, tolerance);
  const { form, tables } = chooseForm(candidates, prefer, tolerance);
  return {
    id: memoId(domain, output, tables),
    domain,
    output,
    form,
    forms: candidates.map((each) => each.form),
    naiveBytes: 2 ** domain.bits * DTYPE_BYTES[output],
    tables,
  };
}

function checkOptions<D extends DType>(fn: unknown, options: MemoOptions<D>): MemoOptions<D> {
  if (typeof fn !== "function") {
    throw new OnpathError("pipeline", `Cannot memoize: the function is ${kindOf(fn)}`, { found: kindOf(fn) });
  }
  const given = Object(options) as MemoOptions<D>;
  const { output, result, overflow, tolerance = 0, prefer } = given;
  if (!DTYPES.includes(output)) throw badOption("output", output, DTYPES);
  if (result !== undefined) checkOption("result", result, ["value", "bits"]);
  if (prefer !== undefined) checkOption("prefer", prefer, ["device", "bytes"]);
  if (overflow !== undefined) {
    checkOption("overflow", overflow, ["refuse", "saturate", ...(isFloat(output) ? ["infinity"] : [])]);
  }
  if (typeof tolerance !== "number" || !(tolerance >= 0)) {
    throw new OnpathError("size", `Cannot memoize with tolerance ${String(tolerance)}: expected at least 0`);
  }
  return given;
}

function checkOption(name: string, value: unknown, known: readonly string[]): void {
  if (!known.includes(value as string)) throw badOption(name, value, known);
}

function badOption(name: string, value: unknown, known: readonly string[]): OnpathError {
  const found = typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : kindOf(value);
  return new OnpathError(
    "dtype",
    `Cannot memoize with ${name} ${found}: expected one of ${known.join(", ")}`,
    { option: name, known },
  );
}

/** Computes the id of a memo: a checksum of all that its results depend on. */
export function memoId(domain: Domain, output: DType, tables: MemoTables): number {
  const { low } = tables;
  const parts = tables.kind === "lookup"
    ? [tables.block, tables.addend, tables.second]
    : [tables.base, tables.slope];
  const shift = tables.kind === "linear" ? tables.shift : null;
  const head = JSON.stringify([domain, output, tables.kind, low, shift, parts.map(({ length }) => length)]);
  return parts.reduce(
    (sum, { buffer, byteOffset, byteLength }) => crc32c(new Uint8Array(buffer, byteOffset, byteLength), sum),
    crc32c(new TextEncoder().encode(head)),
  );
}

/**
 * Evaluates a memo on its whole domain, from its tables.
 *
 * @param memo Function as tables.
 * @returns Results by code: values of the output type; `f16` and `bf16` as bit patterns.
 *
 * @example
 * ```ts
 * import { memoize } from "onpath";
 * import { expandMemo } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * const sum = memoize((a, b) => a + b, { input: ["u8", "u8"], output: "u16" });
 * assert.equal(expandMemo(sum)[200 << 8 | 100], 300);
 * assert.equal(sum.form.name, "split"); // 256 entries and 256 addends, in place of 65,536 entries
 * ```
 */
export function expandMemo<D extends DType>({ tables, domain, output }: Memo<D>): ElementArrays[D] {
  return elementsOf(expandTables(tables, domain.bits, output), output);
}
