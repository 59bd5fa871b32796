/**
 * Swap schedule: groups packets by the page that serves them, and plans the page loads.
 * The page sequence is known before the first packet. So a load starts as soon as the page that it overwrites
 * is no longer needed.
 *
 * @module
 */

import { locate } from "../../../serialize/partition.ts";
import { bytesPerCycle, latencyCycles } from "../../target/profile.ts";
import { replace, type Residency } from "../residency/replacement.ts";
import { type Access, simulate, type Timeline } from "../residency/simulate.ts";
import { itemsPerCycle, packetsOfImage } from "./layouts.ts";
import { planMap } from "./map.ts";
import type { PlanDraft } from "./plan.ts";
import { beatsOf } from "../rtl/cycles.ts";

/** Consecutive packets that one page serves. */
export interface PageWork extends Access {
  /** Ranges of sequence numbers, first to last, both inclusive. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** Schedule: work in send order, and the page loads in between. */
export interface Schedule {
  /** Groups of packets, in send order. */
  readonly work: readonly PageWork[];
  /** Page loads, and the pages that stay resident. */
  readonly residency: Residency;
}

/** No page is resident. */
const NOTHING: readonly number[] = [];

/**
 * Schedules the packets of a plan with pages. Packets of all images are grouped by page, so that each page is
 * loaded once. Resident pages come first.
 *
 * @param plan Plan without cost and notes.
 * @param ranges Ranges of sequence numbers to send.
 * @param resident Page in each slot; −1 for an empty slot.
 * @param order `page`: group the rows of all images by page. `image`: keep the order of the images.
 */
export function schedulePages(
  plan: PlanDraft,
  ranges: readonly (readonly [number, number])[],
  resident: readonly number[] = NOTHING,
  order: "page" | "image" = "page",
): Schedule {
  const { cut, kind, channels } = plan.body.layout;
  const { phase } = planMap(plan).y;
  const perCycle = itemsPerCycle(plan.target, kind, channels);
  // The RTL also spends cycles on headers.
  const cyclesOf = packetsOfImage(cut).map((items) => {
    const beats = plan.target.timing === "rtl" ? beatsOf(plan, items) : null;
    return beats === null ? Math.ceil(items / perCycle) : Math.max(beats.read, beats.out);
  });
  const work: { page: number; cycles: number; ranges: [number, number][] }[] = [];
  const byPage = new Map<number, (typeof work)[number]>();
  const span = { first: 0, count: 0 };
  for (const [from, to] of ranges) {
    for (let sequence = from; sequence <= to; sequence++) {
      locate(cut, sequence, span);
      const row = Math.floor(span.first / cut.width) % cut.height;
      const page = phase[row]!;
      let group = order === "page" ? byPage.get(page) : work.at(-1);
      if (group === undefined || group.page !== page) {
        group = { page, cycles: 0, ranges: [] };
        byPage.set(page, group);
        work.push(group);
      }
      group.cycles += cyclesOf[sequence % cyclesOf.length]!;
      const last = group.ranges.at(-1);
      if (last !== undefined && last[1] === sequence - 1) last[1] = sequence;
      else group.ranges.push([sequence, sequence]);
    }
  }
  if (order === "page") {
    const kept = (page: number) => resident.includes(page) ? 0 : 1;
    work.sort((a, b) => kept(a.page) - kept(b.page));
  }
  const residency = replace(
    work.map(({ page }) => page),
    plan.body.pages!.slots,
    "shadow",
    fill(resident, plan),
  );
  return { work, residency };
}

function fill(resident: readonly number[], plan: PlanDraft): number[] {
  return Array.from({ length: plan.body.pages!.slots }, (_, slot) => resident[slot] ?? -1);
}

/**
 * Simulates a schedule on the plan's target.
 *
 * @param plan Plan without cost and notes.
 * @param schedule Schedule of its packets.
 */
export function simulateSchedule(plan: PlanDraft, { work, residency }: Schedule): Timeline {
  const bytes = plan.body.pages!.bytes;
  return simulate(work, residency, {
    bytes: () => bytes,
    bytesPerCycle: bytesPerCycle(plan.target),
    latency: latencyCycles(plan.target),
  });
}
