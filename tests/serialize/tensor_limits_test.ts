import assert from "node:assert/strict";
import {
  checkElements,
  DTYPE_BYTES,
  DTYPES,
  fromBFloat16Bits,
  fromFloat16Bits,
  toBFloat16Bits,
  toFloat16Bits,
  viewElements,
} from "../../serialize/dtype.ts";
import { imageAxes } from "../../serialize/image_axes.ts";
import {
  checkAxes,
  countElements,
  denseStrides,
  isDense,
  MAX_ELEMENTS,
  slice,
  type Tensor,
  tensor,
  toBytes,
  toDense,
  toLayout,
  toNumbers,
  zeros,
} from "../../serialize/tensor.ts";
import { refusal } from "../support/failure.ts";

const counting = (length: number) => Uint8Array.from({ length }, (_, at) => at);
const cube = () => tensor(counting(24), { dtype: "u8", shape: [2, 3, 4], layout: "HWC" });

Deno.test("countElements() accepts up to 2^31 - 1 elements, and 0 along an axis", () => {
  assert.equal(countElements([]), 1);
  assert.equal(countElements([3, 0, 5]), 0);
  assert.equal(countElements([MAX_ELEMENTS]), 2 ** 31 - 1);
  assert.equal(countElements([1, MAX_ELEMENTS, 1]), MAX_ELEMENTS);
  assert.throws(() => countElements([2 ** 16, 2 ** 15]), refusal("size", /maximum of 2147483647/));
  for (const length of [-1, 2 ** 31, 1.5]) {
    assert.throws(() => countElements([1, length]), refusal("size", /axis 1 of shape/));
  }
});

Deno.test("tensor() holds as many elements as its shape, of its dtype, in named axes", () => {
  assert.deepEqual(denseStrides([2, 3, 4]), [12, 4, 1]);
  assert.deepEqual(cube().strides, [12, 4, 1]);
  for (const length of [23, 25]) {
    assert.throws(
      () => tensor(counting(length), { dtype: "u8", shape: [2, 3, 4] }),
      refusal("shape", /needs 24 elements/),
    );
  }
  assert.throws(() => tensor(new Int8Array(1), { dtype: "u8", shape: [1] }), refusal("dtype"));
  for (const shape of [[2, 12], [1, 2, 3, 4]]) {
    assert.throws(
      () => tensor(counting(24), { dtype: "u8", shape, layout: "HWC" }),
      refusal("shape", /as HWC/),
    );
    assert.throws(() => checkAxes(shape, "CHW"), refusal("shape", /CHW has 3/));
  }
  assert.equal("layout" in tensor(counting(1), { dtype: "u8", shape: [1] }), false);
  assert.equal(cube().layout, "HWC");
  const clamped = new Uint8ClampedArray(new ArrayBuffer(8), 2, 3).fill(7);
  const { data } = tensor(clamped, { dtype: "u8", shape: [3] });
  assert(data instanceof Uint8Array && data.buffer === clamped.buffer && data.byteOffset === 2);
});

Deno.test("zeros() and viewElements() have the array of each dtype", () => {
  const names = ["Uint8", "Int8", "Uint16", "Uint16", "Float32", "Int32", "Uint32", "Uint16"];
  DTYPES.forEach((dtype, at) => {
    const { data } = zeros({ dtype, shape: [2, 3] });
    assert.equal(data.constructor.name, `${names[at]}Array`);
    assert.deepEqual([data.length, data.byteLength], [6, 6 * DTYPE_BYTES[dtype]]);
    assert(data.every((value) => value === 0));
    checkElements(dtype, data);
    const part = viewElements(dtype, new ArrayBuffer(64), 8, 3);
    assert.deepEqual([part.byteOffset, part.length], [8, 3]);
  });
  assert.throws(() => checkElements("i8", new Uint8ClampedArray(1)), refusal("dtype", /Uint8ClampedArray/));
  assert.throws(() => checkElements("f32", new Uint8Array(1)), refusal("dtype", /a Float32Array/));
  checkElements("u8", new Uint8ClampedArray(1));
  // A subclass, such as a Buffer, is an array of bytes.
  checkElements("u8", new (class Buffer extends Uint8Array {})(1));
});

Deno.test("toLayout() reorders axes, adds and drops a batch of one, and refuses one of more", () => {
  const planar = toLayout(cube(), "NCHW");
  assert.deepEqual([planar.shape, planar.strides], [[1, 4, 2, 3], [0, 1, 12, 4]]);
  assert.deepEqual(toLayout(planar, "HWC").strides, [12, 4, 1]);
  const batch = tensor(counting(24), { dtype: "u8", shape: [2, 3, 4, 1], layout: "NHWC" });
  assert.throws(() => toLayout(batch, "CHW"), refusal("shape", /it holds 2 images/));
  assert.deepEqual(toLayout(batch, "NCHW").shape, [2, 1, 3, 4]);
  const { layout: _, ...bare } = cube();
  assert.throws(() => toLayout(bare, "HWC"), refusal("shape", /layout is missing/));
  assert.deepEqual(imageAxes(cube()), {
    images: 1,
    height: 2,
    width: 3,
    channels: 4,
    imageStride: 0,
    rowStride: 12,
    columnStride: 4,
    channelStride: 1,
  });
});

Deno.test("slice() takes windows inside the shape, to its last element, and no others", () => {
  const source = cube();
  const part = slice(source, [1, 1, 2], [1, 2, 2]);
  assert.deepEqual([part.offset, part.shape, part.layout], [18, [1, 2, 2], "HWC"]);
  assert.deepEqual([...toNumbers(part)], [18, 19, 22, 23]);
  assert.equal(slice(part, [0, 1, 1], [1, 1, 1]).offset, 23);
  slice(source, [0, 0, 0], [2, 3, 4]);
  slice(source, [2, 3, 4], [0, 0, 0]);
  const outside = [
    [[0, 0, 0], [3, 3, 4]],
    [[1, 0, 0], [2, 3, 4]],
    [[-1, 0, 0], [1, 1, 1]],
    [[1, 0, 0], [-1, 1, 1]],
    [[0.5, 0, 0], [1, 1, 1]],
    [[0, 0, 0], [1, 0.5, 1]],
    [[0, 0], [1, 1, 1]],
    [[0, 0, 0], [1, 1]],
    [[0, 0, 0, 0], [1, 1, 1]],
    [[0, 0, 0], [1, 1, 1, 1]],
  ] as const;
  for (const [starts, lengths] of outside) {
    assert.throws(() => slice(source, starts, lengths), refusal("shape", /does not lie inside/));
  }
});

Deno.test("isDense() ignores axes of length 1, and no others", () => {
  const source = cube();
  assert(isDense(source) && isDense(slice(source, [1, 0, 0], [1, 3, 4])));
  assert(isDense(slice(source, [0, 1, 0], [1, 1, 4])));
  assert(!isDense(slice(source, [0, 0, 0], [2, 2, 4])) && !isDense(slice(source, [0, 0, 0], [1, 2, 3])));
  assert(!isDense(toLayout(source, "CHW")));
});

Deno.test("toDense() gives a dense tensor back, and copies any other", () => {
  const source = cube();
  assert.equal(toDense(source), source);
  const parts: [Tensor, number[]][] = [
    [slice(source, [1, 0, 0], [1, 1, 3]), [12, 13, 14]],
    [slice(source, [0, 0, 0], [1, 1, 3]), [0, 1, 2]],
    [slice(source, [0, 1, 1], [2, 2, 2]), [5, 6, 9, 10, 17, 18, 21, 22]],
  ];
  for (const [part, expected] of parts) {
    const dense = toDense(part);
    assert.deepEqual([...dense.data], expected);
    assert.deepEqual([dense.offset, dense.shape, dense.layout], [0, part.shape, "HWC"]);
  }
  assert.deepEqual([...toDense(toLayout(slice(source, [0, 0, 0], [1, 2, 2]), "CHW")).data], [0, 4, 1, 5]);
});

Deno.test("toBytes() views the bytes of a dense window and refuses any other", () => {
  const words = tensor(Uint32Array.of(1, 2, 3, 4, 5, 6), { dtype: "u32", shape: [3, 2] });
  const part = slice(words, [1, 0], [2, 2]);
  const bytes = toBytes(part);
  assert.deepEqual([bytes.byteOffset, bytes.length, bytes[0]], [8, 16, 3]);
  assert.throws(() => toBytes(slice(words, [0, 0], [2, 1])), refusal("shape", /are not dense/));
});

Deno.test("toNumbers() converts halves and takes other elements as they are", () => {
  const halves = [0x3c00, 0xc000, 0x7bff];
  const numbers = (
    dtype: "f16" | "bf16",
  ) => [...toNumbers(tensor(Uint16Array.from(halves), { dtype, shape: [3] }))];
  assert.deepEqual(numbers("f16"), [1, -2, 65504]);
  assert.deepEqual(numbers("bf16"), halves.map(fromBFloat16Bits));
  assert.deepEqual([...toNumbers(tensor(Int8Array.of(-3), { dtype: "i8", shape: [1] }))], [-3]);
  assert.deepEqual([...toNumbers(tensor(new Float32Array(0), { dtype: "f32", shape: [0] }))], []);
});

Deno.test("halves keep signs, subnormals, infinities and NaN", () => {
  assert.deepEqual([0x8000, 0x0001, 0x03ff, 0x0400, 0x7c00, 0xfc00].map(fromFloat16Bits), [
    -0,
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
    Infinity,
    -Infinity,
  ]);
  assert.deepEqual([0x7c01, 0xfe00, 0x7fff].map(fromFloat16Bits), [NaN, NaN, NaN]);
  assert.deepEqual([NaN, -Infinity, -0, 2 ** -25, 2 ** -24, 2 ** -14].map(toFloat16Bits), [
    0x7e00,
    0xfc00,
    0x8000,
    0,
    1,
    0x400,
  ]);
  const pattern = new DataView(new ArrayBuffer(4));
  const float = (bits: number) => (pattern.setUint32(0, bits), pattern.getFloat32(0));
  // The smallest NaN is next to infinity, and a NaN keeps its sign in binary16.
  assert.deepEqual([float(0x7f80_0001), float(0xff80_0001)].map((value) => toFloat16Bits(value) & 0x7fff), [
    0x7e00,
    0x7e00,
  ]);
  assert.deepEqual([float(0x7f80_0000), float(0x7f7f_ffff)].map(toFloat16Bits), [0x7c00, 0x7c00]);
  assert.deepEqual([NaN, Infinity, float(0x7f7f_ffff), -0].map(toBFloat16Bits), [
    0x7fc0,
    0x7f80,
    0x7f80,
    0x8000,
  ]);
});
