/**
 * Halves of a plan's flows, if its packets can cross a network.
 *
 * @module
 */

import { type Halves, undividable } from "../../kernels/halves.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { Opened } from "../../kernels/workload.ts";

/**
 * Returns the halves of a plan's flows.
 *
 * @throws {OnpathError} `pipeline` if the flows cannot be divided, or packets carry no CRC.
 */
// deno-lint-ignore no-explicit-any -- a plan's name selects the types
export function halvesOf(plan: Plan, opened: Opened<any, any, any, any>): Halves<any, any> {
  if (opened.halves === undefined) {
    throw undividable(plan, `workload ${plan.workload} runs on one host only`);
  }
  const halves = opened.halves();
  if (halves.checksum !== "crc32c") {
    throw undividable(plan, `its packets carry no CRC, expected checksum crc32c`);
  }
  return halves;
}
