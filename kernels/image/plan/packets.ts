/**
 * The memory that a plan's packets need.
 *
 * @module
 */

import { createEngine } from "../../../serialize/engine.ts";
import { createImageWriter, type ImageWriter } from "../../../serialize/image_writer.ts";
import { type PacketSlots, reserveSlots, slotBytesFor, SLOTS_ALIGNMENT } from "../../../serialize/packets.ts";
import { planItems } from "./map.ts";
import type { ImagePlan, PlanDraft } from "./plan.ts";
import { answersPerRequest, rowMap, sendsRows } from "./rows.ts";

/** Packets that are sent together at most: 1,024 slots of 1,408 bytes are 1.4 MB, whatever the batch. */
export const WINDOW_PACKETS = 1024;

/**
 * Packets of a plan that are sent together.
 *
 * @param plan The plan.
 * @param window Packets in flight at most.
 */
export function windowPackets(plan: PlanDraft, window = WINDOW_PACKETS): number {
  // A few rows can become a whole image: then fewer requests are in flight.
  return Math.max(
    1,
    Math.min(Math.floor(4 * window / answersPerRequest(plan)), window, plan.body.layout.cut.packets),
  );
}

/** Memory for a plan's packets, and the writer that fills it. */
export interface PlanPackets {
  /** Slots for packets to the device. */
  readonly requests: PacketSlots;
  /** Slots for all answers that the requests can bring about. */
  readonly answers: PacketSlots;
  /** Writes packets into the requests. */
  readonly writer: ImageWriter;
}

/**
 * Reserves memory for a plan's packets.
 *
 * @param plan The plan.
 * @param window Packets in flight at most.
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
  // Slots, three input rows with their slack, 12 bytes a column, and alignment, of the slots to pages.
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
