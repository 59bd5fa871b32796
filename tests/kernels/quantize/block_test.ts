import assert from "node:assert/strict";
import { decodeBlock, encodeBlock, type EncodedBlock } from "../../../kernels/quantize/block.ts";
import { fromGroupMajor, toGroupMajor } from "../../../kernels/quantize/formats/group_order.ts";
import { absmaxScales, asymmetricScales } from "../../../kernels/quantize/formats/group_scales.ts";
import { INTEGERS } from "../../../kernels/quantize/formats/integer_format.ts";
import { blockBytes, type QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { decodeMx, encodeMx, MX_FORMATS } from "../../../kernels/quantize/formats/mx.ts";
import { encodeScaledFloats, encodeScaledIntegers } from "../../../kernels/quantize/formats/scaled.ts";
import { SMALL_FLOATS } from "../../../kernels/quantize/formats/small_float.ts";
import { random } from "../../support/random.ts";
import { refusedWith } from "./refused.ts";

const SHAPE = { tokens: 64, channels: 64 };
const COUNT = SHAPE.tokens * SHAPE.channels;

const SCALED: QuantizeMethod[] = [
  { kind: "float", format: "e4m3fn", scale: "block", stored: "f16" },
  { kind: "absmax", bits: 4, axis: "channels", group: 32, stored: "f16" },
  { kind: "asymmetric", bits: 8, axis: "tokens", group: 16, stored: "f32" },
  { kind: "kivi", bits: 2, axis: "tokens", stored: "bf16" },
  { kind: "rotated", bits: 3, stored: "f16" },
];
const METHODS: QuantizeMethod[] = [
  ...SCALED,
  { kind: "float", format: "e5m2", scale: "one", stored: "f32" },
  { kind: "mx", format: "mxfp4", axis: "channels" },
];

/** Greatest errors of values from -2 to 2: half a step, and what saturates of MXFP4 (2 to 1.5). */
const BOUNDS = [16 * 2 / 448, 1 / 7, 2 / 255, 2 / 3 + 1 / 64, 1.2, 1 / 8, 1 / 2];

function emptyBlock(method: QuantizeMethod): EncodedBlock {
  const { codes, metadata } = blockBytes(method, SHAPE);
  return { codes: new Uint8Array(codes).fill(0xa5), metadata: new Uint8Array(metadata).fill(0xa5) };
}

function isUntouched({ codes, metadata }: EncodedBlock): boolean {
  return [...codes, ...metadata].every((byte) => byte === 0xa5);
}

Deno.test("blockBytes() counts a 128-wide head as docs/kv_cache.md does", () => {
  const perToken = (method: QuantizeMethod) => {
    const { codes, metadata } = blockBytes(method, { tokens: 1024, channels: 128 });
    return (codes + metadata) / 1024;
  };
  const group = { axis: "channels", stored: "f16" } as const;
  assert.equal(perToken({ kind: "float", format: "e2m3", scale: "one", stored: "f16" }), 96);
  assert.equal(perToken({ kind: "float", format: "e5m2", scale: "block", stored: "f16" }), 128 + 2 / 1024);
  assert.equal(
    perToken({ kind: "float", format: "e2m1", scale: "channel", stored: "f16" }),
    64 + 2 * 128 / 1024,
  );
  assert.equal(perToken({ kind: "absmax", bits: 8, group: 128, ...group }), 130);
  assert.equal(perToken({ kind: "absmax", bits: 4, group: 32, ...group }), 72);
  assert.equal(perToken({ kind: "asymmetric", bits: 8, group: 128, ...group }), 131);
  assert.equal(perToken({ kind: "asymmetric", bits: 4, group: 32, ...group }), 76);
  assert.equal(perToken({ kind: "mx", format: "mxfp8_e4m3", axis: "tokens" }), 132);
  assert.equal(perToken({ kind: "mx", format: "mxfp6_e3m2", axis: "tokens" }), 100);
  assert.equal(perToken({ kind: "mx", format: "mxfp4", axis: "tokens" }), 68);
  assert.equal(perToken({ kind: "kivi", bits: 4, ...group }), 80);
  assert.equal(perToken({ kind: "kivi", bits: 2, ...group }), 48);
  assert.deepEqual(
    [4, 3, 2].map((bits) => perToken({ kind: "rotated", bits: bits as 2 | 3 | 4, stored: "f16" })),
    [
      66,
      50,
      34,
    ],
  );
});

Deno.test("toGroupMajor() makes 32 tokens x 16 channels of K one run, and fromGroupMajor() undoes it", () => {
  const shape = { tokens: 96, channels: 128 }, count = shape.tokens * shape.channels;
  const values = Float32Array.from({ length: count }, (_, i) => i),
    grouped = values.slice(),
    back = values.slice();
  toGroupMajor(values, shape, "tokens", 32, grouped);
  const run = grouped.slice(32 * 128 + 16 * 32, 32 * 128 + 32 * 32);
  const expected = Float32Array.from(run, (_, i) => (32 + i % 32) * 128 + 16 + Math.floor(i / 32));
  assert.deepEqual(run, expected);
  fromGroupMajor(grouped, shape, "tokens", 32, back.fill(0));
  assert.deepEqual(back, values);
  refusedWith("shape", () => toGroupMajor(values, shape, "tokens", 64, grouped), /groups of 64/);
  refusedWith("shape", () => fromGroupMajor(values, shape, "channels", 48, grouped), /groups of 48/);
  refusedWith("shape", () => toGroupMajor(values, shape, "tokens", 32, grouped.subarray(1)));
  const short = values.subarray(32 * 128);
  refusedWith("shape", () => toGroupMajor(short, shape, "tokens", 32, short.slice()), /values have length/);
});

for (const [method, bound] of METHODS.map((method, i) => [method, BOUNDS[i]!] as const)) {
  const name = `${method.kind}${"format" in method ? ` ${method.format}` : ""}`;

  Deno.test(`decodeBlock() gives values back within the step of ${name}`, () => {
    const next = random(5), values = Float32Array.from({ length: COUNT }, () => next() / 2 ** 30 - 2);
    const block = emptyBlock(method), decoded = values.slice();
    encodeBlock(method, values, SHAPE, block);
    decodeBlock(method, block, SHAPE, decoded);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - decoded[i]!)), 0);
    assert(worst > bound / 2 && worst <= bound, `greatest error ${worst}, expected at most ${bound}`);
  });

  Deno.test(`encodeBlock() and decodeBlock() refuse wrong lengths and shapes of ${name}`, () => {
    const block = emptyBlock(method), values = new Float32Array(COUNT);
    const { codes, metadata } = block;
    refusedWith("shape", () => encodeBlock(method, values.subarray(1), SHAPE, block));
    refusedWith("shape", () => encodeBlock(method, values, SHAPE, { codes: codes.subarray(1), metadata }));
    refusedWith("shape", () => encodeBlock(method, values, SHAPE, { codes, metadata: new Uint8Array(5) }));
    refusedWith("shape", () => decodeBlock(method, block, SHAPE, values.subarray(1)));
    refusedWith("shape", () => decodeBlock(method, { codes: codes.subarray(1), metadata }, SHAPE, values));
    if (method.kind !== "float") refusedWith("shape", () => blockBytes(method, { tokens: 7, channels: 7 }));
    assert(isUntouched(block));
    assert(values.every((value) => value === 0));
  });
}

for (const method of SCALED) {
  Deno.test(`encodeBlock() refuses NaN and infinity for ${method.kind}, and writes nothing`, () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const block = emptyBlock(method), values = new Float32Array(COUNT).fill(1);
      values[COUNT - 1] = bad;
      refusedWith("size", () => encodeBlock(method, values, SHAPE, block), /is (NaN|-?Infinity)/);
      assert(isUntouched(block));
    }
  });

  Deno.test(`decodeBlock() refuses a NaN in the metadata of ${method.kind}, and writes nothing`, () => {
    const block = emptyBlock(method), values = new Float32Array(COUNT);
    block.metadata.fill(0xff, 0, 4);
    refusedWith("size", () => decodeBlock(method, block, SHAPE, values), /is NaN/);
    assert(values.every((value) => value === 0));
  });

  Deno.test(`encodeBlock() keeps zeros and the least values of ${method.kind}`, () => {
    const block = emptyBlock(method),
      values = new Float32Array(COUNT),
      decoded = new Float32Array(COUNT).fill(7);
    encodeBlock(method, values, SHAPE, block);
    decodeBlock(method, block, SHAPE, decoded);
    assert(decoded.every((value) => value === 0));
    encodeBlock(method, values.fill(2 ** -149), SHAPE, block);
    decodeBlock(method, block, SHAPE, decoded);
    assert(decoded.every((value) => Math.abs(value) < 2 ** -20), "tiny values stay tiny");
  });
}

Deno.test("encodeMx() makes a block with NaN or infinity NaN, and no other", () => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    const values = new Float32Array(96).fill(1.5), decoded = values.slice();
    values[40] = bad;
    const method = { kind: "mx", format: "mxint8", axis: "channels" } as const,
      shape = { tokens: 1, channels: 96 };
    const block = { codes: new Uint8Array(96), metadata: new Uint8Array(3) };
    assert.equal(encodeBlock(method, values, shape, block), 0);
    assert.deepEqual([...block.metadata], [127, 255, 127]);
    decodeBlock(method, block, shape, decoded);
    decoded.forEach((value, i) => assert.equal(value, i >= 32 && i < 64 ? NaN : 1.5));
  }
  refusedWith(
    "shape",
    () => encodeMx(MX_FORMATS.mxfp4, new Float32Array(33), new Uint8Array(33), new Uint8Array(1)),
  );
  refusedWith(
    "shape",
    () => encodeMx(MX_FORMATS.mxfp4, new Float32Array(64), new Uint8Array(64), new Uint8Array(1)),
  );
});

Deno.test("decodeMx() reads -128 of MXINT8 as -2, and encodeMx() does not write it", () => {
  const codes = new Uint8Array(32).fill(0x80), values = new Float32Array(32);
  decodeMx(MX_FORMATS.mxint8, codes, Uint8Array.of(128), values);
  assert(values.every((value) => value === -4));
  encodeMx(MX_FORMATS.mxint8, values.fill(-1.999), codes, new Uint8Array(1));
  assert(codes.every((code) => code === 0x81));
});

Deno.test("encodeMx() clamps the shared exponent at both ends", () => {
  const scales = new Uint8Array(3), values = new Float32Array(96), codes = new Uint8Array(96);
  values[0] = 2 ** -149;
  values[32] = Math.fround(3.4e38);
  encodeMx(MX_FORMATS.mxfp8_e4m3, values, codes, scales);
  assert.deepEqual([...scales], [0, 127 + 127 - 8, 0]);
  encodeMx(MX_FORMATS.mxint8, values, codes, scales);
  assert.deepEqual([...scales], [0, 254, 0]);
});

Deno.test("scales and zero points that no division allows are refused before anything is written", () => {
  const values = new Float32Array(8).fill(1), codes = new Uint8Array(8).fill(9);
  for (const bad of [0, -1, NaN, Infinity]) {
    const map = { run: 4, scales: Float32Array.of(1, bad) };
    refusedWith("size", () => encodeScaledFloats(SMALL_FLOATS.e4m3fn, values, map, codes), /scale 1 is/);
    refusedWith("size", () => encodeScaledIntegers(INTEGERS.int8, values, map, codes), /scale 1 is/);
  }
  for (const [run, count] of [[3, 1], [0, 1], [4, 3], [0.5, 1], [-4, 1], [4, 0]] as const) {
    const map = { run, scales: new Float32Array(count).fill(1) };
    refusedWith("shape", () => encodeScaledFloats(SMALL_FLOATS.e4m3fn, values, map, codes));
  }
  const ten = new Float32Array(10), half = { run: 2.5, scales: Float32Array.of(1) };
  refusedWith("shape", () => encodeScaledFloats(SMALL_FLOATS.e4m3fn, ten, half, new Uint8Array(10)));
  const scales = Float32Array.of(1, 1);
  for (const zeros of [Int16Array.of(0), Int16Array.of(0, 8), Int16Array.of(-9, 0)]) {
    refusedWith(
      "size",
      () => encodeScaledIntegers(INTEGERS.int4, values, { run: 4, scales, zeros }, codes),
      /zero/,
    );
  }
  assert(codes.every((code) => code === 9));
  encodeScaledIntegers(INTEGERS.int4, values, { run: 4, scales, zeros: Int16Array.of(-8, 7) }, codes);
  assert.deepEqual([...codes], [9, 9, 9, 9, 7, 7, 7, 7]);
  refusedWith("shape", () => absmaxScales(values, 3, 127, "f32", scales));
  refusedWith("shape", () => asymmetricScales(INTEGERS.uint8, values, 4, "f32", scales, new Int16Array(3)));
});
