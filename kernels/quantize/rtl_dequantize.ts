/**
 * Dequantize plan in the format of the RTL: the arguments of `packet_dequantize`.
 *
 * @module
 */

import { KIND } from "../../serialize/header.ts";
import type { KernelImage } from "../program.ts";
import { DEQUANTIZE_ARGUMENTS, type DequantizeArgumentName } from "../rtl/registers.ts";
import { checkGroupPlan, floatFormat, groupArguments, groupBytes, type GroupPlan } from "./rtl_groups.ts";

/**
 * Creates the contents of the RTL's registers for a dequantize plan. It has no tables.
 *
 * @param plan Facts of the plan.
 * @throws {OnpathError} `device` if the RTL lacks the method, its types, or room for its packets.
 */
export function dequantizeKernelImage(plan: GroupPlan): KernelImage {
  const method = checkGroupPlan(plan);
  const { codes, given, metadata: [first, second] } = groupBytes(method);
  const format = floatFormat(method);
  const values: Record<DequantizeArgumentName, number> = {
    plan: plan.id,
    kind: KIND.samples,
    longest: plan.packets.request,
    item: 0,
    ...groupArguments(method, plan.dtype, codes + given + first + second),
    upper: format?.maxCode ?? 0,
    infinity: format?.infinityCode ?? 0,
    tables: 0,
  };
  return {
    build: "dequantize",
    values: DEQUANTIZE_ARGUMENTS.map(({ name }) => values[name] >>> 0),
    tables: [],
    tableBytes: 0,
    lookups: { perItem: 0, itemBytes: 1 },
  };
}
