/**
 * Halves of the flows of KV caches.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { newFlow } from "../../serialize/flow.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import { type PayloadSource, PlacedOutgoing } from "../../serialize/placed_outgoing.ts";
import type { PayloadSink } from "../../serialize/reassembler.ts";
import { type Tensor, zeros } from "../../serialize/tensor.ts";
import { checkFlowCount, type Halves, type ReceivedFlow, type SentFlow } from "../halves.ts";
import { placedFlow } from "../placed_halves.ts";
import { reservePlanSlots } from "../plan/slots.ts";
import { headBytes, type QuantizedCache } from "./cache.ts";
import { groupPlacements, placeQuantized, readDequantized, readQuantized, stretches } from "./flow.ts";
import { createValueSink } from "./flows/value_places.ts";
import { reserveWorkspace, workspaceBytes } from "./flows/stripes.ts";
import type { DequantizePlan, QuantizePlan } from "./plan.ts";

type CachePlan = QuantizePlan | DequantizePlan;

function sentFlows(plan: CachePlan, sourceOf: (base: number) => PayloadSource): SentFlow[] {
  return stretches(plan.body.packing).map((stretch) => {
    const flow = newFlow();
    const { requests } = groupPlacements(plan, stretch);
    const outgoing = new PlacedOutgoing(flow, requests, sourceOf(stretch.base));
    return { flow, requests: requests.cut.packets, outgoing };
  });
}

function receivedFlows(
  plan: CachePlan,
  flows: readonly number[],
  sinkOf: (base: number) => PayloadSink,
): ReceivedFlow[] {
  const parts = stretches(plan.body.packing);
  checkFlowCount(plan, flows.length, parts.length);
  return parts.map((stretch, n) => {
    const { answers } = groupPlacements(plan, stretch);
    return placedFlow(flows[n]!, new PlacedIncoming(flows[n]!, answers, () => {}, sinkOf(stretch.base)));
  });
}

/** Creates the halves of a plan that quantizes. Scales that come from the host are in the description. */
export function quantizeHalves(plan: QuantizePlan): Halves<Tensor, QuantizedCache> {
  const { packing, method, values: { shape }, checksum } = plan.body;
  return {
    order: "placed",
    checksum,
    send: (batch) => {
      const extra = workspaceBytes(packing, shape[4]);
      const { requests: slots } = reservePlanSlots({ ...plan.packets, inFlight: batch }, extra);
      const workspace = reserveWorkspace(packing, shape[4], slots.engine);
      return {
        slots,
        begin: (input) => {
          const { metadata, sourceOf } = readQuantized(plan, input, {}, workspace);
          return { flows: sentFlows(plan, sourceOf), description: metadata };
        },
      };
    },
    receive: (flows, description) => {
      const bytes = packing.isGiven ? packing.heads * headBytes(method, shape).metadata : 0;
      const found = description instanceof Uint8Array ? description : new Uint8Array();
      if (found.length !== bytes || (description !== null) !== packing.isGiven) {
        throw new OnpathError(
          "packet",
          `Cannot receive a cache of plan ${plan.id}: its scales have ${found.length} bytes, expected ${bytes}`,
          { plan: plan.id, found: found.length, expected: bytes },
        );
      }
      const { sinkOf, finish } = placeQuantized(plan, packing.isGiven ? found.slice() : undefined);
      return { flows: receivedFlows(plan, flows, sinkOf), result: finish };
    },
  };
}

/** Creates the halves of a plan that dequantizes. */
export function dequantizeHalves(plan: DequantizePlan): Halves<QuantizedCache, Tensor> {
  const { packing, values: { shape, dtype }, checksum } = plan.body;
  return {
    order: "placed",
    checksum,
    send: (batch) => ({
      slots: reservePlanSlots({ ...plan.packets, inFlight: batch }).requests,
      begin: (input) => ({ flows: sentFlows(plan, readDequantized(plan, input)), description: null }),
    }),
    receive: (flows) => {
      const output = zeros({ dtype, shape });
      const parts = receivedFlows(plan, flows, (base) => createValueSink(packing, output, base));
      return { flows: parts, result: () => output };
    },
  };
}
