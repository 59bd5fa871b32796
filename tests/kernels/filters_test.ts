import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import type { PillowFilter } from "../../kernels/image/geometry/names.ts";
import { parsePipeline } from "../../kernels/image/pipeline.ts";
import { FILTERS } from "../../kernels/image/resample/filters.ts";
import { resampleReference } from "../../kernels/image/resample/reference.ts";
import { cosine, sine } from "../../kernels/image/resample/sine.ts";
import { paramsOf } from "../support/resample.ts";
import { photoInput } from "../support/photos.ts";

interface Entry {
  readonly photo: string;
  readonly crop: [number, number, number, number] | null;
  readonly channels: 1 | 3 | 4;
  readonly size: [number, number];
  readonly sha256: Record<PillowFilter, string>;
}

const { entries } = JSON.parse(
  await readFile(new URL("../golden/filters.json", import.meta.url), "utf8"),
) as { entries: Entry[] };

Deno.test("resampleReference() equals Pillow in every filter, shape and number of channels", async () => {
  assert.equal(entries.length, 48);
  for (const { photo, crop, channels, size, sha256 } of entries) {
    const image = await photoInput(photo, channels, crop);
    for (const [filter, expected] of Object.entries(sha256)) {
      const { data } = resampleReference(image, paramsOf(image, size, filter as PillowFilter));
      const found = createHash("sha256").update(data as Uint8Array).digest("hex");
      assert.equal(found, expected, `${filter}, ${photo} ${crop} x ${channels} to ${size}`);
    }
  }
});

Deno.test("sine() and cosine() are the nearest doubles at multiples of pi/6, and odd or even", () => {
  // Values of the angles' doubles, by 60 digits of arithmetic.
  assert.equal(sine(Math.PI), 1.2246467991473532e-16);
  assert.equal(cosine(Math.PI / 2), 6.123233995736766e-17);
  assert.equal(sine(3 * Math.PI), 3.6739403974420594e-16);
  assert.equal(sine(0.5), 0.479425538604203);
  assert.equal(cosine(3), -0.9899924966004454);
  assert.equal(sine(0), 0);
  assert.equal(cosine(0), 1);
  fc.assert(fc.property(fc.double({ min: -16, max: 16, noNaN: true }), (angle) => {
    // Zeros of both signs are equal here.
    assert(sine(-angle) === -sine(angle));
    assert(cosine(-angle) === cosine(angle));
    assert(Math.abs(sine(angle) - Math.sin(angle)) <= 2 ** -52);
    assert(Math.abs(cosine(angle) - Math.cos(angle)) <= 2 ** -52);
  }));
  for (const angle of [16.1, NaN, Infinity]) assert.throws(() => sine(angle), RangeError);
});

Deno.test("filter weights are even and vanish beyond their support", () => {
  for (const [name, { support, weight }] of Object.entries(FILTERS)) {
    assert.equal(weight(0), 1, name);
    assert.equal(weight(support * 1.001), 0, name);
    assert.equal(weight(-support * 1.001), 0, name);
    for (const x of [0.1, 0.3, 0.7, 1.2, 2.7]) assert.equal(weight(x), weight(-x), `${name} at ${x}`);
  }
});

Deno.test("parsePipeline() refuses a filter that the match lacks, an unknown one and reducing_gap by name", () => {
  const parse = (step: object) => () => parsePipeline({ steps: [{ op: "resize", size: 8, ...step }] });
  assert.throws(parse({ filter: "bicubic" }), /steps\.0\.filter: filter bicubic needs match "pillow"/);
  assert.throws(parse({ filter: "lanczos", match: "opencv" }), /needs match "pillow", found match "opencv"/);
  assert.throws(parse({ filter: "cubic", match: "pillow" }), /steps\.0\.filter/);
  assert.throws(parse({ match: "pillow", reducing_gap: 2 }), /reducing_gap/);
  assert.equal(
    (parsePipeline({ steps: [{ op: "resize", size: 8, match: "pillow" }] }).steps[0] as { filter: string })
      .filter,
    "bilinear",
  );
});
