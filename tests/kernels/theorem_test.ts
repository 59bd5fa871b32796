import fc from "fast-check";
import assert from "node:assert/strict";
import { distinctWeights, fractionBitsFor, termTable } from "../../kernels/image/resize/terms.ts";
import { rationalAxis } from "../../kernels/image/resize/positions.ts";
import { IS_LONG_SUITE, longTest } from "../support/long.ts";

/** The rounded sum of four terms, half up or half to even, as the hardware computes it. */
function fromTable(
  terms: Uint32Array,
  rows: readonly number[],
  pixels: readonly number[],
  f: number,
  even: boolean,
) {
  const sum = rows.reduce((total, row, n) => total + terms[256 * row + pixels[n]!]!, 2 ** (f - 1));
  const level = sum >>> f;
  return even && sum % 2 ** f < 4 ? level - (level % 2) : level;
}

/** The same from whole numbers without limit. */
function exactly(
  weights: readonly number[],
  denominator: number,
  pixels: readonly number[],
  even: boolean,
): number {
  const d = BigInt(denominator);
  const sum = weights.reduce((total, weight, n) => total + BigInt(weight) * BigInt(pixels[n]!), 0n);
  const level = (2n * sum + d) / (2n * d);
  const tie = (2n * sum + d) % (2n * d) === 0n;
  return Number(even && tie && level % 2n === 1n ? level - 1n : level);
}

const length = fc.integer({ min: 1, max: 320 });
const pixel = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 2, 3, 127, 128, 254, 255));

for (const even of [false, true]) {
  longTest(`termTable() gives the exact sample, ties ${even ? "to even" : "up"}`, () => {
    let ties = 0;
    fc.assert(
      fc.property(
        length,
        length,
        length,
        length,
        fc.array(fc.tuple(pixel, pixel, pixel, pixel), { minLength: 20, maxLength: 40 }),
        fc.nat(),
        (h, h2, w, w2, tiles, pick) => {
          const y = rationalAxis({ input: h, output: h2 });
          const x = rationalAxis({ input: w, output: w2 });
          const distinct = distinctWeights(y, x);
          const bits = fractionBitsFor(distinct.denominator);
          const terms = termTable(distinct.weights, distinct.denominator, 256, bits);
          for (const [i, pixels] of tiles.entries()) {
            const index = (pick + i * 7919) % (y.pairs.length * x.pairs.length);
            const rows = [...distinct.ids.subarray(4 * index, 4 * index + 4)];
            const weights = rows.map((row) => distinct.weights[row]!);
            const expected = exactly(weights, distinct.denominator, pixels, even);
            assert.equal(fromTable(terms, rows, pixels, bits, even), expected);
            if (exactly(weights, distinct.denominator, pixels, !even) !== expected) ties++;
          }
        },
      ),
      // A seed by which the few runs of the quick suite meet ties too.
      IS_LONG_SUITE ? { numRuns: 300 } : { numRuns: 30, seed: 1 },
    );
    assert(ties > 0, "no tie was met");
  }, !even);

  Deno.test(`termTable() is exact for every tile of factor 2, where ties are many, ${even ? "to even" : "up"}`, () => {
    const y = rationalAxis({ input: 4, output: 2 });
    const distinct = distinctWeights(y, y);
    const bits = fractionBitsFor(distinct.denominator);
    const terms = termTable(distinct.weights, distinct.denominator, 256, bits);
    const rows = [...distinct.ids.subarray(0, 4)];
    const weights = rows.map((row) => distinct.weights[row]!);
    for (let a = 0; a < 256; a += 5) {
      for (let b = 0; b < 256; b += 3) {
        for (let c = 0; c < 256; c += 17) {
          const pixels = [a, b, c, (a + b + 1) & 255];
          assert.equal(
            fromTable(terms, rows, pixels, bits, even),
            exactly(weights, distinct.denominator, pixels, even),
          );
        }
      }
    }
  });
}

Deno.test("fractionBitsFor() counts an odd denominator double", () => {
  assert.deepEqual([1, 2, 4, 49, 392].map((denominator) => fractionBitsFor(denominator)), [3, 3, 4, 9, 11]);
});

Deno.test("distinctWeights() finds the weights that the design counts", () => {
  const count = (w: number, h: number) =>
    distinctWeights(rationalAxis({ input: h, output: 224 }), rationalAxis({ input: w, output: 224 })).weights
      .length;
  assert.deepEqual([count(1280, 720), count(333, 500), count(1279, 719), count(4032, 3024)], [
    65,
    7254,
    19178,
    2,
  ]);
});
