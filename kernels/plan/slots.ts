/**
 * Packet memory of one exchange, from the sizes and counts in a plan.
 *
 * @module
 */

import { createEngine } from "../../serialize/engine.ts";
import { type PacketSlots, reserveSlots, slotBytesFor, SLOTS_ALIGNMENT } from "../../serialize/packets.ts";
import type { PlanPackets } from "./plan.ts";

/** Slots of a plan, all in one engine. */
export interface PlanSlots {
  /** Slots for requests. */
  readonly requests: PacketSlots;
  /** Slots for all answers to the requests. */
  readonly answers: PacketSlots;
}

/**
 * Reserves the slots of a plan. Requests and answers have slots of the same size.
 *
 * @param packets Sizes and counts, as the plan states them.
 * @param extra Bytes that the engine keeps free for other reservations. Default 0.
 * @throws {OnpathError} `size` if they pass the limits of an engine.
 *
 * @example
 * ```ts
 * import { reservePlanSlots } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * const packets = { request: 64, answer: 128, answersPerRequest: 2, inFlight: 16 };
 * const { requests, answers } = reservePlanSlots(packets);
 * assert.deepEqual([requests.slots, answers.slots], [16, 32]);
 * assert.equal(requests.engine, answers.engine);
 * ```
 */
export function reservePlanSlots(
  { request, answer, answersPerRequest, inFlight }: PlanPackets,
  extra = 0,
): PlanSlots {
  const longest = Math.max(request, answer);
  const back = inFlight * answersPerRequest;
  const engine = createEngine((inFlight + back) * slotBytesFor(longest) + 2 * SLOTS_ALIGNMENT + extra);
  return { requests: reserveSlots(engine, inFlight, longest), answers: reserveSlots(engine, back, longest) };
}
