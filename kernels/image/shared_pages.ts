/**
 * Pages of a plan on a device that several flows share.
 *
 * A sender writes the packets of an image page by page, in the order of the plan's schedule. Each request carries its
 * epoch: the number of its page in that order. The owner of the device loads pages as requests arrive, and gives each
 * request a new epoch of the device.
 *
 * @module
 */

import { type Header, HEADER_BYTES, KIND } from "../../serialize/header.ts";
import { locate } from "../../serialize/partition.ts";
import { cellBytes, itemBytes } from "../../serialize/sampling.ts";
import type { SharedPages } from "../halves.ts";
import { KERNELS } from "./kernels.ts";
import type { Sender } from "./flow/send.ts";
import type { ImagePlan } from "./plan/plan.ts";
import { planMap } from "./plan/map.ts";
import { schedulePages } from "./plan/schedule.ts";
import { scheduledWindows } from "./plan/windows.ts";

/** Order in which an image's packets are sent, and the pages that they need. */
export interface PageOrder {
  /** By sequence number: place in the order. */
  readonly places: Uint32Array;
  /** Send order of one image, without page loads. */
  readonly sender: (most: number) => Pick<Sender, "windows">;
  /** Pages for the owner of the device. */
  readonly shared: SharedPages;
}

/**
 * Computes the order of a plan with pages.
 *
 * @param plan Image plan whose `body.pages` is not null.
 */
export function pageOrder(plan: ImagePlan): PageOrder {
  const { cut, kind, channels } = plan.body.layout;
  const { params, form, kernel } = plan.body.stages[0]!;
  const schedule = schedulePages(plan, [[0, cut.packets - 1]]);
  const places = new Uint32Array(cut.packets);
  const epochs = new Uint32Array(cut.packets);
  let place = 0;
  for (const [epoch, { ranges }] of schedule.work.entries()) {
    for (const [first, last] of ranges) {
      for (let sequence = first; sequence <= last; sequence++) {
        places[sequence] = place++;
        epochs[sequence] = epoch;
      }
    }
  }
  const { phase } = planMap(plan).y;
  const item = itemBytes(kind, channels), cell = cellBytes(channels);
  const span = { first: 0, count: 0 };
  const refusal = ({ sequence, epoch, position, length }: Header, bytes: Uint8Array) => {
    if (sequence >= cut.packets) return "items";
    locate(cut, sequence, span);
    if (position !== span.first || length !== span.count * item) return "items";
    if (epoch !== epochs[sequence]) return "epoch";
    if (kind !== KIND.cells) return null;
    // Cells name their row, and so their page.
    const page = phase[Math.floor(position / cut.width) % cut.height]!;
    for (let at = HEADER_BYTES + 4 * channels; at < HEADER_BYTES + length; at += cell) {
      if ((bytes[at + 2]! | (bytes[at + 3]! << 8)) !== page) return "weight";
    }
    return null;
  };
  return {
    places,
    sender: (most) => ({
      *windows() {
        for (const { ranges } of scheduledWindows(schedule, most)) {
          yield { ranges, pages: [], restarts: false };
        }
      },
    }),
    shared: {
      slots: plan.body.pages!.slots,
      order: schedule.work.map(({ page }) => page),
      refusal,
      make: (page) => KERNELS[kernel]!.page!(params, form, page),
    },
  };
}
