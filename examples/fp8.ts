/**
 * Makes lookup tables of a user's own kernel, bf16 to FP8 e4m3, prints its forms, and runs it on a device.
 *
 *     deno task example examples/fp8.ts
 *
 * @module
 */

import { compile, createModelDevice, memoize, offload, tensor } from "onpath";

/** Bits of the nearest FP8 e4m3 (OCP) value, ties to even. Saturates at 448, infinities too; NaN is 0x7f. */
export function toE4m3(value: number): number {
  if (Number.isNaN(value)) return 0x7f;
  const sign = value < 0 || Object.is(value, -0) ? 0x80 : 0;
  const size = Math.min(Math.abs(value), 448);
  const exponent = Math.max(-6, Math.floor(Math.log2(size)));
  const steps = size / 2 ** (exponent - 3);
  const rounded = steps % 1 === 0.5 ? 2 * Math.round(steps / 2) : Math.round(steps);
  return sign | (rounded + 8 * (exponent + 6));
}

if (import.meta.main) {
  const memo = memoize(toE4m3, { input: "bf16", output: "u8", result: "bits" });
  for (const { name, bytes, error } of memo.forms) {
    const mark = name === memo.form.name ? "  chosen" : "";
    console.log(`${name.padEnd(10)} ${String(bytes).padStart(6)} bytes, error ${error.ulps} ulps${mark}`);
  }
  console.log(`one table  ${memo.naiveBytes} bytes`);
  // 1, -2 and infinity, as bits of bf16.
  const input = tensor(Uint16Array.of(0x3f80, 0xc000, 0x7f80), { dtype: "bf16", shape: [3] });
  await using device = createModelDevice();
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
  const { output } = await offload(plan, input, device, { resources: { memo } });
  console.log(Array.from(output.data, (bits) => bits.toString(16)).join(" "));
}
