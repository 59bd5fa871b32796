/**
 * Walsh-Hadamard transform without its factor: additions and subtractions alone, d log2(d) of them (896 for
 * d = 128). Applied twice it multiplies by d.
 *
 * The order of the additions is fixed, so results are equal everywhere: stage s combines the elements i and
 * i + 2^s. In binary64 all sums of 128 f16 values are exact.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** Maximum length of a vector. */
export const MAX_HADAMARD = 1024;

/**
 * Transforms a vector in place, in natural (Hadamard) order.
 *
 * @param vector Values; the length is a power of two up to 1,024.
 * @throws {OnpathError} `shape` for another length.
 */
export function hadamard(vector: Float64Array): void {
  checkHadamard(vector.length);
  for (let half = 1; half < vector.length; half *= 2) {
    for (let start = 0; start < vector.length; start += 2 * half) {
      for (let i = start; i < start + half; i++) {
        const a = vector[i]!, b = vector[i + half]!;
        vector[i] = a + b;
        vector[i + half] = a - b;
      }
    }
  }
}

/**
 * Checks the length of a vector.
 *
 * @throws {OnpathError} `shape` when it is not a power of two from 2 to 1,024.
 */
export function checkHadamard(length: number): void {
  if (!Number.isInteger(length) || length < 2 || length > MAX_HADAMARD || (length & (length - 1)) !== 0) {
    throw new OnpathError(
      "shape",
      `Cannot rotate vectors of ${length} channels: expected a power of two from 2 to ${MAX_HADAMARD}`,
      { length },
    );
  }
}
