import assert from "node:assert/strict";
import type { QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { dequantizeKernelImage } from "../../../kernels/quantize/rtl_dequantize.ts";
import type { GroupPlan } from "../../../kernels/quantize/rtl_groups.ts";
import { quantizeKernelImage } from "../../../kernels/quantize/rtl_quantize.ts";
import {
  DEQUANTIZE_ARGUMENTS,
  type KernelArgument,
  QUANTIZE_ARGUMENTS,
} from "../../../kernels/rtl/registers.ts";
import { KIND } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";

const ABSMAX: QuantizeMethod = { kind: "absmax", bits: 8, axis: "channels", group: 32, stored: "f16" };
const PACKETS = { request: 1320, answer: 1360 };

function planOf(change: Partial<GroupPlan>): GroupPlan {
  return { id: 7, method: ABSMAX, dtype: "bf16", packets: PACKETS, ...change };
}

/** Values of an image by the names of its arguments. */
function named(list: readonly KernelArgument[], values: readonly number[]): Record<string, number> {
  assert.equal(values.length, list.length);
  return Object.fromEntries(list.map(({ name }, at) => [name, values[at]!]));
}

Deno.test("quantizeKernelImage: arguments of absmax, and of a float with negative exponents", () => {
  const { build, values, tables } = quantizeKernelImage(planOf({}));
  assert.deepEqual([build, tables], ["quantize", []]);
  assert.deepEqual(named(QUANTIZE_ARGUMENTS, values), {
    plan: 7,
    kind: KIND.samples,
    longest: 1320,
    item: 1,
    groupBeats: 2,
    bits: 8,
    reciprocal: 16384,
    types: 2,
    scaling: 2,
    offset: 0,
    mantissa: 0,
    least: 0,
    lower: 2 ** 32 - 128,
    upper: 127,
    nan: 0,
    // 127 = 1016 x 2^-10 x 2^7, with 10 fraction bits.
    divisor: 127 * 16 + 6 * 2 ** 16,
    top: 0,
    tables: 0,
  });
  const method = { kind: "float", format: "e5m2", scale: "channel", stored: "bf16" } as const;
  const float = named(QUANTIZE_ARGUMENTS, quantizeKernelImage(planOf({ method, dtype: "f16" })).values);
  // 66 bytes a group.
  const expected = {
    reciprocal: 15888,
    types: 1,
    scaling: 1,
    mantissa: 2,
    least: 2 ** 32 - 14,
    upper: 0x7b,
    nan: 0x7f,
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(float[name], value, name);
});

Deno.test("dequantizeKernelImage: arguments of KIVI, and of MXINT8", () => {
  const kivi = { kind: "kivi", bits: 2, axis: "tokens", stored: "f16" } as const;
  const { build, values } = dequantizeKernelImage(planOf({ method: kivi, dtype: "f16" }));
  assert.equal(build, "dequantize");
  // 8 bytes of codes and 4 of metadata a group.
  assert.deepEqual(named(DEQUANTIZE_ARGUMENTS, values), {
    plan: 7,
    kind: KIND.samples,
    longest: 1320,
    item: 0,
    groupBeats: 2,
    bits: 2,
    reciprocal: 87382,
    types: 3,
    scaling: 2,
    offset: 2,
    mantissa: 0,
    least: 0,
    upper: 0,
    infinity: 0,
    tables: 0,
  });
  const method = { kind: "mx", format: "mxint8", axis: "tokens" } as const;
  const mx = named(DEQUANTIZE_ARGUMENTS, dequantizeKernelImage(planOf({ method })).values);
  assert.deepEqual([mx.scaling, mx.least, mx.bits, mx.reciprocal], [3, 6, 8, 31776]);
});

Deno.test("quantizeKernelImage and dequantizeKernelImage name what the RTL does not take", () => {
  const refused: readonly (readonly [Partial<GroupPlan>, RegExp])[] = [
    [{ dtype: "f32" }, /f32 values$/],
    [{ method: { ...ABSMAX, stored: "f32" } }, /stored f32 values$/],
    [{ method: { kind: "rotated", bits: 3, stored: "f16" } }, /rotations/],
    [{ method: { ...ABSMAX, group: 24 } }, /groups of 24 values$/],
    [{ method: { ...ABSMAX, group: 272 } }, /groups of 272 values$/],
    [{ packets: { request: 4001, answer: 64 } }, /request payloads of 4001 bytes$/],
    [{ packets: { request: 64, answer: 4097 } }, /answer payloads of 4097 bytes$/],
  ];
  for (const [change, message] of refused) {
    for (const image of [quantizeKernelImage, dequantizeKernelImage]) {
      assert.throws(() => image(planOf(change)), (error) => {
        assert(error instanceof OnpathError);
        assert.equal(error.code, "device");
        assert.match(error.message, message);
        return true;
      });
    }
  }
});
