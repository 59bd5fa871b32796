/**
 * What the counters of the RTL show for a flow whose tables have pages, computed.
 *
 * @module
 */

import { packetsOfImage } from "../plan/layouts.ts";
import { WINDOW_PACKETS } from "../plan/packets.ts";
import type { PlanDraft } from "../plan/plan.ts";
import { beatsOf, createPacketClock } from "./cycles.ts";
import { createRtlPageClock } from "./page_clock.ts";
import type { Schedule } from "../plan/schedule.ts";
import { scheduledWindows } from "../plan/windows.ts";

/** Cycles of a flow of a plan with pages. */
export interface PagedCycles {
  /** A beat a cycle on the busier side. */
  readonly ideal: number;
  /** What the counter shows. */
  readonly cycles: number;
  /** Of these, cycles in which a packet waits for a page. */
  readonly stalls: number;
  /** Pages loaded. */
  readonly swaps: number;
  /** The least cycles with these loads: see `simulate`. */
  readonly leastCycles: number;
}

/**
 * Cycles of a flow.
 *
 * @param plan The plan; its cost is not looked at.
 * @param schedule Its schedule.
 */
export function rtlPagedCycles(plan: PlanDraft, schedule: Schedule): PagedCycles {
  const beats = packetsOfImage(plan.body.layout.cut).map((items) => beatsOf(plan, items));
  const entries = plan.body.pages!.bytes / 4;
  const pages = createRtlPageClock(entries);
  let [ideal, cycles, behind, loaded, asked] = [0, 0, 0, 0, 0];
  const { loads } = schedule.residency;
  for (const window of scheduledWindows(schedule, WINDOW_PACKETS)) {
    pages.queue(window.loads, window.ranges.at(-1)!.epoch, cycles);
    const clock = createPacketClock(plan, { clock: pages, base: cycles });
    for (const { first, last, epoch } of window.ranges) {
      // An access that needs load k cannot begin before loads 0 to k are there, whatever runs meanwhile.
      for (; asked < loads.length && loads[asked]!.before <= epoch; asked++) {
        behind = Math.max(behind, (loaded += entries) - ideal);
      }
      for (let sequence = first; sequence <= last; sequence++) {
        const each = beats[sequence % beats.length]!;
        clock.pass(each, epoch);
        ideal += Math.max(each.read, each.out);
      }
    }
    cycles += clock.cycles();
  }
  return { ideal, cycles, stalls: pages.stalls(), swaps: pages.swaps(), leastCycles: ideal + behind };
}
