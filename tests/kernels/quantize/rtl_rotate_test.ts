import assert from "node:assert/strict";
import { rotateKernelImage, type RotatePlan } from "../../../kernels/quantize/rtl_rotate.ts";
import { ROTATE_ARGUMENTS } from "../../../kernels/rtl/registers.ts";
import { KIND } from "../../../serialize/header.ts";
import { refusedWith } from "./refused.ts";

const PLAN: RotatePlan = {
  id: 77,
  direction: "quantize",
  method: { kind: "rotated", bits: 3, stored: "f16" },
  channels: 128,
  dtype: "bf16",
  packets: { request: 1024, answer: 200 },
};

Deno.test("rotateKernelImage() states direction, bits, length and types in register order", () => {
  const named = (plan: RotatePlan) => {
    const image = rotateKernelImage(plan);
    assert.deepEqual([image.build, image.tables, image.values.length], [
      "rotate",
      [],
      ROTATE_ARGUMENTS.length,
    ]);
    return Object.fromEntries(ROTATE_ARGUMENTS.map(({ name }, at) => [name, image.values[at]]));
  };
  const common = { plan: 77, kind: KIND.samples, item: 1, tables: 0 };
  assert.deepEqual(named(PLAN), {
    ...common,
    longest: 1024,
    decode: 0,
    bits: 3,
    channels: 7,
    values: 0,
    norms: 1,
  });
  const back = named({
    ...PLAN,
    direction: "dequantize",
    method: { ...PLAN.method, bits: 4, stored: "bf16" },
    channels: 256,
    dtype: "f16",
    packets: { request: 260, answer: 1024 },
  });
  assert.deepEqual(back, { ...common, longest: 260, decode: 1, bits: 4, channels: 8, values: 1, norms: 0 });
});

Deno.test("rotateKernelImage() refuses by name what the RTL lacks", () => {
  const lacks = (change: Partial<RotatePlan>, what: RegExp) =>
    refusedWith("device", () => rotateKernelImage({ ...PLAN, ...change }), what);
  lacks({ channels: 32 }, /plan 77 into the RTL: it does not take vectors of 32 channels/);
  lacks({ channels: 512 }, /vectors of 512 channels/);
  lacks({ dtype: "f32" }, /f32 values/);
  lacks({ method: { ...PLAN.method, stored: "f32" } }, /stored f32 values/);
  lacks({ packets: { request: 4096, answer: 800 } }, /request payloads of 4096 bytes/);
  lacks(
    { direction: "dequantize", packets: { request: 1100, answer: 5120 } },
    /answer payloads of 5120 bytes/,
  );
});
