import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import type { QuantizeMethod } from "../../kernels/quantize/method.ts";
import type { CacheDimensions } from "../../kernels/quantize/packing.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { offload } from "../../runtime/offload.ts";
import { allMethods, randomCache, referenceCache, referenceValues, reordered } from "../support/caches.ts";
import { test } from "./helpers.ts";

/** Layers, blocks, heads, tokens, channels: several packets, the last one padded, and heads that end within one. */
const SHAPE: CacheDimensions = [2, 2, 3, 32, 64];

function nameOf(method: QuantizeMethod): string {
  return Object.values(method).join(" ");
}

for (const dtype of ["bf16", "f16", "f32"] as const) {
  test(`quantize and dequantize of ${dtype} by every method equal encodeBlock() and decodeBlock()`, async () => {
    await using device = createModelDevice();
    const input = reordered(randomCache(dtype, SHAPE, 7), [1, 0, 3, 2, 4]);
    for (const method of allMethods()) {
      const plan = compile({ steps: [{ op: "quantize", method }] }, { input, device });
      const { output: cache } = await offload(plan, input, device);
      assert.deepEqual(cache, referenceCache(method, input), nameOf(method));
      const back = compile({ steps: [{ op: "dequantize", method, dtype }] }, { input: cache, device });
      const { output } = await offload(back, cache, device);
      assert.deepEqual(output, referenceValues(dtype, cache), nameOf(method));
    }
  });
}
