/**
 * Packets of a plan with any bytes in them.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { itemBytes } from "../../serialize/sampling.ts";
import { randomBytes } from "../support/random.ts";
import { sealed } from "./plans.ts";

/** A weight index that the plan's tables have. */
function anyIndex({ body: { tables } }: ImagePlan, seed: number): number {
  const entries = (name: string) => tables.find((table) => table.name === name)?.entries;
  const weights = entries("weights");
  if (weights !== undefined) return seed % weights;
  return seed % entries("columns")! + 65536 * ((seed >> 3) % entries("rows")!);
}

/**
 * Packets of any samples and weight indexes, some shorter than others; each eighth item is of one level,
 * for ties and saturation are at the ends of the range.
 */
export function scramble(plan: ImagePlan, packets: readonly Uint8Array[], seed: number): Uint8Array[] {
  const { kind, channels } = plan.body.layout;
  const step = itemBytes(kind, channels);
  const samples = kind === KIND.cells ? 4 * channels : channels;
  return packets.map((packet, number) => {
    const most = (packet.length - HEADER_BYTES) / step;
    const items = Math.max(1, most - (seed + number * 7) % (number % 3 === 0 ? 1 : most));
    const result = packet.slice(0, HEADER_BYTES + items * step);
    const view = new DataView(result.buffer);
    view.setUint16(20, items * step, true);
    result.set(randomBytes(items * step, seed + number), HEADER_BYTES);
    for (let i = 0; i < items; i++) {
      const at = HEADER_BYTES + i * step;
      if (i % 8 === 0) result.fill(i % 16 === 0 ? 255 : 0, at, at + samples);
      if (kind === KIND.cells) view.setUint32(at + samples, anyIndex(plan, seed + 7919 * i), true);
    }
    return sealed(result);
  });
}
