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
 * @param packets Packet sizes and counts of the plan.
 * @throws {OnpathError} `size` if they exceed the capacity of an engine.
 */
export function reservePlanSlots({ request, answer, answersPerRequest, inFlight }: PlanPackets): PlanSlots {
  const longest = Math.max(request, answer);
  const back = inFlight * answersPerRequest;
  const engine = createEngine((inFlight + back) * slotBytesFor(longest) + 2 * SLOTS_ALIGNMENT);
  return { requests: reserveSlots(engine, inFlight, longest), answers: reserveSlots(engine, back, longest) };
}
