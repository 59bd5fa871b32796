/**
 * Halves of an image's flow. A device that gathers rows takes the packets in order, one flow at a time. Packets that
 * need pages are sent page by page.
 *
 * @module
 */

import { newFlow } from "../../serialize/flow.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { checkFlowCount, type Halves } from "../halves.ts";
import { placedFlow } from "../placed_halves.ts";
import { ImageOutgoing } from "./flow/outgoing.ts";
import { createSender } from "./flow/send.ts";
import { checkPlanInput, planSamples } from "./plan/input.ts";
import { reservePackets } from "./plan/packets.ts";
import { type ImagePlan, planPlacement } from "./plan/plan.ts";
import { requestsFor, sendsRows } from "./plan/rows.ts";
import { pageOrder } from "./shared_pages.ts";

/**
 * Creates the halves of an image plan.
 *
 * @param plan Compiled image plan.
 * @param finish Converts the output bytes to the result.
 */
export function imageHalves(
  plan: ImagePlan,
  finish: (bytes: Uint8Array<ArrayBuffer>) => Tensor,
): Halves<Tensor, Tensor> {
  const placement = planPlacement(plan);
  const requests = plan.body.layout.cut.packets;
  const rows = sendsRows(plan) ? completions(plan) : undefined;
  const paged = plan.body.pages === null ? undefined : pageOrder(plan);
  const requestOf = rows?.last ?? paged?.places;
  return {
    order: sendsRows(plan) ? "sequential" : "placed",
    checksum: placement.checksum,
    flows: sendsRows(plan) ? 1 : undefined,
    requestOf: requestOf && ((answer) => requestOf[answer] ?? 0),
    pages: paged?.shared,
    send: (batch) => {
      const { requests: slots, writer } = reservePackets(plan, batch);
      return {
        slots,
        begin: (input) => {
          checkPlanInput(plan, input);
          const flow = newFlow();
          const samples = planSamples(plan, input);
          const order = paged?.sender(slots.slots) ?? createSender(plan, slots.slots);
          const outgoing = new ImageOutgoing(plan, writer, order, flow, samples);
          return { flows: [{ flow, requests, outgoing, answersOf: rows?.counts }], description: null };
        },
      };
    },
    receive: (flows) => {
      checkFlowCount(plan, flows.length, 1);
      const incoming = new PlacedIncoming(flows[0]!, placement, finish);
      const flow = placedFlow(flows[0]!, incoming, rows && { requests, answersOf: rows.counts });
      return { flows: [flow], result: () => incoming.result() };
    },
  };
}

/** Finds the request that completes each answer, and counts the answers that each request completes. */
function completions(plan: ImagePlan): { readonly last: Uint32Array; readonly counts: Uint32Array } {
  const { cut, answers } = plan.body.layout;
  const last = new Uint32Array(answers.packets), counts = new Uint32Array(cut.packets);
  for (let answer = 0; answer < last.length; answer++) {
    const request = requestsFor(plan, [[answer, answer]]).at(-1)![1];
    last[answer] = request;
    counts[request]!++;
  }
  return { last, counts };
}
