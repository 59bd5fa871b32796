import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import { decodePlan, encodePlan } from "../../kernels/plan/file.ts";
import { reservePlanSlots } from "../../kernels/plan/slots.ts";
import type { FloatDType } from "../../kernels/quantize/formats/elements.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import { createCacheModel } from "../../kernels/quantize/model/model.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import type { DequantizePlan, QuantizePlan } from "../../kernels/quantize/plan.ts";
import { createModelDevice, MODEL_PROFILE } from "../../runtime/device/model.ts";
import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { Session } from "../../runtime/session.ts";
import { createEngine } from "../../serialize/engine.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader } from "../../serialize/header.ts";
import { packetBytes, reserveSlots, writePacket } from "../../serialize/packets.ts";
import { type Tensor, zeros } from "../../serialize/tensor.ts";
import { randomCache, referenceCache } from "../support/caches.ts";
import { refusal } from "../support/failure.ts";
import { test } from "./helpers.ts";
import { changed, forged, type Path } from "./plan_samples.ts";

const SHAPE: CacheDimensions = [2, 2, 3, 16, 64];
const INT4 = { kind: "absmax", bits: 4, axis: "channels", group: 32, stored: "f16" } as const;
const KIVI = { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" } as const;
const FP8 = { kind: "float", format: "e4m3fn", scale: "block", stored: "f16" } as const;
const ROTATED = { kind: "rotated", bits: 3, stored: "f16" } as const;
const MX = { kind: "mx", format: "mxfp4", axis: "channels" } as const;

function quantizePlan(method: QuantizeMethod, shape = SHAPE, dtype: FloatDType = "bf16"): QuantizePlan {
  return compile({ steps: [{ op: "quantize", method }] }, { input: { dtype, shape }, device: MODEL_PROFILE });
}

function dequantizePlan(method: QuantizeMethod, shape = SHAPE, dtype: FloatDType = "bf16"): DequantizePlan {
  return compile({ steps: [{ op: "dequantize", method, dtype }] }, {
    input: { shape },
    device: MODEL_PROFILE,
  });
}

test("compile() refuses groups that do not divide their axis, and those that a packet does not hold", () => {
  const refuses = (
    method: object,
    shape: readonly number[],
    code: "shape" | "size" | "pipeline" | "dtype",
    message: RegExp,
  ) => {
    for (const steps of [[{ op: "quantize", method }], [{ op: "dequantize", method, dtype: "bf16" }]]) {
      const options = { input: { dtype: "bf16", shape }, device: MODEL_PROFILE };
      assert.throws(() => compile({ steps } as never, options as never), refusal(code, message));
    }
  };
  refuses({ ...INT4, group: 48 }, SHAPE, "shape", /groups of 48 do not divide the channels/);
  refuses(KIVI, [1, 1, 1, 16, 64], "shape", /groups of 32 do not divide the tokens/);
  refuses({ ...FP8, scale: "channel" }, [1, 1, 1, 16, 64], "shape", /groups of 32 do not divide the tokens/);
  refuses(FP8, [1, 1, 1, 1, 16], "shape", /groups of 32 do not divide/);
  refuses(ROTATED, [1, 1, 1, 16, 96], "shape", /power of two/);
  refuses(ROTATED, [1, 1, 1, 16, 8], "shape", /groups of 8 values into packets: expected a multiple of 16/);
  refuses(ROTATED, [1, 1, 1, 16, 1024], "size", /exceed a payload of 1344 bytes/);
  refuses(INT4, [1, 1, 16, 64], "shape", /expected \[layers, blocks, heads, tokens, channels\]/);
  refuses(INT4, [1, 1, 1, 0, 64], "size", /axis of 0/);
  refuses(INT4, [1, 1, 1, 1.5, 64], "size", /axis of 1\.5/);
  refuses(INT4, [2 ** 20, 2 ** 20, 1, 32, 32], "size", /elements exceed/);
  for (
    const wrong of [
      { kind: "other" },
      { ...INT4, bits: 5 },
      { ...INT4, group: 8 },
      { ...INT4, group: 512 },
      { ...INT4, stored: "f64" },
      { ...INT4, axis: "heads" },
      { ...KIVI, bits: 3 },
      { ...KIVI, more: 1 },
      { ...MX, format: "mxfp3" },
      { ...FP8, scale: "layer" },
      { ...FP8, format: "e4m3" },
      { ...ROTATED, bits: 8 },
    ]
  ) refuses(wrong, SHAPE, "pipeline", /method/);
});

test("compile() refuses several steps, another type, no input, no device, and a cache above 2^31 elements", () => {
  const step = { op: "quantize", method: INT4 } as const;
  const options = { input: { dtype: "bf16", shape: SHAPE }, device: MODEL_PROFILE } as const;
  const refuses = (
    steps: readonly object[],
    changes: object,
    code: Parameters<typeof refusal>[0],
    message: RegExp,
  ) =>
    assert.throws(
      () => compile({ steps } as never, { ...options, ...changes } as never),
      refusal(code, message),
    );
  refuses([step, step], {}, "pipeline", /2 steps .* K and V have a plan each/);
  refuses([step, { op: "dequantize", method: INT4, dtype: "f16" }], {}, "pipeline", /different workloads/);
  refuses([{ op: "dequantize", method: INT4, dtype: "u8" }], {}, "pipeline", /dtype/);
  refuses([{ op: "dequantize", method: INT4 }], {}, "pipeline", /dtype/);
  refuses([step], { input: { dtype: "u8", shape: SHAPE } }, "dtype", /of u8: expected bf16, f16 or f32/);
  refuses([step], { input: undefined }, "dtype", /no type/);
  refuses([step], { input: { dtype: "f16" } }, "shape", /undefined/);
  refuses([step], { device: undefined }, "device", /expected a device/);
  refuses([step], { checksum: "none" }, "pipeline", /checksum/);
  refuses([step], { input: { dtype: "f16", shape: [64, 1024, 16, 16, 128] } }, "size", /2147483648 elements/);
});

test("Session.run() names the layer, head, token and channel of NaN and infinities where scales need values", async () => {
  await using device = createModelDevice();
  for (const dtype of ["bf16", "f16", "f32"] as const) {
    for (
      const method of [
        INT4,
        { ...INT4, kind: "asymmetric" } as const,
        KIVI,
        FP8,
        { ...FP8, scale: "channel" } as const,
        ROTATED,
      ]
    ) {
      const plan = quantizePlan(method, SHAPE, dtype);
      const session = await Session.open(plan, device);
      const input = randomCache(dtype, SHAPE, 1);
      const infinity = { bf16: 0x7f80, f16: 0x7c00, f32: Infinity }[dtype];
      const nan = { bf16: 0xffff, f16: 0xfe00, f32: NaN }[dtype];
      for (const [wrong, name] of [[infinity, "Infinity"], [nan, "NaN"]] as const) {
        // Layer 1, block 1, head 2, token 3 of the block, channel 5.
        const at = (((1 * 2 + 1) * 3 + 2) * 16 + 3) * 64 + 5;
        const data = input.data.slice();
        data[at] = wrong;
        await assert.rejects(
          session.run({ ...input, data } as Tensor<typeof dtype>),
          refusal("size", new RegExp(`layer 1, head 2: token 19, channel 5 is ${name}`)),
        );
      }
    }
  }
  assert.equal(device.counters().packets, 0);
});

test("MX and small floats under a scale of 1 take NaN, infinities and denormals by their rules", async () => {
  await using device = createModelDevice();
  for (const dtype of ["bf16", "f16"] as const) {
    const input = randomCache(dtype, SHAPE, 1);
    const words = [0x7fff, 0xffff, 0x7f80, 0xff80, 0x7c00, 0xfc00, 1, 0x8001, 0x7f, 0x3ff, 0x8000, 0];
    words.forEach((bits, n) => input.data[n * 17] = bits);
    for (
      const method of [
        MX,
        { ...FP8, scale: "one" } as const,
        { ...FP8, format: "e2m1", scale: "one" } as const,
      ]
    ) {
      const session = await Session.open(quantizePlan(method, SHAPE, dtype), device);
      assert.deepEqual((await session.run(input)).output, referenceCache(method, input));
    }
  }
});

test("Session.run() refuses tensors of another type, shape or extent, before anything is sent", async () => {
  await using device = createModelDevice();
  const session = await Session.open(quantizePlan(INT4), device);
  const good = randomCache("bf16", SHAPE, 1);
  const run = (value: unknown, options: object = {}) => session.run(value as never, options as never);
  for (const value of [undefined, null, 5, "x", {}, { dtype: "bf16", shape: SHAPE }]) {
    await assert.rejects(run(value), refusal("dtype", /the plan is for a tensor of bf16/));
  }
  await assert.rejects(run(randomCache("f16", SHAPE, 1)), refusal("dtype", /Cannot quantize f16/));
  await assert.rejects(run({ ...good, data: new Uint8Array(8) }), refusal("dtype"));
  await assert.rejects(
    run(randomCache("bf16", [2, 2, 3, 64, 16], 1)),
    refusal("shape", /plan is for \[2, 2, 3, 16, 64\]/),
  );
  for (
    const wrong of [
      { offset: 1 },
      { offset: -1 },
      { offset: 0.5 },
      { strides: [1, 1, 1, 1] },
      { strides: [6144, 3072, 1024, 64, 2] },
      { strides: [6144, 3072, 1024, -64, 1] },
      { strides: [6144, 3072, NaN, 64, 1] },
      { strides: [6144, 3072, "1024", 64, 1] },
    ]
  ) await assert.rejects(run({ ...good, ...wrong }), refusal("shape", /Cannot use a KV cache with strides/));
  await assert.rejects(run(good, { scales: new Float32Array(6) }), refusal("shape", /has scales of its own/));
  const scaled = await Session.open(quantizePlan(FP8), device);
  const withScales = (scales: unknown) => scaled.run(good as Tensor<"bf16">, { scales } as never);
  await assert.rejects(withScales([1]), refusal("dtype", /expected a Float32Array/));
  await assert.rejects(withScales(new Float32Array(5).fill(1)), refusal("shape", /length 5, expected 6/));
  for (const wrong of [0, -1, NaN, Infinity, 1e6]) {
    await assert.rejects(withScales(Float32Array.of(1, 1, wrong, 1, 1, 1)), refusal("size", /scale 2/));
  }
  await assert.rejects(
    withScales(Float32Array.of(1, 1, 0.1, 1, 1, 1)),
    refusal("size", /scale 2 is 0.10000000149011612, which f16 does not hold/),
  );
  assert.equal(device.counters().packets, 0);
});

test("Session.run() refuses quantized caches of another method, shape or length, and stored values of no encoder", async () => {
  await using device = createModelDevice();
  const session = await Session.open(dequantizePlan(KIVI), device);
  const cache = referenceCache(KIVI, randomCache("bf16", SHAPE, 1));
  const run = (value: unknown, options: object = {}) => session.run(value as never, options as never);
  for (const value of [undefined, null, 5, {}, { ...cache, codes: [] }]) {
    await assert.rejects(run(value), refusal("dtype", /expected a quantized cache/));
  }
  for (
    const method of [undefined, {}, { ...KIVI, bits: 4 }, { ...KIVI, axis: "channels" }, { ...KIVI, more: 1 }]
  ) {
    await assert.rejects(run({ ...cache, method }), refusal("dtype", /the plan is for kivi 2 bits/));
  }
  await assert.rejects(run({ ...cache, shape: [2, 2, 3, 64, 16] }), refusal("shape", /the plan is for/));
  await assert.rejects(run({ ...cache, shape: undefined }), refusal("shape"));
  await assert.rejects(run({ ...cache, codes: cache.codes.slice(1) }), refusal("shape", /codes have/));
  await assert.rejects(
    run({ ...cache, metadata: new Uint8Array(3) }),
    refusal("shape", /metadata have 3 bytes/),
  );
  const perHead = cache.metadata.length / 6;
  const withStored = (at: number, bits: number) => {
    const metadata = cache.metadata.slice();
    new DataView(metadata.buffer).setUint16(at, bits, true);
    return { ...cache, metadata };
  };
  for (const bits of [0, 0x7c00, 0x7e00, 0xbc00]) {
    await assert.rejects(
      run(withStored(4 * perHead + perHead / 2, bits)),
      refusal("size", /layer 1, head 1: scale 0 is/),
    );
  }
  await assert.rejects(
    run(withStored(2 * perHead, 0x7c00)),
    refusal("size", /layer 0, head 2: minimum 0 is/),
  );
  const shared = { ...zeros({ dtype: "bf16", shape: SHAPE }), strides: [6144, 3072, 1024, 64, 0] };
  await assert.rejects(run(cache, { into: shared }), refusal("shape", /positions share elements/));
  await assert.rejects(
    run(cache, { into: zeros({ dtype: "f16", shape: SHAPE }) }),
    refusal("dtype", /dequantize into f16/),
  );
  assert.equal(device.counters().packets, 0);
});

test("changed and forged plans of KV caches are refused", () => {
  for (const plan of [quantizePlan(INT4), dequantizePlan(FP8)]) {
    for (
      const [path, value] of [
        [["packets", "request"], 32],
        [["body", "method", "kind"], "other"],
        [["body", "method", "stored"], "f32"],
        [["body", "values", "dtype"], "u8"],
        [["body", "values", "shape"], [2, 2, 3, 16]],
        [["body", "values", "shape"], [2, 2, 3, 16, 128]],
        [["body", "values", "shape"], [0, 2, 3, 16, 64]],
        [["body", "packing", "groups"], 4],
        [["body", "packing", "planes"], []],
        [["body", "packing"], 5],
        [["body", "checksum"], "none"],
        [["body", "extra"], 1],
      ] as [Path, unknown][]
    ) {
      for (const change of [changed, forged]) {
        assert.throws(
          () => decodePlan(encodePlan(change(plan, path, value))),
          refusal("plan"),
          path.join("."),
        );
      }
    }
    const other = changed(plan, ["body", "values", "dtype"], "f16");
    assert.throws(() => decodePlan(encodePlan(other)), refusal("plan", /it was changed/));
    assert.deepEqual(decodePlan(encodePlan(plan)), plan);
  }
});

test("the model of KV caches drops payloads that are not whole units of groups, or not finite vectors, as items", () => {
  for (
    const plan of [quantizePlan(INT4), dequantizePlan(INT4), quantizePlan(ROTATED), dequantizePlan(ROTATED)]
  ) {
    const model = createCacheModel(plan, "bus");
    const { requests, answers } = reservePlanSlots({ ...plan.packets, request: 2 * plan.packets.request });
    const send = (bytes: number, fill: number, changes: object = {}) => {
      const header = { ...newHeader(), plan: plan.id, kind: KIND.samples, packets: 9, flags: FLAG.checked };
      writePacket(
        requests,
        0,
        { ...header, sequence: 1, length: bytes, ...changes },
        new Uint8Array(bytes).fill(fill),
      );
      return model.take(requests, 0, answers, 0);
    };
    const { request } = plan.packets, { unit, groups } = plan.body.packing;
    const whole = request / groups * unit;
    assert.equal(send(request, 0), 1);
    assert.equal(packetBytes(answers, 0).length, HEADER_BYTES + plan.packets.answer);
    assert.equal(send(whole, 0), 1);
    for (const bytes of [request + whole, whole - 1, whole + 1, whole / unit]) {
      assert.equal(send(bytes, 0), "items", `${bytes}`);
    }
    assert.equal(send(whole, 0, { kind: KIND.text }), "items");
    assert.equal(send(whole, 0, { plan: plan.id ^ 1 }), "plan");
    assert.equal(send(whole, 255), plan.body.method.kind === "rotated" ? "items" : 1);
    // Answers in the memory of another engine, and answers that do not fit their slot.
    const { slotBytes } = answers;
    const other = reserveSlots(createEngine(2 ** 17), 1, slotBytes - HEADER_BYTES);
    assert.equal(send(whole, 0x11), 1);
    assert.equal(model.take(requests, 0, other, 0), 1);
    assert.deepEqual([...packetBytes(other, 0)], [...packetBytes(answers, 0)]);
    const small = reserveSlots(createEngine(2 ** 17), 1, 32);
    send(request, 0);
    assert.equal(model.take(requests, 0, small, 0), "items");
  }
});

test("the RTL refuses plans of KV caches with stored f32 by name", async () => {
  await using device = await createRtlDevice();
  const plan = compile(
    { steps: [{ op: "quantize", method: { ...INT4, stored: "f32" } }] },
    { input: { dtype: "bf16", shape: SHAPE }, device },
  );
  await assert.rejects(Session.open(plan, device), refusal("device", /quantize plan .*stored f32 values/));
});
