/**
 * Packet memory of a plan.
 *
 * @module
 */

import { createEngine } from "../../../serialize/engine.ts";
import { createImageWriter, type ImageWriter } from "../../../serialize/image_writer.ts";
import { type PacketSlots, reserveSlots, slotBytesFor, SLOTS_ALIGNMENT } from "../../../serialize/packets.ts";
import { planItems } from "./map.ts";
import type { ImagePlan, PlanDraft } from "./plan.ts";
import { answersPerRequest, rowMap, sendsRows } from "./rows.ts";

/** Maximum packets in one exchange. 1,024 slots of 1,408 bytes have 1.4 MB, for any batch size. */
export const WINDOW_PACKETS = 1024;

/**
 * Returns the packets that a plan sends in one exchange.
 *
 * @param plan Plan without cost and notes.
 * @param window Maximum packets in flight.
 */
export function windowPackets(plan: PlanDraft, window = WINDOW_PACKETS): number {
  // A few request rows can produce a whole image. Fewer requests are then in flight.
  return Math.max(
    1,
    Math.min(Math.floor(4 * window / answersPerRequest(plan)), window, plan.body.layout.cut.packets),
  );
}

/** Packet memory of a plan, and the writer that fills it. */
export interface PlanPackets {
  /** Slots for requests to the device. */
  readonly requests: PacketSlots;
  /** Slots for all answers that the requests can produce. */
  readonly answers: PacketSlots;
  /** Writer of the requests. */
  readonly writer: ImageWriter;
}

/**
 * Reserves the packet memory of a plan.
 *
 * @param plan Compiled image plan.
 * @param window Maximum packets in flight.
 */
export function reservePackets(plan: ImagePlan, window = WINDOW_PACKETS): PlanPackets {
  const { cut, answers, kind, channels, payload, checksum } = plan.body.layout;
  const images = cut.images;
  const width = plan.body.input.shape[plan.body.input.layout.indexOf("W")]!;
  const height = plan.body.input.shape[plan.body.input.layout.indexOf("H")]!;
  const each = answersPerRequest(plan);
  const slots = windowPackets(plan, window);
  const backSlots = Math.min(answers.packets, slots * each);
  const back = answers.itemsPerPacket * plan.body.output.planes * plan.body.output.itemBytes;
  // Slots, three input rows with padding, 12 bytes a column, and the alignment of both slot ranges to pages.
  const bytes = slots * slotBytesFor(payload) + Math.max(slots, backSlots) * slotBytesFor(back) +
    3 * (width * channels + 80) +
    12 * cut.width + 1024 + 2 * SLOTS_ALIGNMENT;
  const engine = createEngine(bytes);
  const requests = reserveSlots(engine, slots, payload);
  const replies = reserveSlots(engine, Math.max(slots, backSlots), back);
  const writer = createImageWriter(engine, {
    kind,
    images,
    height,
    width,
    channels,
    map: sendsRows(plan) ? rowMap(plan) : planItems(plan),
    fill: plan.body.geometry.fill,
    cut,
    plan: plan.id,
    checksum,
  });
  return { requests, answers: replies, writer };
}
