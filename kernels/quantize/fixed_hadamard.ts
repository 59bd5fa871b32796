/**
 * Walsh-Hadamard transform of integers, as adders compute it: `hadamard.ts` in 32 bits, where every sum is exact.
 *
 * Two stages share a pass, so that each element is read and written once for both. Integer sums have one value
 * in every order.
 *
 * @module
 */

import { checkHadamard } from "./formats/hadamard.ts";

/**
 * Transforms a vector in place, in natural (Hadamard) order.
 *
 * @param vector Integers. Their greatest magnitude times their number is at most 2^31 - 1.
 * @throws {OnpathError} `shape` when the length is not a power of two from 2 to 1,024.
 */
export function hadamardIntegers(vector: Int32Array): void {
  const { length } = vector;
  checkHadamard(length);
  let half = 1;
  for (; 4 * half <= length; half *= 4) {
    for (let start = 0; start < length; start += 4 * half) {
      for (let i = start, end = start + half; i < end; i++) {
        const j = i + half, k = j + half, l = k + half;
        const a = vector[i]!, b = vector[j]!, c = vector[k]!, d = vector[l]!;
        const sum = (a + b) | 0, difference = (a - b) | 0, upper = (c + d) | 0, lower = (c - d) | 0;
        vector[i] = (sum + upper) | 0;
        vector[j] = (difference + lower) | 0;
        vector[k] = (sum - upper) | 0;
        vector[l] = (difference - lower) | 0;
      }
    }
  }
  // A stage is left when the length is 2, 8, 32, 128 or 512.
  if (half === length) return;
  for (let i = 0; i < half; i++) {
    const a = vector[i]!, b = vector[i + half]!;
    vector[i] = (a + b) | 0;
    vector[i + half] = (a - b) | 0;
  }
}
