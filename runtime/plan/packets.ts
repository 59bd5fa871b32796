/**
 * The memory that a plan's packets need.
 *
 * @module
 */

import { composeAxis, resizeAxes } from "../../kernels/mod.ts";
import {
  createEngine,
  createImageWriter,
  type ImageWriter,
  type PacketSlots,
  reserveSlots,
  type SeparableMap,
  slotBytesFor,
} from "../../serialize/mod.ts";
import type { Plan } from "./plan.ts";

/** The sampling map of a plan's geometry. */
export function planMap(plan: Plan): SeparableMap {
  const { before, resize, after } = plan.geometry;
  const axes = resize === null ? undefined : resizeAxes(resize);
  return {
    form: "separable",
    y: composeAxis(before.y, axes?.y, after.y),
    x: composeAxis(before.x, axes?.x, after.x),
  };
}

/** Memory for a plan's packets, and the writer that fills it. */
export interface PlanPackets {
  /** Slots for packets to the device. */
  readonly requests: PacketSlots;
  /** As many slots for answers. */
  readonly answers: PacketSlots;
  /** Writes packets into the requests. */
  readonly writer: ImageWriter;
}

/**
 * Reserves memory for a plan's packets.
 *
 * @param plan The plan.
 * @param window Packets in flight at most: 1,024 slots of 1,408 bytes are 1.4 MB, whatever the batch.
 */
export function reservePackets(plan: Plan, window = 1024): PlanPackets {
  const { cut, kind, channels, payload, checksum } = plan.layout;
  const images = cut.images;
  const width = plan.input.shape[plan.input.layout.indexOf("W")]!;
  const height = plan.input.shape[plan.input.layout.indexOf("H")]!;
  const slots = Math.min(window, cut.packets);
  const back = cut.itemsPerPacket * plan.output.planes * plan.output.itemBytes;
  // Slots, three input rows with their slack, 12 bytes a column, and alignment.
  const bytes = slots * (slotBytesFor(payload) + slotBytesFor(back)) + 3 * (width * channels + 80) +
    12 * cut.width + 1024;
  const engine = createEngine(bytes);
  const requests = reserveSlots(engine, slots, payload);
  const answers = reserveSlots(engine, slots, back);
  const writer = createImageWriter(engine, {
    kind,
    images,
    height,
    width,
    channels,
    map: planMap(plan),
    fill: plan.geometry.fill,
    cut,
    plan: plan.id,
    checksum,
  });
  return { requests, answers, writer };
}
