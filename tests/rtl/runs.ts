/**
 * The same packets on the RTL and on the model.
 *
 * @module
 */

import { answersPerRequest } from "../../kernels/image/plan/rows.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { DROP_REASONS } from "../../kernels/rtl/registers.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { createEngine } from "../../serialize/engine.ts";
import {
  packetBytes,
  reserveSlots,
  slotAddress,
  slotBytesFor,
  SLOTS_ALIGNMENT,
} from "../../serialize/packets.ts";
import { load } from "./plans.ts";
import type { Rtl } from "./rtl.ts";
import { programOf } from "../support/program.ts";

/** What came of packets, on the RTL or on the model. */
export interface Result {
  readonly answers: Uint8Array[];
  readonly drops: Readonly<Record<string, number>>;
  readonly cycles: number;
}

/** What the model makes of packets that are sent together. */
export async function modelRun(plan: ImagePlan, sent: readonly Uint8Array[]): Promise<Result> {
  await using device = createModelDevice(plan.target);
  await device.load(programOf(plan));
  const { payload, answers } = plan.body.layout;
  const most = (sent.length + 1) * answersPerRequest(plan) + sent.length;
  const back = answers.itemsPerPacket * plan.body.output.planes * plan.body.output.itemBytes;
  const engine = createEngine(
    sent.length * slotBytesFor(payload) + most * slotBytesFor(back) + 2 * SLOTS_ALIGNMENT,
  );
  const input = reserveSlots(engine, sent.length, payload);
  const output = reserveSlots(engine, most, back);
  sent.forEach((packet, slot) => engine.bytes.set(packet, slotAddress(input, slot)));
  const before = device.counters();
  const count = await device.exchange({ input, count: sent.length, output });
  const { cycles, dropped } = device.counters();
  const given = Array.from({ length: count }, (_, slot) => packetBytes(output, slot).slice());
  return { answers: given, drops: { ...dropped }, cycles: cycles! - before.cycles! };
}

/** What the RTL makes of packets that are sent together. */
export function rtlRun(plan: ImagePlan, sent: readonly Uint8Array[], pauses = {}, on?: Rtl): Result {
  const { answers, drops, cycles } = load(plan, on).run(sent, pauses);
  const named = drops.map((count, reason) => [DROP_REASONS[reason]!, count] as const);
  return { answers, drops: Object.fromEntries(named.filter(([, count]) => count > 0)), cycles };
}
