/**
 * Error of a form: every result on the whole domain, compared with the function's.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { decodeElement, rankOf } from "./element.ts";

/** Greatest differences to the function on its whole domain. Plain data. */
export interface MemoError {
  /** Greatest difference in units in the last place of the output; of integers, in ones. */
  readonly ulps: number;
  /** Greatest absolute difference of values. */
  readonly absolute: number;
  /** Codes whose result has other bits. */
  readonly codes: number;
}

/** Error of forms whose results are all equal to the function's. */
export const EXACT: MemoError = { ulps: 0, absolute: 0, codes: 0 };

/**
 * Compares results code by code. NaN is compared by its bits: a NaN in place of anything else is an infinite
 * error, in both directions.
 *
 * @param found Bit patterns of a form, by code.
 * @param expected Bit patterns of the function, by code.
 * @param dtype Element type of both.
 */
export function measureError(found: Uint32Array, expected: Uint32Array, dtype: DType): MemoError {
  let [ulps, absolute, codes] = [0, 0, 0];
  for (let code = 0; code < expected.length; code++) {
    const [a, b] = [found[code]!, expected[code]!];
    if (a === b) continue;
    codes++;
    const [x, y] = [decodeElement(a, dtype), decodeElement(b, dtype)];
    if (Number.isNaN(x) || Number.isNaN(y)) {
      [ulps, absolute] = [Infinity, Infinity];
      continue;
    }
    ulps = Math.max(ulps, Math.abs(rankOf(a, dtype) - rankOf(b, dtype)));
    absolute = Math.max(absolute, Math.abs(x - y));
  }
  return { ulps, absolute, codes };
}
