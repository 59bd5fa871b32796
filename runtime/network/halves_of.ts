/**
 * Halves of a plan's flows, if its packets can cross a network.
 *
 * @module
 */

import { type Halves, undividable } from "../../kernels/halves.ts";
import type { Plan } from "../../kernels/plan/plan.ts";
import type { Opened } from "../../kernels/workload.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { HEADER_BYTES } from "../../serialize/header.ts";
import { DATAGRAM_BYTES, JUMBO_BYTES } from "./datagram.ts";

/**
 * Returns the halves of a plan's flows.
 *
 * @param plan Compiled plan.
 * @param opened Plan with its resources.
 * @param isJumbo Whether packets may have the size of jumbo frames.
 * @throws {OnpathError} `pipeline` if the flows cannot be divided, or packets carry no CRC; `size` if packets are too
 * long.
 */
// deno-lint-ignore no-explicit-any -- a plan's name selects the types
export function halvesOf(plan: Plan, opened: Opened<any, any, any, any>, isJumbo = false): Halves<any, any> {
  if (opened.halves === undefined) {
    throw undividable(plan, `workload ${plan.workload} runs on one host only`);
  }
  const halves = opened.halves();
  if (halves.checksum !== "crc32c") {
    throw undividable(
      plan,
      "its packets carry no CRC, and a network changes bytes unnoticed, expected checksum crc32c",
    );
  }
  const bytes = HEADER_BYTES + Math.max(plan.packets.request, plan.packets.answer);
  const most = isJumbo ? JUMBO_BYTES : DATAGRAM_BYTES;
  if (bytes > most) {
    const remedy = isJumbo ? "" : ", or the option jumbo";
    throw new OnpathError(
      "size",
      `Cannot send packets of plan ${plan.id}: they have ${bytes} bytes, expected at most ${most}${remedy}`,
      { plan: plan.id, bytes, most },
    );
  }
  return halves;
}
