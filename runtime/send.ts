/**
 * The order in which a session sends: windows of packets and, before each, the page loads that may
 * begin while it runs.
 *
 * @module
 */

import { KERNELS } from "../kernels/mod.ts";
import type { StagedPage } from "./device/page_bank.ts";
import type { Plan } from "./plan/plan.ts";
import { schedulePages } from "./plan/schedule.ts";

/** Packets that are sent together. */
export interface Window {
  /** Ranges of sequence numbers with their epoch, in the order in which they are sent. */
  readonly ranges: readonly { readonly first: number; readonly last: number; readonly epoch: number }[];
  /** Loads to queue before. */
  readonly pages: readonly StagedPage[];
}

/** What decides the order; it remembers which pages stand on the device. */
export interface Sender {
  /** Windows for some packets, as ranges of sequence numbers. */
  readonly windows: (ranges: readonly (readonly [number, number])[]) => Generator<Window>;
}

/**
 * Makes the sender of a session.
 *
 * @param plan The plan.
 * @param most Packets of a window at most.
 */
export function createSender(plan: Plan, most: number): Sender {
  return plan.pages === null ? { windows: (ranges) => plainWindows(ranges, most) } : pagedSender(plan, most);
}

function* plainWindows(ranges: readonly (readonly [number, number])[], most: number): Generator<Window> {
  for (const parts of packed(ranges.map(([first, last]) => ({ first, last, epoch: 0 })), most)) {
    yield { ranges: parts, pages: [] };
  }
}

function pagedSender(plan: Plan, most: number): Sender {
  const { params, form, kernel } = plan.stages[0]!;
  const page = KERNELS[kernel]!.page!;
  let resident: readonly number[] = [];
  let nextEpoch = 0;
  return {
    *windows(ranges) {
      const { work, residency } = schedulePages(plan, ranges, resident);
      const base = nextEpoch;
      nextEpoch += work.length;
      // Whatever happens to the windows, the device is told of these loads in this order.
      resident = residency.resident;
      const parts = work.flatMap(({ ranges }, at) =>
        ranges.map(([first, last]) => ({ first, last, epoch: base + at }))
      );
      let staged = 0;
      for (const window of packed(parts, most)) {
        const last = window.at(-1)!.epoch - base;
        const pages: StagedPage[] = [];
        // All that may begin before this window ends, so that it runs beside the work.
        for (; staged < residency.loads.length && residency.loads[staged]!.after <= last; staged++) {
          const load = residency.loads[staged]!;
          pages.push({
            page: load.page,
            slot: load.slot,
            bytes: page(params, form, load.page),
            after: load.after < 0 ? -1 : base + load.after,
            before: base + load.before,
          });
        }
        yield { ranges: window, pages };
      }
    },
  };
}

/** Cuts ranges into windows of at most `most` packets. */
function* packed<T extends { readonly first: number; readonly last: number }>(
  ranges: readonly T[],
  most: number,
): Generator<T[]> {
  let window: T[] = [];
  let room = most;
  for (const range of ranges) {
    for (let first = range.first; first <= range.last;) {
      const last = Math.min(range.last, first + room - 1);
      window.push({ ...range, first, last });
      room -= last - first + 1;
      first = last + 1;
      if (room === 0) {
        yield window;
        [window, room] = [[], most];
      }
    }
  }
  if (window.length > 0) yield window;
}
