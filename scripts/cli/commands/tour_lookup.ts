/**
 * Lookup of the tour: values of bf16 to FP8 by the tables of a function.
 *
 * @module
 */

import { compile } from "../../../kernels/compile.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { offload } from "../../../runtime/offload.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { findFunction, memoizeFunction } from "../../lookup/functions.ts";
import { count } from "../text.ts";
import type { FamilyExample } from "./tour_example.ts";

/** Every 32nd bit pattern of bf16. */
const VALUES = Uint16Array.from({ length: 2048 }, (_, n) => 32 * n);

/**
 * Looks the values up on a device.
 *
 * @param device An open device.
 * @param signal Aborts the run with its reason.
 */
export async function lookUpValues(device: Device, signal: AbortSignal): Promise<FamilyExample> {
  const memo = memoizeFunction(findFunction("fp8-e4m3"), "bf16");
  const input = tensor(VALUES, { dtype: "bf16", shape: [VALUES.length] });
  const plan = compile({ steps: [{ op: "lookup", table: memo.id }] }, { memo, input, device });
  await offload(plan, input, device, { resources: { memo }, signal });
  const { form: { bytes }, naiveBytes } = memo;
  return {
    family: "lookup",
    text: `${count(VALUES.length)} values of bf16 to FP8 e4m3, exactly, by tables of ${count(bytes)} bytes ` +
      `in place of ${count(naiveBytes)}`,
    facts: { values: VALUES.length, bytes, naiveBytes },
  };
}
