/**
 * Halves of placed flows with one answer for each request.
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
 */
export function placedFlow<Out>(flow: number, incoming: PlacedIncoming<Out>): ReceivedFlow {
  return {
    flow,
    requests: incoming.packets,
    get done() {
      return incoming.done;
    },
    accept: (slots, slot) => incoming.accept(slots, slot),
  };
}
