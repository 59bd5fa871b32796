import assert from "node:assert/strict";
import fc from "fast-check";
import { compile } from "../../kernels/compile.ts";
import type { QuantizedCache } from "../../kernels/quantize/cache.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { Session } from "../../runtime/session.ts";
import { slice, type Tensor, tensor, zeros } from "../../serialize/tensor.ts";
import { allMethods, randomCache, referenceCache, referenceValues, reordered } from "../support/caches.ts";
import { longTest, sized } from "../support/long.ts";
import { sameTensor, test } from "./helpers.ts";
import { CORRUPTS, DOUBLES, LOSES, REVERSES, spoiledDevice } from "./spoiled_device.ts";

/** Layers, blocks, heads, tokens, channels: several packets, the last one padded, and heads that end within one. */
const SHAPE: CacheDimensions = [2, 2, 3, 32, 64];

function nameOf(method: QuantizeMethod): string {
  return Object.values(method).join(" ");
}

for (const dtype of ["bf16", "f16", "f32"] as const) {
  test(`quantize and dequantize of ${dtype} by every method equal encodeBlock() and decodeBlock()`, async () => {
    await using device = createModelDevice();
    const input = reordered(randomCache(dtype, SHAPE, 7), [1, 0, 3, 2, 4]);
    const methods = allMethods();
    const few = methods.filter((_, n) => n % 5 === 0);
    for (const method of dtype === "bf16" ? methods : sized(methods, few)) {
      const plan = compile({ steps: [{ op: "quantize", method }] }, { input, device });
      const { output: cache } = await offload(plan, input, device);
      assert.deepEqual(cache, referenceCache(method, input), nameOf(method));
      const back = compile({ steps: [{ op: "dequantize", method, dtype }] }, { input: cache, device });
      const { output } = await offload(back, cache, device);
      sameTensor(output, referenceValues(dtype, cache), nameOf(method));
    }
  });
}

test("quantize and dequantize give the reference's result for any shape, strides, payload and losses", async () => {
  const methods = allMethods(16).filter((method) => !("stored" in method) || method.stored !== "bf16");
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        method: fc.constantFrom(...methods),
        dtype: fc.constantFrom("bf16" as const, "f16" as const, "f32" as const),
        layers: fc.integer({ min: 1, max: 3 }),
        blocks: fc.integer({ min: 1, max: 3 }),
        heads: fc.integer({ min: 1, max: 3 }),
        tokens: fc.constantFrom(32, 64),
        channels: fc.constantFrom(32, 64, 128),
        order: fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
        payload: fc.integer({ min: 1100, max: 8192 }),
        checksum: fc.constantFrom("crc32c" as const, "link" as const),
        spoiler: fc.constantFrom(undefined, LOSES, DOUBLES, REVERSES, CORRUPTS),
        seed: fc.nat(),
      }),
      async ({ method, dtype, layers, blocks, heads, tokens, channels, order, payload, seed, ...more }) => {
        const { checksum, spoiler } = more;
        await using model = createModelDevice({ ...createModelDevice().profile, payload });
        const device = spoiler === undefined ? model : spoiledDevice(model, spoiler);
        const shape: CacheDimensions = [layers, blocks, heads, tokens, channels];
        const input = reordered(randomCache(dtype, shape, seed), order);
        // A link without a checksum of its own would deliver corrupt packets.
        const options = { device, checksum: spoiler === CORRUPTS ? "crc32c" as const : checksum };
        const plan = compile({ steps: [{ op: "quantize", method }] }, { input, ...options });
        const { output: cache } = await offload(plan, input, device);
        assert.deepEqual(cache, referenceCache(method, input));
        const back = compile({ steps: [{ op: "dequantize", method, dtype }] }, { input: cache, ...options });
        const into = reordered(zeros({ dtype, shape }), order.toReversed());
        const { output } = await offload(back, cache, device, { into });
        assert.equal(output, into);
        sameTensor(output, referenceValues(dtype, cache));
      },
    ),
    { numRuns: sized(60, 20) },
  );
});

test("K and V fused in one tensor are quantized from it and written back into it without a copy", async () => {
  await using device = createModelDevice();
  const fused = randomCache("bf16", [2, 2, 2, 16, 128], 3);
  const before = fused.data.slice();
  const method = { kind: "mx", format: "mxint8", axis: "tokens" } as const;
  const [k, v] = [0, 64].map((first) => slice(fused, [0, 0, 0, 0, first], [2, 2, 2, 16, 64])) as [
    Tensor<"bf16">,
    Tensor<"bf16">,
  ];
  const plan = compile({ steps: [{ op: "quantize", method }] }, { input: k, device });
  const session = await Session.open(plan, device);
  const caches: QuantizedCache[] = [];
  for (const part of [k, v]) caches.push((await session.run(part)).output);
  assert.deepEqual(caches, [k, v].map((part) => referenceCache(method, part)));
  assert.deepEqual(fused.data, before);
  const back = compile({ steps: [{ op: "dequantize", method, dtype: "bf16" }] }, {
    input: caches[0]!,
    device,
  });
  const returning = await Session.open(back, device);
  const { output } = await returning.run(caches[1]!, { into: v });
  assert.equal(output.data, fused.data);
  sameTensor(v, referenceValues("bf16", caches[1]!));
  const kept = slice(tensor(before, fused), [0, 0, 0, 0, 0], [2, 2, 2, 16, 64]);
  sameTensor(k, kept);
});

test("a head of any length is quantized by small floats under one scale, if its values fill groups of 32", async () => {
  await using device = createModelDevice();
  const method = { kind: "float", format: "e2m3", scale: "block", stored: "bf16" } as const;
  for (const shape of [[1, 1, 1, 2, 80], [3, 5, 1, 2, 80], [1, 3, 2, 1, 96]] as CacheDimensions[]) {
    const input = randomCache("f16", shape, 4);
    const plan = compile({ steps: [{ op: "quantize", method }] }, { input, device });
    assert.deepEqual((await offload(plan, input, device)).output, referenceCache(method, input));
  }
});

longTest("a cache of more than 2^20 groups has several flows, joined in order", async () => {
  await using device = createModelDevice();
  const shape: CacheDimensions = [3, 1, 1, 2 ** 17, 96];
  const count = shape.reduce((product, length) => product * length, 1);
  const input = tensor(Uint16Array.from({ length: count }, (_, n) => (n * 7919) & 0x7fff), {
    dtype: "f16",
    shape,
  });
  const method = { kind: "mx", format: "mxfp4", axis: "channels" } as const;
  const plan = compile({ steps: [{ op: "quantize", method }] }, { input, device, checksum: "link" });
  const { output, report } = await offload(plan, input, device);
  const groups = count / 32, perFlow = Math.floor(2 ** 20 / 20) * 20;
  assert.equal(report.sent, perFlow / 20 + Math.ceil((groups - perFlow) / 20));
  // The groups around the seam, by themselves.
  const seam = perFlow * 32 - 64;
  const part = tensor(input.data.slice(seam, seam + 128), { dtype: "f16", shape: [1, 1, 1, 4, 32] });
  const expected = referenceCache(method, part);
  assert.deepEqual(output.codes.subarray(seam / 2, seam / 2 + 64), expected.codes);
  assert.deepEqual(output.metadata.subarray(seam / 32, seam / 32 + 4), expected.metadata);
});

test("quantize takes calibrated scales of heads and channels, in place of those of the values", async () => {
  await using device = createModelDevice();
  const input = randomCache("bf16", SHAPE, 5);
  for (const scale of ["block", "channel"] as const) {
    const method = { kind: "float", format: "e4m3fn", scale, stored: "bf16" } as const;
    const plan = compile({ steps: [{ op: "quantize", method }] }, { input, device });
    const session = await Session.open(plan, device);
    const own = (await session.run(input)).output;
    const words = new Uint16Array(own.metadata.buffer);
    const scales = Float32Array.from(
      words,
      (bits) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!,
    );
    assert.deepEqual((await session.run(input, { scales })).output, own);
    const doubled = scales.map((value) => 2 * value);
    const half = { ...input, data: input.data.map((bits) => (bits & 0x7fff) < 0x100 ? bits : bits - 0x80) };
    const other = (await session.run(input, { scales: doubled })).output;
    assert.deepEqual(other.codes, (await session.run(half, { scales })).output.codes);
    assert.notDeepEqual(other.metadata, own.metadata);
  }
});
