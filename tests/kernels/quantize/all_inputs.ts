/**
 * Every bf16 and every f16 value, and how arrays are compared bit for bit.
 *
 * @module
 */

import assert from "node:assert/strict";
import { widen } from "../../../kernels/quantize/formats/elements.ts";

/** The two types of 16 bits. */
export const HALF_TYPES = ["bf16", "f16"] as const;

const ALL_BITS = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

/** All 65,536 values of a type, in the order of their bits. */
export function allValues(dtype: "bf16" | "f16"): Float32Array {
  const values = new Float32Array(ALL_BITS.length);
  widen(dtype, ALL_BITS, values);
  return values;
}

/** Asserts that values are equal bit for bit; any NaN equals any NaN. */
export function assertSameValues(found: Float32Array, expected: Float32Array, inputs: Float32Array): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) {
    if (Object.is(found[i], expected[i])) continue;
    assert.fail(`input ${i} (${inputs[i]}): found ${found[i]}, expected ${expected[i]}`);
  }
}

/** Scales that are powers of two, ordinary, tiny and large. */
export const SCALES = [1, 0.5, 1 / 448, 0.1, 0.0371, 3.7, 117, 1e-6, 2e4].map(Math.fround);
