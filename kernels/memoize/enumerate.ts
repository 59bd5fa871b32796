/**
 * Enumeration: a function evaluated twice on its whole domain.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { decodeOperands, type Domain } from "./domain.ts";
import { elementBits, encodeElement, type Overflow } from "./element.ts";

/** Function of one or two operand values. */
export type TableFunction = (first: number, second: number) => number;

/** Form of the function's results. */
export interface ResultOptions {
  /** Meaning of results: values of the output type (default), or bit patterns of its elements. */
  readonly result?: "value" | "bits" | undefined;
  /** Treatment of finite values beyond the output type. Default `refuse`. */
  readonly overflow?: Overflow | undefined;
}

/**
 * Evaluates a function on every code, then again in the opposite order.
 *
 * @param fn Pure function.
 * @param domain Operands of the function.
 * @param dtype Element type of the results.
 * @param options Form of the results.
 * @returns Bit patterns of the results by code, as unsigned numbers.
 * @throws {OnpathError} `pipeline` if the function throws or the evaluations differ; `dtype` if a result is no
 * number, or leaves the output type.
 */
export function enumerateFunction(
  fn: TableFunction,
  domain: Domain,
  dtype: DType,
  { result = "value", overflow = "refuse" }: ResultOptions = {},
): Uint32Array<ArrayBuffer> {
  const size = 2 ** domain.bits;
  const patternAt = (code: number): number => {
    const value = evaluate(fn, domain, code);
    try {
      return result === "bits" ? checkPattern(value, dtype) : encodeElement(value, dtype, overflow);
    } catch (cause) {
      const { message, details } = cause as OnpathError;
      throw new OnpathError("dtype", `Cannot memoize${at(domain, code)}: ${lower(message)}`, details, {
        cause,
      });
    }
  };
  const patterns = new Uint32Array(size);
  for (let code = 0; code < size; code++) patterns[code] = patternAt(code);
  for (let code = size - 1; code >= 0; code--) {
    const again = patternAt(code);
    if (again === patterns[code]) continue;
    throw new OnpathError(
      "pipeline",
      `Cannot memoize${at(domain, code)}: the function is not pure, two evaluations differ`,
      { code },
    );
  }
  return patterns;
}

function evaluate(fn: TableFunction, domain: Domain, code: number): number {
  const [first, second] = decodeOperands(domain, code);
  let value: unknown;
  try {
    value = second === undefined ? (fn as (only: number) => unknown)(first!) : fn(first!, second);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : kindOf(cause);
    throw new OnpathError("pipeline", `Cannot memoize${at(domain, code)}: the function throws: ${why}`, {
      code,
    }, { cause });
  }
  if (typeof value === "number") return value;
  throw new OnpathError(
    "dtype",
    `Cannot memoize${at(domain, code)}: the result is ${kindOf(value)}, expected a number`,
    { code, found: kindOf(value) },
  );
}

function checkPattern(value: number, dtype: DType): number {
  const limit = 2 ** elementBits(dtype);
  if (Number.isInteger(value) && value >= 0 && value < limit) return value;
  throw new OnpathError(
    "dtype",
    `Cannot hold bits ${value} in ${dtype}: expected a whole number below ${limit}`,
    {
      value,
      dtype,
    },
  );
}

/** Names the operands of a code in a message. */
function at(domain: Domain, code: number): string {
  return ` the function at (${decodeOperands(domain, code).join(", ")})`;
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
