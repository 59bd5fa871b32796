/**
 * Windows: packets sent in one exchange, and the page loads that can start meanwhile.
 *
 * @module
 */

import type { PageLoad } from "../residency/replacement.ts";
import type { Schedule } from "./schedule.ts";

/** Packets of one epoch with consecutive sequence numbers. */
export interface PacketRange {
  /** First sequence number. */
  readonly first: number;
  /** Last sequence number, inclusive. */
  readonly last: number;
  /** Epoch of the packets: the index in the schedule's work. */
  readonly epoch: number;
}

/** Packets sent in one exchange. */
export interface ScheduledWindow {
  /** Packets in send order. */
  readonly ranges: readonly PacketRange[];
  /** Page loads to queue before the window. */
  readonly loads: readonly PageLoad[];
}

/**
 * Splits a schedule into windows.
 *
 * @param schedule Schedule of the packets.
 * @param maxPackets Maximum packets of a window.
 */
export function* scheduledWindows(
  { work, residency: { loads } }: Schedule,
  maxPackets: number,
): Generator<ScheduledWindow> {
  const parts = work.flatMap(({ ranges }, epoch) => ranges.map(([first, last]) => ({ first, last, epoch })));
  let queued = 0;
  for (const ranges of packWindows(parts, maxPackets)) {
    const from = queued;
    // Includes every load that can start before this window ends, so that it runs in parallel with the work.
    const last = ranges.at(-1)!.epoch;
    while (queued < loads.length && loads[queued]!.after <= last) queued++;
    yield { ranges, loads: loads.slice(from, queued) };
  }
}

/**
 * Splits ranges into windows of at most `most` packets.
 *
 * @param ranges Ranges in send order.
 * @param maxPackets Maximum packets of a window.
 */
export function* packWindows<T extends { readonly first: number; readonly last: number }>(
  ranges: readonly T[],
  maxPackets: number,
): Generator<T[]> {
  let window: T[] = [];
  let free = maxPackets;
  for (const range of ranges) {
    for (let first = range.first; first <= range.last;) {
      const last = Math.min(range.last, first + free - 1);
      window.push({ ...range, first, last });
      free -= last - first + 1;
      first = last + 1;
      if (free === 0) {
        yield window;
        [window, free] = [[], maxPackets];
      }
    }
  }
  if (window.length > 0) yield window;
}
