/**
 * The id of a plan.
 *
 * @module
 */

import { encode } from "@msgpack/msgpack";
import { crc32c } from "../../../serialize/crc32c.ts";
import type { Plan } from "./plan.ts";

/**
 * Gives a plan its id: the CRC-32C of everything else in MessagePack with sorted keys.
 *
 * @param plan The plan without an id.
 * @returns The plan.
 */
export function identifyPlan(plan: Omit<Plan, "id">): Plan {
  const { id: _, ...rest } = plan as Plan;
  return { ...rest, id: crc32c(encode(rest, { sortKeys: true })) };
}
