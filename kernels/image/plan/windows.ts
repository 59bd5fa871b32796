/**
 * Windows: packets that are sent together, and the page loads that may begin while they are under way.
 *
 * @module
 */

import type { PageLoad } from "../residency/replacement.ts";
import type { Schedule } from "./schedule.ts";

/** Packets with consecutive sequence numbers, of one epoch. */
export interface PacketRange {
  /** The first sequence number. */
  readonly first: number;
  /** The last one. */
  readonly last: number;
  /** The epoch, which is the place in the schedule's work. */
  readonly epoch: number;
}

/** Packets that are sent together. */
export interface ScheduledWindow {
  /** The packets, in the order in which they are sent. */
  readonly ranges: readonly PacketRange[];
  /** Loads to queue before. */
  readonly loads: readonly PageLoad[];
}

/**
 * Cuts a schedule into windows.
 *
 * @param schedule The schedule.
 * @param most Packets of a window at most.
 */
export function* scheduledWindows(
  { work, residency: { loads } }: Schedule,
  most: number,
): Generator<ScheduledWindow> {
  const parts = work.flatMap(({ ranges }, epoch) => ranges.map(([first, last]) => ({ first, last, epoch })));
  let queued = 0;
  for (const ranges of packWindows(parts, most)) {
    const from = queued;
    // All that may begin before this window ends, so that it runs beside the work.
    const last = ranges.at(-1)!.epoch;
    while (queued < loads.length && loads[queued]!.after <= last) queued++;
    yield { ranges, loads: loads.slice(from, queued) };
  }
}

/**
 * Cuts ranges into windows of at most `most` packets.
 *
 * @param ranges The ranges, in order.
 * @param most Packets of a window at most.
 */
export function* packWindows<T extends { readonly first: number; readonly last: number }>(
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
