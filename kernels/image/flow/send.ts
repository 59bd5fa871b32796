/**
 * Send order of a session: windows of packets, each with the page loads that can start while it runs.
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

/** Packets sent in one exchange. */
export interface Window {
  /** Ranges of sequence numbers with their epoch, in send order. */
  readonly ranges: readonly PacketRange[];
  /** Page loads to queue before the window. */
  readonly pages: readonly PageLoad[];
  /**
   * Whether the program must be reloaded before the window. Epochs then restart at 0, and no page is
   * resident.
   */
  readonly restarts: boolean;
}

/** Send order of a session. It tracks the pages that are resident on the device. */
export interface Sender {
  /** Generates the windows for ranges of sequence numbers. */
  readonly windows: (ranges: readonly (readonly [number, number])[]) => Generator<Window>;
  /** Clears the list of resident pages, after the program was reloaded. */
  readonly reset: () => void;
}

/**
 * Creates the sender of a session.
 *
 * @param plan Compiled image plan.
 * @param most Maximum packets of a window.
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
      // The device receives these loads in this order, even if windows are abandoned.
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
    `Cannot run plan ${id}: a run needs ${epochs} epochs, device ${target.name} has ${target.epochs}`,
    { plan: id, epochs, most: target.epochs },
  );
}
