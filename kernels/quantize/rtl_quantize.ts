/**
 * Quantize plan in the format of the RTL: the arguments of `packet_quantize`.
 *
 * @module
 */

import { KIND } from "../../serialize/header.ts";
import type { KernelImage } from "../program.ts";
import { QUANTIZE_ARGUMENTS, type QuantizeArgumentName } from "../rtl/registers.ts";
import { floorLog2, powerOfTwo } from "./formats/exact.ts";
import { integerFormat } from "./method.ts";
import {
  checkGroupPlan,
  floatFormat,
  groupArguments,
  groupBytes,
  type GroupMethod,
  type GroupPlan,
} from "./rtl_groups.ts";

/**
 * Creates the contents of the RTL's registers for a quantize plan. It has no tables.
 *
 * @param plan Facts of the plan.
 * @throws {OnpathError} `device` if the RTL lacks the method, its types, or room for its packets.
 */
export function quantizeKernelImage(plan: GroupPlan): KernelImage {
  const method = checkGroupPlan(plan);
  const bytes = groupBytes(method);
  const format = floatFormat(method);
  const [lower, upper] = format === undefined ? integerRange(method) : [0, format.maxCode];
  const values: Record<QuantizeArgumentName, number> = {
    plan: plan.id,
    kind: KIND.samples,
    longest: plan.packets.request,
    item: 1,
    ...groupArguments(method, plan.dtype, bytes.values + bytes.given),
    lower,
    upper,
    nan: format?.nanCode ?? 0,
    divisor: divisorWord(method),
    top: format?.maxExponent ?? 0,
    tables: 0,
  };
  return {
    build: "quantize",
    values: QUANTIZE_ARGUMENTS.map(({ name }) => values[name] >>> 0),
    tables: [],
    tableBytes: 0,
    lookups: { perItem: 0, itemBytes: 1 },
  };
}

/** Least and greatest integer of a code. */
function integerRange(method: GroupMethod): [number, number] {
  switch (method.kind) {
    case "absmax":
    case "asymmetric": {
      const { min, max } = integerFormat(method);
      return [min, max];
    }
    case "kivi":
      return [0, 2 ** method.bits - 1];
    default:
      return [-127, 127];
  }
}

/** What a group's range or greatest magnitude is divided by: a mantissa of 11 bits and an exponent. */
function divisorWord(method: GroupMethod): number {
  const steps = method.kind === "absmax" ? integerRange(method)[1] : 2 ** codesOf(method) - 1;
  const exponent = floorLog2(steps);
  return steps * powerOfTwo(10 - exponent) + exponent * 2 ** 16;
}

/** Bits of integers with an offset; 1 for methods whose scales are no quotients. */
function codesOf(method: GroupMethod): number {
  return method.kind === "asymmetric" || method.kind === "kivi" ? method.bits : 1;
}
