import fc from "fast-check";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { FILTER_BITS, filterAxis } from "../../kernels/image/resample/coefficients.ts";
import { filterTable } from "../../kernels/image/resample/tables.ts";
import type { FormName } from "../../kernels/image/kernel.ts";
import { resampleKernel, resampleRows } from "../../kernels/image/resample/model.ts";
import type { PillowFilter } from "../../kernels/image/geometry/names.ts";
import { resampleReference } from "../../kernels/image/resample/reference.ts";
import type { AxisScale } from "../../kernels/image/resize/spec.ts";
import { type GoldenFile, readGolden } from "../support/golden.ts";
import { anyChannels, noise } from "../support/images.ts";
import { paramsOf, throughRows } from "../support/resample.ts";
import { photoInput } from "../support/photos.ts";

interface Entry extends Omit<GoldenFile, "peer"> {
  readonly peer: "pillow" | "torchvision";
  readonly filter: PillowFilter;
}

const { entries } = JSON.parse(
  await readFile(new URL("../golden/antialias.json", import.meta.url), "utf8"),
) as { entries: Entry[] };

for (const entry of entries) {
  Deno.test(`the antialiased resize equals ${entry.file}`, async () => {
    const image = await photoInput(entry.photo, entry.channels, entry.crop);
    const expected = await readGolden(entry as unknown as GoldenFile) as Uint8Array;
    const found = resampleReference(image, paramsOf(image, entry.size, entry.filter)).data as Uint8Array;
    assert.equal(found.length, expected.length);
    if (entry.peer === "pillow") assert.deepEqual(found, expected);
    else {
      const off = found.map((level, at) => Math.abs(level - expected[at]!));
      assert(off.every((levels) => levels <= 1), `${Math.max(...off)} levels off`);
      const share = off.reduce((sum, levels) => sum + levels, 0) / off.length;
      // Pillow rounds between its passes, torchvision computes in binary32 throughout.
      assert(share < 0.25, `${(100 * share).toFixed(1)}% of the samples differ`);
    }
    for (const form of ["distinct", "nibble"] as const) {
      assert.deepEqual(throughRows(image, paramsOf(image, entry.size, entry.filter), form), found, form);
    }
  });
}

Deno.test("sixteen goldens of Pillow and six of torchvision are there", () => {
  const count = (peer: string) => entries.filter((entry) => entry.peer === peer).length;
  assert.deepEqual([count("pillow"), count("torchvision")], [16, 6]);
});

const FILTER_NAMES = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"] as const;

const length = fc.integer({ min: 1, max: 40 });

Deno.test("the rows' model equals the reference for random images, in all filters and forms", () => {
  fc.assert(
    fc.property(
      length,
      length,
      length,
      length,
      anyChannels,
      fc.nat(),
      fc.constantFrom<FormName>("distinct", "nibble", "multiply"),
      fc.constantFrom(...FILTER_NAMES),
      (h, w, h2, w2, channels, seed, form, filter) => {
        const image = noise(1, h, w, channels, seed);
        // Some images of extremes: sums of weights that are rounded up must not pass 255.
        if (seed % 3 === 0) image.data.fill(255);
        assert.deepEqual(
          throughRows(image, paramsOf(image, [h2, w2], filter), form),
          resampleReference(image, paramsOf(image, [h2, w2], filter)).data,
        );
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("filterAxis() has weights that sum to 1 but for their rounding, and rows that never fall", () => {
  const any = fc.integer({ min: 1, max: 600 });
  fc.assert(
    fc.property(any, any, fc.constantFrom(...FILTER_NAMES), (input, output, filter) => {
      const { first, taps, start, weights } = filterAxis({ input, output }, filter);
      for (let o = 0; o < output; o++) {
        assert(first[o]! >= 0 && taps[o]! >= 1 && first[o]! + taps[o]! <= input);
        const sum = weights.subarray(start[o]!, start[o]! + taps[o]!).reduce(
          (total, each) => total + each,
          0,
        );
        assert(Math.abs(sum - 2 ** FILTER_BITS) <= taps[o]!);
        // Sums of the positive weights stay below 2, so 32 bits hold every sum of products.
        const positive = weights.subarray(start[o]!, start[o]! + taps[o]!).reduce(
          (total, each) => total + Math.max(0, each),
          0,
        );
        assert(positive < 2 * 2 ** FILTER_BITS);
        if (o > 0) assert(first[o]! >= first[o - 1]! && first[o]! + taps[o]! >= first[o - 1]! + taps[o - 1]!);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("a row that is not held is not given", () => {
  const stage = resampleRows(
    { filter: "bilinear", y: { input: 8, output: 4 }, x: { input: 2, output: 2 } },
    1,
    "nibble",
  );
  const row = Uint8Array.of(7, 9);
  const target = new Uint8Array(2);
  stage.take(0, row, 0);
  assert.equal(stage.give(0, target, 0), false);
  for (const at of [1, 2]) stage.take(at, row, 0);
  assert.equal(stage.give(0, target, 0), true);
  assert.deepEqual(target, row);
  for (const at of [3, 4, 5, 6, 7]) stage.take(at, row, 0);
  assert.equal(stage.give(0, target, 0), false, "its rows were overwritten");
  stage.restart();
  assert.equal(stage.give(3, target, 0), false, "another image has begun");
});

Deno.test("the tables that the plan states are those that are made", () => {
  for (const [input, output] of [[1280, 224], [500, 224], [17, 40]] as const) {
    const axis = { input, output };
    for (const filter of FILTER_NAMES) checkTables(axis, filter);
  }
  assert.deepEqual(
    resampleKernel.forms({ filter: "bicubic", y: { input: 5, output: 5 }, x: { input: 5, output: 5 } })[0]!
      .tables,
    [],
  );
});

function checkTables(axis: AxisScale, filter: PillowFilter): void {
  const forms = resampleKernel.forms({ filter, y: axis, x: axis });
  // The multiplying form has weights and no products.
  for (const { form, tables } of forms.filter(({ form }) => form !== "multiply")) {
    const levels = form === "nibble" ? 16 : 256;
    const { products } = filterTable(filterAxis(axis, filter), levels);
    const stated = tables.find(({ name }) => name === "column terms")!;
    assert.equal(stated.entries, products.length);
    const limit = products.some((product) => product < 0) ? 2 ** (stated.bits - 1) : 2 ** stated.bits;
    assert(products.every((product) => Math.abs(product) < limit));
  }
}

/** Random pictures and Pillow's answers to them, from one process. */
const WITNESS = `
import json, sys
import numpy as np
from PIL import Image
cases = []
rng = np.random.default_rng(20261124)
FILTERS = [Image.NEAREST, Image.BOX, Image.BILINEAR, Image.HAMMING, Image.BICUBIC, Image.LANCZOS]
for n in range(600):
    h, w, h2, w2 = (int(n) for n in rng.integers(1, 90, 4))
    image = rng.integers(0, 256, (h, w), dtype=np.uint8)
    out = np.asarray(Image.fromarray(image).resize((w2, h2), FILTERS[n % 6]))
    cases.append([n % 6, h, w, h2, w2, image.tobytes().hex(), out.tobytes().hex()])
json.dump(cases, sys.stdout)
`;

Deno.test("the reference equals Pillow on 100 random shapes for each filter", async () => {
  const output = await new Promise<string | undefined>((resolve) => {
    const options = { timeout: 60_000, maxBuffer: 2 ** 26 };
    execFile("/usr/bin/python3", ["-c", WITNESS], options, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
  if (output === undefined) {
    assert.equal(Deno.env.get("CI"), undefined, "in CI Pillow must be there");
    console.log("skipped: Debian's python3-pil and python3-numpy are not there");
    return;
  }
  const cases = JSON.parse(output) as [number, number, number, number, number, string, string][];
  assert.equal(cases.length, 600);
  for (const [n, h, w, h2, w2, source, expected] of cases) {
    const image = noise(1, h, w, 1, 0);
    image.data.set(Uint8Array.from(source.match(/../g)!, (byte) => parseInt(byte, 16)) as Uint8Array);
    const found = resampleReference(image, paramsOf(image, [h2, w2], FILTER_NAMES[n]!)).data as Uint8Array;
    const hex = Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
    assert.equal(hex, expected, `${FILTER_NAMES[n]}, ${h} x ${w} to ${h2} x ${w2}`);
  }
});
