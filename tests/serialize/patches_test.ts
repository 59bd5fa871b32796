import assert from "node:assert/strict";
import fc from "fast-check";
import { PATCH_ORDERS, patchify, type PatchLayout, unpatchify } from "../../serialize/patches.ts";
import { slice, type Tensor, tensor, toDense, toLayout, zeros } from "../../serialize/tensor.ts";

/** Image of `[rows, columns, channels]` with distinct values. */
function image(height: number, width: number, channels: number): Tensor {
  const values = Float32Array.from({ length: height * width * channels }, (_, at) => at + 1);
  return tensor(values, { dtype: "f32", shape: [height, width, channels], layout: "HWC" });
}

/**
 * Transcription of NumPy's reshape and transpose: axes are lengths of the reshaped image and its strides, in the order
 * of the result.
 */
function transposed(source: Tensor, layout: PatchLayout): number[] {
  const { order, patch: p, temporal: t = 1, merge: m = 1 } = layout;
  const [height, width, channels] = source.shape as [number, number, number];
  const [row, column, channel] = source.strides as [number, number, number];
  const axes: Record<string, [length: number, stride: number]> = {
    h: [height / p / m, row * p * m],
    w: [width / p / m, column * p * m],
    m: [m, row * p],
    n: [m, column * p],
    p: [p, row],
    q: [p, column],
    c: [channels, channel],
    t: [t, 0],
  };
  const names = { vit: "hwpqc", navit: "hwcpq", qwen2_vl: "hwmnctpq" }[order];
  let places = [source.offset];
  for (const name of names) {
    const [length, stride] = axes[name]!;
    places = places.flatMap((place) => Array.from({ length }, (_, at) => place + at * stride));
  }
  return places.map((place) => source.data[place]!);
}

const layouts = fc.record({
  order: fc.constantFrom(...PATCH_ORDERS),
  patch: fc.integer({ min: 1, max: 5 }),
  temporal: fc.integer({ min: 1, max: 3 }),
  merge: fc.integer({ min: 1, max: 3 }),
}).map(({ order, patch, ...rest }): PatchLayout =>
  order === "qwen2_vl" ? { order, patch, ...rest } : { order, patch }
);

const cases = fc.record({
  layout: layouts,
  rows: fc.integer({ min: 1, max: 4 }),
  columns: fc.integer({ min: 1, max: 4 }),
  channels: fc.constantFrom(1, 3, 4),
  planar: fc.boolean(),
  padded: fc.boolean(),
});

/** Image of a case in its strides: planar, or a window of a larger image. */
function imageOf(
  { layout, rows, columns, channels, planar, padded }: {
    layout: PatchLayout;
    rows: number;
    columns: number;
    channels: number;
    planar: boolean;
    padded: boolean;
  },
): Tensor {
  const step = layout.patch * (layout.merge ?? 1);
  const [height, width] = [rows * step, columns * step];
  const whole = padded
    ? slice(image(height + 3, width + 2, channels), [1, 2, 0], [height, width, channels])
    : image(height, width, channels);
  return planar ? toLayout(toDense(toLayout(whole, "CHW")), "HWC") : whole;
}

Deno.test("patchify() equals NumPy's reshape and transpose for all orders and strides", () => {
  fc.assert(fc.property(cases, (each) => {
    const source = imageOf(each);
    const { shape, data } = patchify(source, each.layout);
    const expected = transposed(source, each.layout);
    assert.deepEqual([...data], expected);
    assert.equal(shape[0]! * shape[1]!, expected.length);
    assert.deepEqual(patchify(toLayout(source, "CHW"), each.layout).data, data, "in another layout");
  }));
});

Deno.test("unpatchify() undoes patchify() for all orders and strides", () => {
  fc.assert(fc.property(cases, (each) => {
    const source = imageOf(each);
    const layout = each.planar ? "CHW" : "HWC";
    const { shape } = toLayout(source, layout);
    const back = unpatchify(
      patchify(source, each.layout),
      each.layout,
      zeros({ dtype: "f32", shape, layout }),
    );
    assert.deepEqual(toDense(toLayout(back, "HWC")).data, toDense(source).data);
  }));
});

Deno.test("patchify() writes into preallocated memory and nowhere else", () => {
  const layout = { order: "navit", patch: 2 } as const;
  const target = new Float32Array(20).fill(-1);
  const { data, offset, shape, strides } = patchify(image(2, 4, 1), layout, target, 5);
  assert.equal(data, target);
  assert.deepEqual([offset, shape, strides], [5, [2, 4], [4, 1]]);
  assert.deepEqual([...target], [-1, -1, -1, -1, -1, 1, 2, 5, 6, 3, 4, 7, 8, -1, -1, -1, -1, -1, -1, -1]);
});

Deno.test("patchify() and unpatchify() refuse what does not fit", () => {
  const source = image(4, 6, 1);
  const layout = { order: "vit", patch: 2 } as const;
  const bad: [unknown, RegExp][] = [
    [{ order: "vit", patch: 4 }, /multiples of 4/],
    [{ order: "vit", patch: 5 }, /multiples of 5/],
    [{ order: "qwen2_vl", patch: 2, merge: 3 }, /multiples of 6/],
    [{ order: "vit", patch: 0 }, /expected one of vit, navit, qwen2_vl/],
    [{ order: "vit", patch: 1.5 }, /expected one of/],
    [{ order: "vit", patch: 2, merge: 2 }, /the last two 1 except for qwen2_vl/],
    [{ order: "navit", patch: 2, temporal: 2 }, /the last two 1/],
    [{ order: "swin", patch: 2 }, /order swin/],
    [{ order: "qwen2_vl", patch: 2, temporal: 70_000 }, /70000 times/],
    [null, /order undefined/],
  ];
  for (const [each, message] of bad) {
    assert.throws(() => patchify(source, each as PatchLayout), { code: "shape", message });
  }
  const two = tensor(new Uint8Array(24), { dtype: "u8", shape: [2, 2, 2, 3], layout: "NHWC" });
  assert.throws(() => patchify(two, layout), { code: "shape", message: /2 image/ });
  for (const at of [-1, 1, 0.5, NaN]) {
    assert.throws(() => patchify(source, layout, new Float32Array(24), at), {
      code: "shape",
      message: /24 values/,
    });
  }
  assert.throws(() => patchify(source, layout, new Uint8Array(24)), { code: "dtype" });
  assert.throws(() => patchify(source, layout, null as never), { code: "dtype" });
  const patches = patchify(source, layout);
  assert.throws(() => unpatchify(patches, layout, image(4, 8, 1)), {
    code: "shape",
    message: /expected \[8, 4\]/,
  });
  assert.throws(() => unpatchify({ ...patches, shape: [24] }, layout, source), { code: "shape" });
  assert.throws(() => unpatchify({ ...patches, offset: 1 }, layout, source), { code: "shape" });
  const bytes = tensor(new Uint8Array(24), { dtype: "u8", shape: [4, 6, 1], layout: "HWC" });
  assert.throws(() => unpatchify(patches, layout, bytes), { code: "dtype" });
});
