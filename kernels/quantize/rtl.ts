/**
 * RTL of a plan of KV caches: which of three kernels runs it, its registers, and its clock.
 *
 * @module
 */

import type { KernelImage } from "../program.ts";
import type { DequantizePlan, QuantizePlan } from "./plan.ts";
import { createRotateClock } from "./rotate_cycles.ts";
import { createDequantizeClock, createQuantizeClock, type GroupClock } from "./rtl_cycles.ts";
import { dequantizeKernelImage } from "./rtl_dequantize.ts";
import { quantizeKernelImage } from "./rtl_quantize.ts";
import { rotateKernelImage } from "./rtl_rotate.ts";

/**
 * Creates the contents of the RTL's registers for a plan. There are no tables.
 *
 * @param plan Compiled plan.
 * @throws {OnpathError} `device` if the RTL lacks the method, its types, or room for its packets.
 */
export function cacheKernelImage(plan: QuantizePlan | DequantizePlan): KernelImage {
  const { id, packets, workload, body: { method, values: { dtype, shape } } } = plan;
  if (method.kind === "rotated") {
    return rotateKernelImage({ id, direction: workload, method, channels: shape[4], dtype, packets });
  }
  const facts = { id, method, dtype, packets };
  return workload === "quantize" ? quantizeKernelImage(facts) : dequantizeKernelImage(facts);
}

/**
 * Creates the clock of the kernel that runs a plan, at cycle 0.
 *
 * @param plan Compiled plan.
 */
export function createCacheClock(
  { workload, body: { method, values: { shape } } }: QuantizePlan | DequantizePlan,
): GroupClock {
  if (method.kind !== "rotated") {
    return workload === "quantize" ? createQuantizeClock(method) : createDequantizeClock(method);
  }
  return createRotateClock({ decode: workload === "dequantize", bits: method.bits, channels: shape[4] });
}
