import assert from "node:assert/strict";
import { asymmetricScales } from "../../../kernels/quantize/formats/group_scales.ts";
import { INTEGERS } from "../../../kernels/quantize/formats/integer_format.ts";
import { decodeKivi, encodeKivi, type KiviGroups } from "../../../kernels/quantize/formats/kivi.ts";
import { refusedWith } from "./refused.ts";

function oneGroup(): KiviGroups {
  return { minima: new Float32Array(1), scales: new Float32Array(1) };
}

/** Group of 32 with these values first and the last of them after that. */
function group(...values: number[]): Float32Array {
  return Float32Array.from({ length: 32 }, (_, i) => values[Math.min(i, values.length - 1)]!);
}

Deno.test("encodeKivi() rounds the difference to binary32 before it divides", () => {
  // Without that rounding the code is 1; found by a search.
  const values = group(-0.011943664401769638, 2.0241475105285645, 1.0061018466949463),
    codes = new Uint8Array(32);
  encodeKivi(2, values, "f32", codes, oneGroup());
  assert.deepEqual([...codes.slice(0, 3)], [0, 3, 2]);
});

Deno.test("encodeKivi() stores 0 for a minimum of half the least value, and the least value above it", () => {
  const groups = oneGroup(), codes = new Uint8Array(32);
  for (const [minimum, expected] of [[2 ** -25, 0], [3 * 2 ** -26, 2 ** -24], [-(2 ** -25), 0]] as const) {
    encodeKivi(4, group(minimum, 1), "f16", codes, groups);
    assert.equal(groups.minima[0], expected);
  }
});

Deno.test("encodeKivi() saturates minima and scales of f16, and counts clamped values", () => {
  const groups = oneGroup(), codes = new Uint8Array(32);
  assert.equal(encodeKivi(2, group(-1e6, 1e6), "f16", codes, groups), 32);
  assert.deepEqual([groups.minima[0], groups.scales[0]], [-65_504, 65_504]);
});

Deno.test("decodeKivi() rounds the product, then the sum", () => {
  const scales = Float32Array.of(0.8323960900306702), minima = Float32Array.of(-0.6458361744880676);
  const values = new Float32Array(32);
  decodeKivi(new Uint8Array(32).fill(3), { minima, scales }, values);
  assert.equal(values[0], Math.fround(Math.fround(3 * scales[0]!) + minima[0]!));
  assert.notEqual(values[0], Math.fround(3 * scales[0]! + minima[0]!));
});

Deno.test("decodeKivi() refuses scales and minima that no encoder writes", () => {
  const codes = new Uint8Array(32), values = new Float32Array(32);
  for (
    const [minimum, scale] of [[NaN, 1], [Infinity, 1], [0, 0], [0, -1], [0, NaN], [0, Infinity]] as const
  ) {
    const groups = { minima: Float32Array.of(minimum), scales: Float32Array.of(scale) };
    refusedWith("size", () => decodeKivi(codes, groups, values), /(minimum|scale) 0 is/);
  }
});

Deno.test("asymmetricScales() rounds quotients to binary32 before it takes the zero point", () => {
  // Without that rounding the zero point is 15; found by a search.
  const scales = new Float32Array(1), zeros = new Int16Array(1);
  asymmetricScales(INTEGERS.uint4, group(-0.9796985983848572, 0.03378264233469963), 32, "f32", scales, zeros);
  assert.equal(zeros[0], 14);
});
