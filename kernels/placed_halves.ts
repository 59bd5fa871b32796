/**
 * Receiving halves whose answers have places in one output.
 *
 * @module
 */

import type { PlacedIncoming } from "../serialize/placed_incoming.ts";
import type { ReceivedFlow } from "./halves.ts";

/**
 * Receiving half of a placed flow.
 *
 * @param flow Flow number.
 * @param incoming Output of the flow.
 * @param requests Requests and the answers to each. Default one request for each answer.
 */
export function placedFlow<Out>(
  flow: number,
  incoming: PlacedIncoming<Out>,
  requests: Pick<ReceivedFlow, "requests" | "answersOf"> = { requests: incoming.packets },
): ReceivedFlow {
  return {
    flow,
    ...requests,
    get done() {
      return incoming.done;
    },
    accept: (slots, slot) => incoming.accept(slots, slot),
  };
}
