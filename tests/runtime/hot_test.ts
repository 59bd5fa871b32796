import fc from "fast-check";
import assert from "node:assert/strict";
import {
  countLevels,
  hitRates,
  hotEntries,
  lookupCycles,
  topShare,
} from "../../kernels/image/residency/hot.ts";
import { slice, type Tensor, tensor, toDense } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { asWindow, inLayout, noise } from "../support/images.ts";
import { readPhoto } from "../support/photos.ts";

const anyCounts = fc.array(fc.nat(9), { minLength: 1, maxLength: 40 })
  .filter((counts) => counts.some((count) => count > 0));

Deno.test("countLevels() counts what a tensor shows, in any layout and through windows", () => {
  const image = noise(2, 7, 11, 3, 5);
  const expected = new Float64Array(256);
  for (const level of image.data) expected[level]!++;
  assert.deepEqual(countLevels([image]), expected);
  assert.deepEqual(countLevels([inLayout(image, "NCHW")]), expected);
  assert.deepEqual(countLevels([asWindow(image, 3)]), expected);
  assert.deepEqual(countLevels([image, image]), expected.map((count) => 2 * count));
  const channels = [0, 1, 2].map((channel) => slice(image, [0, 0, 0, channel], [2, 7, 11, 1]));
  assert.deepEqual(countLevels(channels), expected);
  assert.deepEqual(countLevels([]), new Float64Array(256));
  const floats = tensor(new Float32Array(1), { dtype: "f32", shape: [1] });
  assert.throws(() => countLevels([floats]), refusal("dtype", /f32/));
});

Deno.test("hotEntries() takes the most frequent, the lowest first among equals", () => {
  fc.assert(fc.property(anyCounts, fc.integer({ min: 1, max: 50 }), (counts, capacity) => {
    const { hot, expected } = hotEntries(counts, capacity);
    const order = counts.map((_, entry) => entry).sort((a, b) => counts[b]! - counts[a]! || a - b);
    assert.deepEqual([...hot], order.slice(0, capacity));
    assert.equal(topShare(counts, capacity), expected);
    if (capacity >= counts.length) assert.equal(expected, 1);
  }));
  assert.throws(() => hotEntries([0, 0], 1), refusal("size", /no lookup/));
  assert.throws(() => hotEntries([1], 0), refusal("size", /capacity/));
  assert.throws(() => hotEntries([1, -1], 1), refusal("size", /entry 1 with count -1/));
  assert.throws(() => hotEntries([0.5], 1), refusal("size", /entry 0 with count/));
});

Deno.test("hitRates() of the sample itself is what was expected, and the optimum is never passed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(12), { minLength: 1, maxLength: 80 }),
      fc.integer({ min: 1, max: 14 }),
      (sequence, capacity) => {
        const counts = new Float64Array(13);
        for (const entry of sequence) counts[entry]!++;
        const { hot, expected } = hotEntries(counts, capacity);
        const rates = hitRates(sequence, hot, capacity);
        assert.equal(rates.hot, expected);
        assert.equal(rates.lookups, sequence.length);
        for (const rate of [rates.hot, rates.lru, rates.lfu]) assert(rates.optimum >= rate);
        if (capacity >= 13) assert.deepEqual([rates.hot, rates.lru, rates.lfu, rates.optimum], [1, 1, 1, 1]);
      },
    ),
    { numRuns: 3000 },
  );
});

Deno.test("hitRates() keeps its order with any hot entries, also those of other data", () => {
  const anySet = fc.uniqueArray(fc.nat(12), { maxLength: 6 });
  const anySequence = fc.array(fc.nat(12), { minLength: 1, maxLength: 80 });
  fc.assert(fc.property(anySequence, anySet, fc.nat(4), (sequence, hot, spare) => {
    const rates = hitRates(sequence, hot, Math.max(1, hot.length + spare));
    for (const rate of [rates.hot, rates.lru, rates.lfu]) assert(rates.optimum >= rate);
  }));
});

Deno.test("hitRates() and lookupCycles() refuse numbers outside their limits", () => {
  assert.throws(() => hitRates([1], [1, 2], 1), refusal("size", /number of hot entries 2/));
  assert.throws(() => hitRates([1], [2, 2], 2), refusal("size", /page 2 in two slots/));
  assert.throws(() => hitRates([], [2], 2), refusal("size", /number of lookups 0/));
  assert.throws(() => hitRates([1.5], [2], 2), refusal("size", /page 1\.5/));
  assert.throws(() => hitRates([1], [], 0), refusal("size", /capacity/));
  for (const rate of [-0.1, 1.1, NaN]) {
    assert.throws(() => lookupCycles(rate, 9), refusal("size", /hit rate/));
  }
  assert.throws(() => lookupCycles(1, 0), refusal("size", /latency 0/));
  assert.deepEqual([lookupCycles(1, 9), lookupCycles(0, 9), lookupCycles(0.5, 9)], [1, 9, 5]);
});

/** The rows 0, 2, 4… or 1, 3, 5… of a photograph. */
function everySecondRow({ data, shape }: Tensor, first: 0 | 1): Tensor {
  const [height, width, channels] = shape as [number, number, number];
  const paired = tensor(data, { dtype: "u8", shape: [height / 2, 2, width * channels] });
  return toDense(slice(paired, [0, first, 0], [height / 2, 1, width * channels]));
}

// The paper (arXiv 2502.15712) writes that the ten most frequent values make almost 20%.
const photographs = [
  { name: "astronaut.png", share: 0.1858, hot: 0.4800, lru: 0.6378, optimum: 0.7989 },
  { name: "coffee.png", share: 0.1141, hot: 0.4296, lru: 0.5976, optimum: 0.7788 },
];

for (const { name, share, ...rates } of photographs) {
  Deno.test(`half of the rows of ${name} foretell what hot entries serve of the other half`, async () => {
    const photo = await readPhoto(name);
    assert.equal(topShare(countLevels([photo]), 10).toFixed(4), share.toFixed(4));
    const { hot, expected } = hotEntries(countLevels([everySecondRow(photo, 0)]), 64);
    const found = hitRates(everySecondRow(photo, 1).data, hot, 64);
    assert(Math.abs(found.hot - expected) < 0.01, `expected ${expected}, found ${found.hot}`);
    // Neighbours are alike, which a cache sees and a histogram does not.
    assert(found.lru > found.hot && found.optimum > found.lru);
    for (const [kind, rate] of Object.entries(rates)) {
      assert.equal(found[kind as keyof typeof rates].toFixed(4), rate.toFixed(4), kind);
    }
  });
}
