import assert from "node:assert/strict";
import {
  floorLog2,
  powerOfTwo,
  roundHalfEven,
  squareRoot32,
} from "../../../kernels/quantize/formats/exact.ts";
import { random } from "../../support/random.ts";

Deno.test("powerOfTwo() and floorLog2() agree on every exponent of binary64", () => {
  let power = 1;
  for (let exponent = 0; exponent <= 1023; exponent++, power *= 2) {
    assert.equal(powerOfTwo(exponent), power);
    assert.equal(floorLog2(power), exponent);
    assert.equal(floorLog2(power * 1.9999999), exponent);
    if (exponent <= 1022) assert.equal(powerOfTwo(-exponent) * power, 1);
  }
});

Deno.test("floorLog2() reads subnormal binary32 values", () => {
  assert.equal(floorLog2(Math.fround(2 ** -149)), -149);
  assert.equal(floorLog2(Math.fround(3 * 2 ** -149)), -148);
});

Deno.test("roundHalfEven() takes ties to even and clamps at 2^51", () => {
  const cases = [[0.5, 0], [1.5, 2], [2.5, 2], [-0.5, 0], [-1.5, -2], [-2.5, -2], [0.49999999999999994, 0], [
    7,
    7,
  ]];
  for (const [value, expected] of cases) assert.equal(roundHalfEven(value!) + 0, expected);
  assert.equal(roundHalfEven(2 ** 31 + 0.5), 2 ** 31);
  assert.equal(roundHalfEven(1e300), 2 ** 51);
  assert.equal(roundHalfEven(-Infinity), -(2 ** 51));
});

/** Compares twice the distance to a neighbour's midpoint, in whole numbers: a value m x 2^e squared is exact. */
function isNearestRoot(root: number, square: number): boolean {
  const unit = powerOfTwo(floorLog2(root) - 23);
  const half = (value: number) => BigInt(value / (unit / 4));
  // Scaled by (4 / unit)^2, both sides are integers or are cut by less than one.
  const scaled = square / (unit / 4) / (unit / 4);
  const target = BigInt(Math.floor(scaled)), isExact = Number(target) === scaled;
  const below = half(root - unit / 2) ** 2n, above = half(root + unit / 2) ** 2n;
  return below <= target && (target < above || (target === above && isExact));
}

Deno.test("squareRoot32() is the nearest binary32 value", () => {
  const next = random(32);
  for (let i = 0; i < 20_000; i++) {
    const square = (next() * 2 ** 21 + (next() >>> 11) + 1) * powerOfTwo(next() % 60 - 80);
    const root = squareRoot32(square);
    assert.equal(root, Math.fround(root));
    assert(isNearestRoot(root, square), `${square}`);
  }
});

Deno.test("squareRoot32() corrects an engine whose root is off by one unit", () => {
  const next = random(33);
  for (let i = 0; i < 5000; i++) {
    const root = 1 + (1 + next() % 8_388_606) / 8_388_608, midpoint = root + 1 / 16_777_216;
    const exact = next() % 2 === 0 ? midpoint * midpoint : 1 + next() / 2 ** 31;
    for (const off of [-1, 1]) {
      const wrong = squareRoot32(exact, (scaled) => Math.fround(Math.sqrt(scaled)) + off / 8_388_608);
      assert.equal(wrong, squareRoot32(exact));
    }
  }
});

Deno.test("squareRoot32() takes midpoints to even and values beside them to their side", () => {
  for (const significand of [1, 2, 3, 1000, 4_194_303, 8_388_605, 8_388_606]) {
    const root = 1 + significand / 8_388_608, midpoint = root + 1 / 16_777_216, square = midpoint * midpoint;
    const ulp = powerOfTwo(floorLog2(square) - 52);
    assert.equal(squareRoot32(square - ulp), root);
    assert.equal(squareRoot32(square + ulp), root + 1 / 8_388_608);
    assert.equal(squareRoot32(square), significand % 2 === 0 ? root : root + 1 / 8_388_608);
    assert.equal(squareRoot32(square * 2 ** -60), squareRoot32(square) * 2 ** -30);
  }
  assert.equal(squareRoot32(0), 0);
  assert.equal(squareRoot32(2 ** -298), 2 ** -149);
});
