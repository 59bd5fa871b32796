/**
 * The swap schedule: which packets go together because one page serves them, and when pages are loaded.
 * The page sequence is known before the first packet, so loads are planned and begin as early as the
 * slot that they overwrite allows.
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

/** Packets that one page serves, one after another. */
export interface PageWork extends Access {
  /** Ranges of sequence numbers, first to last. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** A schedule: the work in the order in which it is sent, and the loads between. */
export interface Schedule {
  /** The work. */
  readonly work: readonly PageWork[];
  /** The loads. */
  readonly residency: Residency;
}

/** Pages stand in their slots in this order when nothing is kept from before. */
const NOTHING: readonly number[] = [];

/**
 * Schedules packets of a plan whose tables have pages: page by page over all images of the batch, so
 * that each page is loaded once; pages that are kept from before go first.
 *
 * @param plan The plan.
 * @param ranges The packets, as ranges of sequence numbers.
 * @param resident The page in each slot, −1 for none: what is kept from before.
 * @param order `page` groups the rows of all images by their page; `image` sends them as they come.
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
  // The RTL takes headers too.
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
 * Simulates a schedule on the plan's device.
 *
 * @param plan The plan.
 * @param schedule Its schedule.
 */
export function simulateSchedule(plan: PlanDraft, { work, residency }: Schedule): Timeline {
  const bytes = plan.body.pages!.bytes;
  return simulate(work, residency, {
    bytes: () => bytes,
    bytesPerCycle: bytesPerCycle(plan.target),
    latency: latencyCycles(plan.target),
  });
}
