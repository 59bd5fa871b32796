import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CACHE_AXES,
  CACHE_LAYOUTS,
  type CacheAxis,
  type CacheLayout,
  cacheLayout,
  cacheTensors,
  type CacheView,
  cacheViews,
  nameAxes,
  type PerAxis,
} from "../../../kernels/quantize/layout.ts";
import { MAX_ELEMENTS, tensor } from "../../../serialize/tensor.ts";
import { refusedWith } from "./refused.ts";

const LAYOUTS = Object.keys(CACHE_LAYOUTS) as CacheLayout[];
const LETTERS: Record<string, CacheAxis> = {
  L: "layers",
  B: "blocks",
  H: "heads",
  N: "tokens",
  C: "channels",
};
const anyLayout = fc.constantFrom(...LAYOUTS);
const length = fc.integer({ min: 1, max: 5 });
const anySizes = fc.record({
  layers: length,
  blocks: length,
  heads: length,
  tokens: length,
  channels: length,
});

/** All positions of a shape. */
function* positions(sizes: PerAxis): Generator<PerAxis> {
  const count = CACHE_AXES.reduce((product, axis) => product * sizes[axis], 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const at = { layers: 0, blocks: 0, heads: 0, tokens: 0, channels: 0 };
    for (const axis of CACHE_AXES) {
      at[axis] = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    yield at;
  }
}

/** Index of a position by a view's strides. */
function elementIndex({ offset, strides }: CacheView, at: PerAxis): number {
  return CACHE_AXES.reduce((index, axis) => index + at[axis] * strides[axis], offset);
}

/** Row-major index of a position, by Horner's rule over the letters of a layout. */
function plainIndex(layout: string, sizes: PerAxis, at: PerAxis): number {
  return [...layout].reduce((index, letter) => index * sizes[LETTERS[letter]!] + at[LETTERS[letter]!], 0);
}

Deno.test("CACHE_LAYOUTS has the six names of vLLM, each with its axes in the order of its letters", () => {
  assert.deepEqual(LAYOUTS, ["LBHNC", "LBNHC", "LHBNC", "BLHNC", "BLNHC", "BHLNC"]);
  for (const name of LAYOUTS) assert.deepEqual(CACHE_LAYOUTS[name], [...name].map((c) => LETTERS[c]));
});

Deno.test("cacheLayout() reads NHD and HND, and refuses other names", () => {
  assert.equal(cacheLayout("NHD"), "LBNHC");
  assert.equal(cacheLayout("HND"), "LBHNC");
  for (const name of LAYOUTS) assert.equal(cacheLayout(name), name);
  for (const name of ["", "nhd", "LBNCH", "toString"]) {
    refusedWith("shape", () => cacheLayout(name), /expected one of LBHNC/);
  }
});

Deno.test("cacheViews() equals row-major arithmetic in every layout, K and V in tensors of their own", () => {
  fc.assert(fc.property(anyLayout, anySizes, (layout, sizes) => {
    const { elements, parts } = cacheViews(layout, sizes, "separate");
    assert.deepEqual(parts.k, parts.v);
    const seen = new Set<number>();
    for (const at of positions(sizes)) {
      assert.equal(elementIndex(parts.k, at), plainIndex(layout, sizes, at));
      seen.add(elementIndex(parts.v, at));
    }
    assert.equal(seen.size, elements);
  }));
});

Deno.test("cacheViews() places V after K in each fused row", () => {
  fc.assert(fc.property(anyLayout, anySizes, (layout, half) => {
    const sizes = { ...half, channels: 2 * half.channels };
    const { elements, parts: { k, v } } = cacheViews(layout, sizes, "fused");
    const seen = new Set<number>();
    assert.deepEqual(k.sizes, { ...half });
    for (const at of positions(half)) {
      assert.equal(elementIndex(k, at), plainIndex(layout, sizes, at));
      assert.equal(
        elementIndex(v, at),
        plainIndex(layout, sizes, { ...at, channels: at.channels + half.channels }),
      );
      seen.add(elementIndex(k, at)).add(elementIndex(v, at));
    }
    assert.equal(seen.size, elements);
  }));
});

Deno.test("cacheViews() divides MLA's 576 channels into 512 latent and 64 rotary ones", () => {
  const sizes = { layers: 2, blocks: 3, heads: 1, tokens: 4, channels: 576 };
  const { elements, parts: { latent, rotary } } = cacheViews("BLNHC", sizes, "mla");
  assert.equal(elements, 2 * 3 * 4 * 576);
  assert.equal(latent.sizes.channels, 512);
  assert.equal(rotary.sizes.channels, 64);
  const at = { layers: 1, blocks: 2, heads: 0, tokens: 3, channels: 63 };
  assert.equal(elementIndex(rotary, at), elements - 1);
  assert.equal(elementIndex(latent, { ...at, channels: 511 }), elements - 65);
});

Deno.test("cacheTensors() views parts of all layers or of one, and refuses tensors that are not dense", () => {
  const whole = tensor(new Uint16Array(2 * 3 * 4 * 5 * 8), { dtype: "f16", shape: [3, 2, 5, 4, 8] });
  const { k, v } = cacheTensors(whole, "BLNHC", "fused");
  const sizes = { layers: 2, blocks: 3, heads: 4, tokens: 5, channels: 8 };
  const { parts } = cacheViews("BLNHC", sizes, "fused");
  for (const [view, part] of [[k, parts.k], [v, parts.v]] as const) {
    assert.deepEqual(view.shape, CACHE_AXES.map((axis) => part.sizes[axis]));
    assert.deepEqual(view.strides, CACHE_AXES.map((axis) => part.strides[axis]));
    assert.deepEqual([view.offset, view.data, view.dtype], [part.offset, whole.data, "f16"]);
  }
  const layer = {
    ...tensor(whole.data, { dtype: "f16", shape: [3 * 2 * 5 * 4 * 8] }),
    offset: 7,
    shape: [1, 2, 3, 4],
  };
  const one = cacheTensors({ ...layer, strides: [24, 12, 4, 1] }, "HND", "separate");
  assert.deepEqual([one.k.shape, one.k.offset], [[1, 1, 2, 3, 4], 7]);
  refusedWith(
    "shape",
    () => cacheTensors({ ...layer, strides: [24, 12, 5, 1] }, "HND", "separate"),
    /not dense/,
  );
});

Deno.test("nameAxes() reads lengths in the order of memory, of all layers or of one", () => {
  assert.deepEqual(nameAxes("BHLNC", [7, 8, 32, 16, 128]), {
    layers: 32,
    blocks: 7,
    heads: 8,
    tokens: 16,
    channels: 128,
  });
  assert.deepEqual(nameAxes("NHD", [7, 16, 8, 128]), {
    layers: 1,
    blocks: 7,
    heads: 8,
    tokens: 16,
    channels: 128,
  });
  for (const shape of [[], [1, 2, 3], [1, 2, 3, 4, 5, 6]]) {
    refusedWith("shape", () => nameAxes("LBNHC", shape), /has 5 axes, or 4 for one layer/);
  }
});

Deno.test("cacheViews() refuses lengths and channels that do not fit", () => {
  const sizes = { layers: 1, blocks: 1, heads: 2, tokens: 4, channels: 8 };
  const views = (change: Partial<PerAxis>, content: "separate" | "fused" | "mla" = "separate") => () =>
    cacheViews("LBHNC", { ...sizes, ...change }, content);
  for (const axis of CACHE_AXES) {
    for (const bad of [0, -1, 1.5, NaN, Infinity, 2 ** 31]) refusedWith("size", views({ [axis]: bad }));
  }
  refusedWith("size", views({ layers: 2 ** 16, blocks: 2 ** 15 }), /number of elements/);
  refusedWith("shape", views({ channels: 7 }, "fused"), /same number of channels/);
  refusedWith("shape", views({ channels: 576 }, "mla"), /MLA has 1 head, found 2/);
  refusedWith("shape", views({ heads: 1, channels: 64 }, "mla"), /before 64 rotary channels/);
  assert.equal(views({ heads: 1, channels: 65 }, "mla")().elements, 4 * 65);
  const most = { layers: 1, blocks: 1, heads: 1, tokens: 1, channels: MAX_ELEMENTS };
  assert.equal(cacheViews("LBHNC", most, "separate").elements, MAX_ELEMENTS);
});
