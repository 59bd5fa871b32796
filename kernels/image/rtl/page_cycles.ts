/**
 * Cycle model of the RTL counters for a flow with paged tables.
 *
 * @module
 */

import { pageWords } from "../../rtl/page_commands.ts";
import { packetsOfImage } from "../plan/layouts.ts";
import { WINDOW_PACKETS } from "../plan/packets.ts";
import type { PlanDraft } from "../plan/plan.ts";
import { beatsOf, createPacketClock } from "./cycles.ts";
import { createRtlPageClock } from "./page_clock.ts";
import type { Schedule } from "../plan/schedule.ts";
import { scheduledWindows } from "../plan/windows.ts";

/** Cycles of a flow of a plan with pages. */
export interface PagedCycles {
  /** Minimum cycles: one beat a cycle on the busier side. */
  readonly ideal: number;
  /** Value of the RTL's cycle counter. */
  readonly cycles: number;
  /** Cycles in which packets stalled on a page, included in `cycles`. */
  readonly stalls: number;
  /** Number of pages loaded. */
  readonly swaps: number;
  /** Lower bound with these loads; see `simulate`. */
  readonly minCycles: number;
}

/** How the pages of a flow reach the kernel. */
export interface PagedCyclesOptions {
  /** Latency of the card's memory in cycles, if `onpath_pages` reads lists and pages from it. */
  readonly latency?: number;
  /** Packets of a window, whose loads are one list. Default {@linkcode WINDOW_PACKETS}. */
  readonly windowPackets?: number;
}

/**
 * Computes the cycles of a flow.
 *
 * @param plan Plan without cost and notes.
 * @param schedule Schedule of its packets.
 * @param options Memory that pages are read from, and windows. Default the table stream never waits for memory.
 */
export function rtlPagedCycles(
  plan: PlanDraft,
  schedule: Schedule,
  { latency, windowPackets = WINDOW_PACKETS }: PagedCyclesOptions = {},
): PagedCycles {
  const beats = packetsOfImage(plan.body.layout.cut).map((items) => beatsOf(plan, items));
  const words = pageWords(plan.body.pages!.bytes);
  const pages = createRtlPageClock(words, latency);
  let [ideal, cycles, behind, loaded, asked] = [0, 0, 0, 0, 0];
  const { loads } = schedule.residency;
  for (const window of scheduledWindows(schedule, windowPackets)) {
    pages.queue(window.loads, window.ranges.at(-1)!.epoch, cycles);
    const clock = createPacketClock(plan, { clock: pages, base: cycles });
    for (const { first, last, epoch } of window.ranges) {
      // An access that needs load k cannot start before loads 0 to k are done.
      for (; asked < loads.length && loads[asked]!.before <= epoch; asked++) {
        behind = Math.max(behind, (loaded += words) - ideal);
      }
      for (let sequence = first; sequence <= last; sequence++) {
        const each = beats[sequence % beats.length]!;
        clock.pass(each, epoch);
        ideal += Math.max(each.read, each.out);
      }
    }
    cycles += clock.cycles();
  }
  return { ideal, cycles, stalls: pages.stalls(), swaps: pages.swaps(), minCycles: ideal + behind };
}
