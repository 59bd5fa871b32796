/**
 * Line segments that approximate a function. Their error is found by enumeration, as that of all forms.
 *
 * @module
 */

import type { DType } from "../../serialize/dtype.ts";
import { rankOf } from "./element.ts";
import type { LinearTables } from "./tables.ts";

/**
 * Fits a line to the ranks of each segment. The slope joins its ends, and the base halves the greatest
 * difference.
 *
 * @param values Bit patterns by code.
 * @param low Bits of the code within a segment, at least 1.
 * @param dtype Element type of the results.
 */
export function fitLines(values: Uint32Array, low: number, dtype: DType): LinearTables {
  const width = 2 ** low;
  const count = values.length / width;
  // A slope that is off by 2^-(shift + 1) then moves the end of a segment by at most a quarter.
  const shift = Math.min(low + 1, 20);
  const scale = 2 ** shift;
  const base = new Float64Array(count);
  const slope = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const rank = (j: number) => rankOf(values[i * width + j]!, dtype);
    const step = Math.round((rank(width - 1) - rank(0)) / (width - 1) * scale);
    let [least, most] = [Infinity, -Infinity];
    for (let j = 0; j < width; j++) {
      const rest = rank(j) * scale - step * j;
      least = Math.min(least, rest);
      most = Math.max(most, rest);
    }
    slope[i] = step;
    // The half rounds to the nearest rank.
    base[i] = Math.round((least + most) / 2) + scale / 2;
  }
  return { kind: "linear", low, shift, base, slope };
}
