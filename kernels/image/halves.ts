/**
 * Halves of an image's flow. The device must take its packets in any order, so rows and pages are excluded.
 *
 * @module
 */

import { newFlow } from "../../serialize/flow.ts";
import { PlacedIncoming } from "../../serialize/placed_incoming.ts";
import type { Tensor } from "../../serialize/tensor.ts";
import { checkFlowCount, type Halves, undividable } from "../halves.ts";
import { placedFlow } from "../placed_halves.ts";
import { ImageOutgoing } from "./flow/outgoing.ts";
import { createSender } from "./flow/send.ts";
import { checkPlanInput } from "./plan/input.ts";
import { reservePackets } from "./plan/packets.ts";
import { type ImagePlan, planPlacement } from "./plan/plan.ts";
import { sendsRows } from "./plan/rows.ts";

/**
 * Creates the halves of an image plan.
 *
 * @param plan Compiled image plan.
 * @param finish Converts the output bytes to the result.
 * @throws {OnpathError} `pipeline` if the device keeps rows or pages of one flow.
 */
export function imageHalves(
  plan: ImagePlan,
  finish: (bytes: Uint8Array<ArrayBuffer>) => Tensor,
): Halves<Tensor, Tensor> {
  if (sendsRows(plan)) {
    throw undividable(
      plan,
      "its device keeps rows between packets, expected the layout cells, tiles or samples",
    );
  }
  if (plan.body.pages !== null) {
    throw undividable(plan, "its table pages are swapped between packets, expected a form that is resident");
  }
  const placement = planPlacement(plan);
  const requests = plan.body.layout.cut.packets;
  return {
    order: "placed",
    checksum: placement.checksum,
    answerBytes: plan.packets.answer,
    send: (batch) => {
      const { requests: slots, writer } = reservePackets(plan, batch);
      return {
        slots,
        begin: (input) => {
          checkPlanInput(plan, input);
          const flow = newFlow();
          const outgoing = new ImageOutgoing(plan, writer, createSender(plan, slots.slots), flow, input);
          return { flows: [{ flow, requests, outgoing }], description: null };
        },
      };
    },
    receive: (flows) => {
      checkFlowCount(plan, flows.length, 1);
      const incoming = new PlacedIncoming(flows[0]!, placement, finish);
      return { flows: [placedFlow(flows[0]!, incoming)], result: () => incoming.result() };
    },
  };
}
