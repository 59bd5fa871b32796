/**
 * Pages and cost of a plan under construction.
 *
 * @module
 */

import type { TableForm } from "../kernel.ts";
import { KIND } from "../../../serialize/header.ts";
import { bytesPerCycle } from "../../target/profile.ts";
import { loadCycles, residentBytes, streamCycles } from "./cost.ts";
import type { PlanCost } from "./plan.ts";
import { itemsPerCycle, packetsOfImage, workCycles } from "./layouts.ts";
import type { PlanDraft, PlanPages, PlanPart } from "./plan.ts";
import { beatsOf, rtlFlowCycles } from "../rtl/cycles.ts";
import { rtlPageCycles } from "../rtl/page_clock.ts";
import { rtlPagedCycles } from "../rtl/page_cycles.ts";
import { rtlRowCycles } from "../rtl/row_cycles.ts";
import { rowSpans } from "./rows.ts";
import { type Schedule, schedulePages, simulateSchedule } from "./schedule.ts";

/**
 * Computes the pages of a plan.
 *
 * @param plan Layout and output of the plan.
 * @param pages Pages of its table form.
 * @param slots Page slots that fit.
 */
export function pagesOf(
  plan: PlanPart<"layout" | "output">,
  pages: TableForm["pages"],
  slots: number,
): PlanPages | null {
  if (pages === null) return null;
  const { cut, kind, channels } = plan.body.layout;
  const perCycle = itemsPerCycle(plan.target, kind, channels);
  const rowCycles = packetsOfImage(cut).slice(0, cut.packetsPerRow)
    .reduce((sum, items) => {
      const beats = plan.target.timing === "rtl" ? beatsOf(plan, items) : null;
      return sum + (beats === null ? Math.ceil(items / perCycle) : Math.max(beats.read, beats.out));
    }, 0);
  // Rows that share a phase do so in every image. A page's minimum work is therefore its rows of one image.
  const rows = Math.max(1, Math.floor(cut.height / pages.count));
  const loading = plan.target.timing === "rtl"
    ? rtlPageCycles(pages.bytes)
    : Math.ceil(pages.bytes / bytesPerCycle(plan.target));
  const breakEven = Math.ceil(loading / (rowCycles * rows));
  return { ...pages, slots, breakEven, keep: true };
}

/**
 * Computes the cost of a plan's flow.
 *
 * @param plan Plan without cost and notes.
 */
export function costPlan(plan: PlanDraft): PlanCost {
  const { cut, channels, name } = plan.body.layout;
  const resident = residentBytes(plan.body.tables, plan.body.pages !== null);
  const load = loadCycles(plan.target, plan.body.tables, plan.body.pages !== null);
  if (plan.body.pages !== null) {
    const ranges = [[0, cut.packets - 1] as const];
    const schedule = schedulePages(plan, ranges);
    const timeline = pagedCycles(plan, schedule);
    const next = pagedCycles(plan, schedulePages(plan, ranges, schedule.residency.resident));
    return {
      ideal: timeline.ideal,
      stalls: timeline.stalls,
      latency: timeline.cycles - timeline.ideal - timeline.stalls,
      load,
      cycles: load + timeline.cycles,
      minCycles: load + timeline.minCycles,
      again: next.cycles,
      swaps: timeline.swaps,
      tableBytes: resident + timeline.swaps * plan.body.pages.bytes,
    };
  }
  const perCycle = itemsPerCycle(plan.target, name === "samples" ? KIND.samples : KIND.cells, channels);
  const rowsAreSent = name === "grid" || name === "rows" || name === "image";
  const { ideal, cycles } = plan.target.timing === "rtl" ? rtlCycles(plan) : rowsAreSent
    ? streamCycles(
      cut,
      channels,
      plan.target.busBytes,
      rowSpans(plan).last,
      Math.ceil(plan.body.layout.answers.width / perCycle),
    )
    : { ideal: workCycles(cut, perCycle), cycles: workCycles(cut, perCycle) };
  return {
    ideal,
    stalls: plan.target.timing === "rtl" ? 0 : cycles - ideal,
    latency: plan.target.timing === "rtl" ? cycles - ideal : 0,
    load,
    cycles: load + cycles,
    minCycles: load + ideal,
    again: cycles,
    swaps: 0,
    tableBytes: resident,
  };
}

function pagedCycles(plan: PlanDraft, schedule: Schedule) {
  return plan.target.timing === "rtl" ? rtlPagedCycles(plan, schedule) : simulateSchedule(plan, schedule);
}

function rtlCycles(plan: PlanDraft) {
  return plan.body.stages[0]?.kernel === "resample" ? rtlRowCycles(plan) : rtlFlowCycles(plan);
}
