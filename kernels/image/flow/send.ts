/**
 * The order in which a session sends: windows of packets and, before each, the page loads that may
 * begin while it runs.
 *
 * @module
 */

import { KERNELS } from "../kernels.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { createEpochCounter } from "../../epochs.ts";
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
  /** Whether the plan is to be loaded again before: its epochs begin at 0, and no page is resident. */
  readonly restarts: boolean;
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
    yield { ranges: parts, pages: [], restarts: false };
  }
}

function pagedSender(plan: ImagePlan, most: number): Sender {
  const { params, form, kernel } = plan.body.stages[0]!;
  const page = KERNELS[kernel]!.page!;
  const epochs = createEpochCounter(plan.target.epochs);
  let resident: readonly number[] = [];
  return {
    reset: () => {
      epochs.restart();
      resident = [];
    },
    *windows(ranges) {
      let schedule = schedulePages(plan, ranges, resident);
      let base = epochs.reserve(schedule.work.length);
      let restarts = base === null;
      if (base === null) {
        epochs.restart();
        schedule = schedulePages(plan, ranges, []);
        base = epochs.reserve(schedule.work.length) ?? tooMany(plan, schedule.work.length);
      }
      const first = base;
      // Whatever happens to the windows, the device is told of these loads in this order.
      resident = schedule.residency.resident;
      for (const { ranges, loads } of scheduledWindows(schedule, most)) {
        yield {
          ranges: ranges.map((range) => ({ ...range, epoch: first + range.epoch })),
          pages: loads.map((load) => ({
            page: load.page,
            slot: load.slot,
            bytes: page(params, form, load.page),
            after: load.after < 0 ? -1 : first + load.after,
            before: first + load.before,
          })),
          restarts,
        };
        restarts = false;
      }
    },
  };
}

function tooMany({ id, target }: ImagePlan, epochs: number): never {
  throw new OnpathError(
    "table",
    `Cannot run plan ${id}: a run takes ${epochs} epochs, device ${target.name} counts ${target.epochs}`,
    { plan: id, epochs, most: target.epochs },
  );
}
