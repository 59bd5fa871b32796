/**
 * Halves of the flows of a lookup.
 *
 * @module
 */

import { newFlow } from "../../serialize/flow.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { checkFlowCount, type Halves } from "../halves.ts";
import { placedFlow } from "../placed_halves.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { bytesOf, lookupPlacements, lookupStretches, placeLookup, readLookup } from "./flow.ts";
import type { LookupPlan } from "./plan.ts";

/** Creates the halves of a lookup plan. */
export function lookupHalves(plan: LookupPlan): Halves<Tensor, Tensor> {
  return {
    order: "placed",
    checksum: plan.body.checksum,
    send: (batch) => ({
      slots: reservePlanSlots({ ...plan.packets, inFlight: batch }).requests,
      begin: (input) => {
        const bytes = readLookup(plan, input);
        const flows = lookupStretches(plan).map((stretch) => {
          const flow = newFlow();
          const { requests } = lookupPlacements(plan, stretch);
          const outgoing = new PlacedOutgoing(flow, requests, bytesOf(plan, stretch, bytes));
          return { flow, requests: requests.cut.packets, outgoing };
        });
        return { flows, description: null };
      },
    }),
    receive: (numbers) => {
      const stretches = lookupStretches(plan);
      checkFlowCount(plan, numbers.length, stretches.length);
      const { partOf, finish } = placeLookup(plan);
      const flows = stretches.map((stretch, n) => {
        const { answers } = lookupPlacements(plan, stretch);
        return placedFlow(numbers[n]!, new PlacedIncoming(numbers[n]!, answers, () => {}, partOf(stretch)));
      });
      return { flows, result: finish };
    },
  };
}
