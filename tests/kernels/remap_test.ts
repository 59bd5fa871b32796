import fc from "fast-check";
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { cropReference, padReference } from "../../kernels/image/geometry/reference.ts";
import { parseWith } from "../../kernels/schema.ts";
import type { Stage } from "../../kernels/image/kernel.ts";
import { cropAxis, padAxis, wholeAxis } from "../../kernels/image/geometry/axis.ts";
import { borderIndex, remapMap } from "../../kernels/image/remap/map.ts";
import { remapAxis, remapKernel } from "../../kernels/image/remap/model.ts";
import {
  mapPositions,
  POSITION_STEPS,
  type Positions,
  remapPositions,
} from "../../kernels/image/remap/positions.ts";
import { invertMatrix } from "../../kernels/image/remap/matrix.ts";
import { remapReference, samplePositions } from "../../kernels/image/remap/reference.ts";
import {
  affineSpec,
  type Border,
  lowerRemap,
  MAX_REMAP_AXIS,
  perspectiveSpec,
  remapParams,
  type RemapStep,
  rotateSpec,
} from "../../kernels/image/remap/spec.ts";
import { cellBytes, type Channels, type DenseMap } from "../../serialize/sampling.ts";
import { type Tensor, toDense } from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";
import { type GoldenFile, readGolden } from "../support/golden.ts";
import { anyChannels, noise } from "../support/images.ts";
import { sized } from "../support/long.ts";
import { photoInput } from "../support/photos.ts";

interface Entry extends Pick<GoldenFile, "file" | "photo" | "stored" | "sha256"> {
  readonly crop: readonly number[];
  readonly channels: Channels;
  readonly shape: readonly [number, number, number];
  readonly step: Record<string, unknown> & {
    readonly op: "affine" | "perspective" | "rotate" | "remap";
    readonly border?: Border;
    readonly fill?: number | number[];
  };
  readonly maps_sha256?: readonly [string, string];
}

const SPECS = { affine: affineSpec, perspective: perspectiveSpec, rotate: rotateSpec };
const BORDERS = ["constant", "replicate", "reflect", "reflect101", "wrap"] as const;
const { entries } = JSON.parse(
  await readFile(new URL("../golden/warp.json", import.meta.url), "utf8"),
) as { entries: Entry[] };

/** One level a channel. */
function levels(fill: number | readonly number[] | undefined, channels: number): number[] {
  return Array.from({ length: channels }, (_, c) => typeof fill === "object" ? fill[c]! : fill ?? 0);
}

/** The cells of a map, written without the serializer. */
function cellsOf(map: DenseMap, image: Tensor, fill: readonly number[]): Uint8Array<ArrayBuffer> {
  const channels = fill.length as Channels;
  const { data } = toDense(image);
  const bytes = new Uint8Array(map.weight.length * cellBytes(channels));
  const view = new DataView(bytes.buffer);
  map.weight.forEach((weight, item) => {
    const at = item * cellBytes(channels);
    for (let n = 0; n < 4; n++) {
      const neighbour = map.neighbours[4 * item + n]!;
      fill.forEach((level, c) =>
        bytes[at + n * channels + c] = neighbour < 0 ? level : data[neighbour * channels + c]!
      );
    }
    view.setUint32(at + 4 * channels, weight, true);
  });
  return bytes;
}

const identity = step({ op: "rotate", degrees: 0 });
const EXACT = remapKernel.forms(lowerRemap(identity, { height: 1, width: 1 }))[0]!;
const stages = new Map<number, Stage>();

/** The stage of a number of channels, made once: it depends on nothing else. */
function stageOf(channels: Channels): Stage {
  const params = lowerRemap(identity, { height: 1, width: 1 });
  const input = { kind: "cells", dtype: "u8", channels, planar: false } as const;
  if (!stages.has(channels)) stages.set(channels, remapKernel.prepare!(params, input, "distinct", 0));
  return stages.get(channels)!;
}

/** What the model makes of a map. */
function throughCells(map: DenseMap, image: Tensor, fill: readonly number[]): Uint8Array {
  const channels = fill.length as Channels;
  const items = map.weight.length;
  const target = new Uint8Array(items * channels);
  assert.equal(stageOf(channels).process(cellsOf(map, image, fill), 0, items, target, 0), null);
  return target;
}

/** A step with its defaults. */
function step(
  raw: { readonly op: "affine" | "perspective" | "rotate" } & Record<string, unknown>,
): RemapStep {
  return parseWith(SPECS[raw.op] as typeof affineSpec, raw, "pipeline", "step");
}

const f = Math.fround;

/** The maps that tests/golden/warp.py makes, operation by operation in single precision. */
const MAPS: Record<string, (height: number, width: number) => [Float32Array, Float32Array]> = {
  wave: (height, width) => {
    const shift = (at: number) => {
      const t = f(f(at % 16) / 8 - 1);
      return (at % 32 < 16 ? 1 : -1) * f(1 - f(t * t));
    };
    return eachSample(height, width, (x, y) => [x + f(f(6.3) * shift(y)), y + f(f(4.7) * shift(x))]);
  },
  swirl: (height, width) =>
    eachSample(height, width, (x, y) => {
      const [centerX, centerY] = [f((width - 1) / 2), f((height - 1) / 2)];
      const [dx, dy] = [f(x - centerX), f(y - centerY)];
      const t = f(1.5 / f(1 + f(f(f(dx * dx) + f(dy * dy)) / 500)));
      const norm = f(1 + f(t * t));
      const [cos, sin] = [f(f(1 - f(t * t)) / norm), f(f(t + t) / norm)];
      return [centerX + f(f(cos * dx) - f(sin * dy)), centerY + f(f(sin * dx) + f(cos * dy))];
    }),
};

function eachSample(height: number, width: number, at: (x: number, y: number) => [number, number]) {
  const maps: [Float32Array, Float32Array] = [
    new Float32Array(height * width),
    new Float32Array(height * width),
  ];
  for (let i = 0; i < height * width; i++) {
    [maps[0][i], maps[1][i]] = at(i % width, Math.floor(i / width)) as [number, number];
  }
  return maps;
}

for (const entry of entries) {
  Deno.test(`remap equals ${entry.file.replace(".npy.gz", "")}`, async () => {
    const image = await photoInput(entry.photo, entry.channels, entry.crop);
    const [height, width] = image.shape as [number, number];
    const size = [entry.shape[0], entry.shape[1]] as const;
    const fill = levels(entry.step.fill, entry.channels);
    const border = entry.step.border ?? "constant";
    let positions: Positions;
    let reference: Tensor;
    if (entry.step.op === "remap") {
      const maps = MAPS[String(entry.step["maps"])]!(...size);
      const hashes = maps.map((map) => createHash("sha256").update(Buffer.from(map.buffer)).digest("hex"));
      assert.deepEqual(hashes, entry.maps_sha256);
      positions = mapPositions(...maps);
      reference = samplePositions(image, positions, size, border, fill);
    } else {
      const params = lowerRemap(step({ ...entry.step, op: entry.step.op }), { height, width });
      assert.deepEqual([params.output, params.border], [size, border]);
      assert.deepEqual(parseWith(remapParams, params, "plan", "params"), params);
      positions = remapPositions(params);
      reference = remapReference(image, params, fill);
    }
    const model = throughCells(remapMap(positions, size, [height, width], border), image, fill);
    assert.deepEqual(model, reference.data, "model and reference differ");
    const expected = await readGolden(entry as unknown as GoldenFile);
    assert.equal(model.length, expected.length);
    const off = model.reduce((worst, level, i) => Math.max(worst, Math.abs(level - expected[i]!)), 0);
    assert(
      off <= remapKernel.bound(lowerRemap(identity, { height, width }), EXACT).levels,
      `${off} levels off`,
    );
    // The bound leaves a level to other builds of OpenCV; the one that made the goldens needs none.
    assert.equal(off, 0);
  });
}

const axis = fc.integer({ min: 1, max: 12 });
const entryOf = fc.oneof(
  fc.double({ min: -3, max: 3, noNaN: true }),
  fc.integer({ min: -40, max: 40 }).map((n) => n / 8),
  fc.double({ min: -1e7, max: 1e7, noNaN: true }),
);
const anyStep = fc.tuple(fc.boolean(), fc.array(entryOf, { minLength: 9, maxLength: 9 }), axis, axis)
  .map(([affine, matrix, rows, columns]) => ({
    op: affine ? "affine" as const : "perspective" as const,
    matrix: affine ? matrix.slice(0, 6) : matrix,
    inverse: true,
    size: [rows, columns],
  }));

Deno.test("cells of any remap give what the reference gives", () => {
  fc.assert(
    fc.property(
      fc.record({ raw: anyStep, border: fc.constantFrom(...BORDERS), channels: anyChannels }),
      fc.tuple(axis, axis, fc.nat(), fc.array(fc.nat(255), { minLength: 4, maxLength: 4 })),
      ({ raw, border, channels }, [height, width, seed, colour]) => {
        const fill = colour.slice(0, channels);
        const image = noise(1, height, width, channels, seed);
        const params = lowerRemap(step({ ...raw, border, fill }), { height, width });
        const map = remapMap(remapPositions(params), params.output, params.input, border);
        assert.deepEqual(throughCells(map, image, fill), remapReference(image, params, fill).data);
      },
    ),
    { numRuns: sized(500, 150) },
  );
});

Deno.test("remapMap() through a window equals the remap of the cropped and padded image", () => {
  fc.assert(
    fc.property(
      fc.record({ raw: anyStep, border: fc.constantFrom(...BORDERS), seed: fc.nat() }),
      fc.tuple(axis, axis, fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3)),
      ({ raw, border, seed }, [rows, columns, top, left, bottom, right]) => {
        const fill = [9, 200, 30];
        const image = noise(1, rows + top, columns + left, 3, seed);
        const cut = cropReference(image, top, left, rows, columns);
        const seen = padReference(cut, [top, right, bottom, left], fill);
        const [height, width] = [top + rows + bottom, right + columns + left];
        const params = lowerRemap(step({ ...raw, border, fill }), { height, width });
        const window = {
          y: padAxis(cropAxis(wholeAxis(rows + top), top, rows), top, bottom),
          x: padAxis(cropAxis(wholeAxis(columns + left), left, columns), right, left),
          width: columns + left,
        };
        const map = remapMap(remapPositions(params), params.output, params.input, border, window);
        assert.deepEqual(throughCells(map, image, fill), remapReference(seen, params, fill).data);
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("remapReference() warps every image of a batch, in any layout", () => {
  const batch = noise(3, 7, 5, 3, 1);
  const params = lowerRemap(step({ op: "rotate", degrees: 40, border: "wrap" }), { height: 7, width: 5 });
  const all = remapReference(batch, params, [0, 0, 0]).data;
  const third = cropReference(batch, 0, 0, 7, 5);
  assert.deepEqual(remapReference(third, params, [0, 0, 0]).data, all);
  const last = { ...batch, shape: [1, 7, 5, 3], offset: 2 * 105 };
  assert.deepEqual(remapReference(last, params, [0, 0, 0]).data, all.subarray(210));
});

/** Walks from 0, one step at a time, and says on which sample of the axis the walk ends. */
function walk(index: number, length: number, border: Border): number {
  let at = 0;
  let forward = index > 0;
  for (let i = 0; i < Math.abs(index); i++) {
    const next = at + (forward ? 1 : -1);
    if (next >= 0 && next < length) at = next;
    else if (border === "constant") return -1;
    else if (border === "wrap") at = forward ? 0 : length - 1;
    else if (border !== "replicate") {
      forward = !forward;
      if (border === "reflect101" && length > 1) at += forward ? 1 : -1;
    }
  }
  return at;
}

Deno.test("borderIndex() is where a walk along the axis ends", () => {
  for (const border of BORDERS) {
    for (let length = 1; length <= 9; length++) {
      for (let index = -60; index <= 60; index++) {
        const name = `${border} ${index} of ${length}`;
        assert.equal(borderIndex(index, length, border), walk(index, length, border), name);
      }
    }
  }
  assert.equal(borderIndex(-32767, 2, "reflect"), 1);
  assert.equal(borderIndex(32768, 32766, "wrap"), 2);
});

Deno.test("remapPositions() rounds, clamps and overflows as OpenCV on x86-64", () => {
  const of = (
    matrix: number[],
    width: number,
    transform: "affine" | "perspective" = "affine",
  ) => [...remapPositions({ transform, matrix, input: [1, 1], output: [1, width], border: "wrap" }).x];
  // 1/64 is half a step: half up. The row's start is rounded to 1/1024 before, ties to even.
  assert.deepEqual(of([1, 0, 1 / 64, 0, 1, 0], 2), [1, 33]);
  assert.deepEqual(of([1, 0, 1 / 64 - 1 / 2048, 0, 1, 0], 1), [1]);
  assert.deepEqual(of([1, 0, 1 / 64 - 3 / 2048, 0, 1, 0], 1), [0]);
  assert.deepEqual(of([-1, 0, -1 / 64, 0, 1, 0], 2), [0, -32]);
  assert.deepEqual(of([40000.5, 0, 0, 0, 1, 0], 2), [0, 32767 * 32 + 16]);
  assert.deepEqual(of([-40000.5, 0, 0, 0, 1, 0], 2), [0, -32768 * 32 + 16]);
  assert.deepEqual(of([2 ** 21, 0, 0, 0, 1, 0], 2), [0, -32768 * 32]);
  // Ties to even, no position where the divisor is 0, and saturation.
  const perspective = (m0: number, m2: number, m6: number, m8: number) =>
    of([m0, 0, m2, 0, 1, 0, m6, 0, m8], 3, "perspective");
  assert.deepEqual(perspective(1 / 32, 1 / 64, 0, 1), [0, 2, 2]);
  assert.deepEqual(perspective(0, 1, 1, -1), [-32, 0, 32]);
  assert.deepEqual(perspective(1e30, -1e30, 0, 1), [-32768 * 32, 0, 32767 * 32 + 31]);
});

Deno.test("mapPositions() rounds ties to even and refuses maps of two lengths", () => {
  const positions = mapPositions(
    Float32Array.of(1 / 64, 3 / 64, -1 / 64, NaN, 3e9),
    Float32Array.of(-3 / 64, 0.5, 32766.97, -40000.25, -Infinity),
  );
  assert.deepEqual([...positions.x], [0, 2, 0, -32768 * 32, -32768 * 32]);
  assert.deepEqual([...positions.y], [-2, 16, 32766 * 32 + 31, -32768 * 32 + 24, -32768 * 32]);
  assert.throws(() => mapPositions(new Float32Array(3), new Float32Array(2)), refusal("shape"));
});

Deno.test("invertMatrix() gives the inverse, without -0, or nothing", () => {
  fc.assert(fc.property(fc.array(entryOf, { minLength: 9, maxLength: 9 }), (matrix) => {
    matrix = matrix.map((value) => value % 3);
    for (const m of [matrix, [...matrix.slice(0, 6), 0, 0, 1]]) {
      const inverse = invertMatrix(m[6] === 0 && m[7] === 0 && m[8] === 1 ? m.slice(0, 6) : m);
      if (inverse === undefined) continue;
      assert(!inverse.some((value) => Object.is(value, -0)));
      const full = inverse.length === 6 ? [...inverse, 0, 0, 1] : inverse;
      const size = Math.max(...full.map(Math.abs)) * Math.max(...m.map(Math.abs));
      for (let i = 0; i < 9; i++) {
        const row = i - i % 3;
        const sum = [0, 1, 2].reduce((total, k) => total + m[row + k]! * full[3 * k + i % 3]!, 0);
        assert(Math.abs(sum - (i % 4 === 0 ? 1 : 0)) <= 1e-9 * size * size, `${m}: ${sum}`);
      }
    }
  }));
  assert.equal(invertMatrix([1, 2, 0, 2, 4, 0]), undefined);
  assert.equal(invertMatrix([1, 2, 3, 4, 5, 6, 7, 8, 9]), undefined);
});

Deno.test("the remap's tables are the products of 32 pairs, once", () => {
  const { pairs, denominator } = remapAxis();
  assert.equal(denominator, POSITION_STEPS);
  assert.deepEqual([pairs.length, pairs[0], pairs[31]], [32, [32, 0], [1, 31]]);
  const products = new Set(
    pairs.flatMap((a) => pairs.flatMap((b) => [a[0] * b[0], a[0] * b[1], a[1] * b[1]])),
  );
  const [weights, terms] = EXACT.tables;
  assert.deepEqual([weights!.entries, terms!.entries], [1024, 256 * products.size]);
});

Deno.test("lowerRemap() and the schemas refuse what has no meaning", () => {
  const image = { height: 5, width: 5 };
  const flat = step({ op: "affine", matrix: [1, 2, 0, 2, 4, 0], size: [5, 5] });
  assert.throws(() => lowerRemap(flat, image), refusal("pipeline", /no inverse/));
  assert.deepEqual(lowerRemap({ ...flat, inverse: true } as RemapStep, image).matrix, [1, 2, 0, 2, 4, 0]);
  const rank2 = step({ op: "perspective", matrix: [1, 2, 3, 4, 5, 6, 7, 8, 9], size: [5, 5] });
  assert.throws(() => lowerRemap(rank2, image), refusal("pipeline", /no inverse/));
  const long = { height: 5, width: MAX_REMAP_AXIS + 1 };
  assert.throws(() => lowerRemap(step({ op: "rotate", degrees: 1 }), long), refusal("size"));
  const params = { ...lowerRemap(rank2.op === "perspective" ? { ...rank2, inverse: true } : rank2, image) };
  for (
    const wrong of [
      { matrix: [1, 0, 0, 0, 1, 0] },
      { matrix: [1, 0, 0, 0, 1, 0, 0, 0, NaN] },
      { input: [5, MAX_REMAP_AXIS + 1] },
      { border: "transparent" },
      { output: [0, 5] },
    ]
  ) assert.throws(() => parseWith(remapParams, { ...params, ...wrong }, "plan", "params"), refusal("plan"));
  for (
    const wrong of [
      { op: "affine", matrix: [1, 0, 0, 0, 1], size: [5, 5] },
      { op: "affine", matrix: [1, 0, Infinity, 0, 1, 0], size: [5, 5] },
      { op: "perspective", matrix: [1, 0, 0, 0, 1, 0], size: [5, 5] },
      { op: "rotate", degrees: NaN },
      { op: "rotate", degrees: 3, scale: 0 },
      { op: "rotate", degrees: 3, fill: 256 },
      { op: "rotate", degrees: 3, border: "mirror" },
    ] as const
  ) assert.throws(() => step(wrong), refusal("pipeline"));
});

Deno.test("map, reference and model refuse what does not fit", () => {
  const positions = { x: new Int32Array(4), y: new Int32Array(4) };
  assert.throws(() => remapMap(positions, [2, 3], [5, 5], "wrap"), refusal("shape", /expected 6 positions/));
  const window = { y: wholeAxis(5), x: wholeAxis(4), width: 4 };
  assert.throws(() => remapMap(positions, [2, 2], [5, 5], "wrap", window), refusal("shape", /window/));
  const params = lowerRemap(step({ op: "rotate", degrees: 1 }), { height: 5, width: 5 });
  assert.throws(() => remapReference(noise(1, 5, 6, 1, 0), params, [0]), refusal("shape"));
  const input = { kind: "samples", dtype: "u8", channels: 3, planar: false } as const;
  assert.throws(
    () => remapKernel.prepare!(params, input, "distinct", 0),
    refusal("pipeline", /expected u8 cells/),
  );
  assert.throws(
    () => remapKernel.prepare!(params, { ...input, kind: "cells", channels: 2 }, "distinct", 0),
    refusal("shape"),
  );
  for (const index of [[0, 4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 128], [255, 255, 255, 255]]) {
    const cell = Uint8Array.of(1, 2, 3, 4, ...index);
    assert.equal(stageOf(1).process(cell, 0, 1, new Uint8Array(1), 0), "weight");
  }
});
