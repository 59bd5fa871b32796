/**
 * The order in which a session sends: windows of packets and, before each, the page loads that may
 * begin while it runs.
 *
 * @module
 */

import { KERNELS } from "../kernels.ts";
import type { PageLoad } from "../../program.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { schedulePages } from "../plan/schedule.ts";
import { type PacketRange, packWindows, scheduledWindows } from "../plan/windows.ts";

/** Packets that are sent together. */
export interface Window {
  /** Ranges of sequence numbers with their epoch, in the order in which they are sent. */
  readonly ranges: readonly PacketRange[];
  /** Loads to queue before. */
  readonly pages: readonly PageLoad[];
}

/** What decides the order; it remembers which pages stand on the device. */
export interface Sender {
  /** Windows for some packets, as ranges of sequence numbers. */
  readonly windows: (ranges: readonly (readonly [number, number])[]) => Generator<Window>;
  /** Forgets the pages on the device, because its program was loaded again. */
  readonly reset: () => void;
}

/**
 * Makes the sender of a session.
 *
 * @param plan The plan.
 * @param most Packets of a window at most.
 */
export function createSender(plan: ImagePlan, most: number): Sender {
  return plan.body.pages === null
    ? { windows: (ranges) => plainWindows(ranges, most), reset: () => {} }
    : pagedSender(plan, most);
}

function* plainWindows(ranges: readonly (readonly [number, number])[], most: number): Generator<Window> {
  for (const parts of packWindows(ranges.map(([first, last]) => ({ first, last, epoch: 0 })), most)) {
    yield { ranges: parts, pages: [] };
  }
}

function pagedSender(plan: ImagePlan, most: number): Sender {
  const { params, form, kernel } = plan.body.stages[0]!;
  const page = KERNELS[kernel]!.page!;
  let resident: readonly number[] = [];
  let nextEpoch = 0;
  return {
    reset: () => [resident, nextEpoch] = [[], 0],
    *windows(ranges) {
      const schedule = schedulePages(plan, ranges, resident);
      const base = nextEpoch;
      nextEpoch += schedule.work.length;
      // Whatever happens to the windows, the device is told of these loads in this order.
      resident = schedule.residency.resident;
      for (const { ranges, loads } of scheduledWindows(schedule, most)) {
        yield {
          ranges: ranges.map((range) => ({ ...range, epoch: base + range.epoch })),
          pages: loads.map((load) => ({
            page: load.page,
            slot: load.slot,
            bytes: page(params, form, load.page),
            after: load.after < 0 ? -1 : base + load.after,
            before: base + load.before,
          })),
        };
      }
    },
  };
}
