/**
 * Timeline of a plan's first flow: activity of the core, the page loads and every page slot. It uses the
 * schedule and simulation of the plan's cost. The report draws it; the trace lists it.
 *
 * @module
 */

import { beatsOf } from "../../kernels/image/rtl/cycles.ts";
import { itemsPerCycle, packetsOfImage } from "../../kernels/image/plan/layouts.ts";
import { rowSpans } from "../../kernels/image/plan/rows.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { schedulePages, simulateSchedule } from "../../kernels/image/plan/schedule.ts";
import { sendsRows } from "../../kernels/image/plan/rows.ts";
import { KIND } from "../../serialize/header.ts";

/**
 * Kind of a span: `work` of the core; `stall` for a page; `wait` for rows or tables; `load` of a page or of
 * the tables; `held`, a page in a slot; `used`, the part of it in which the core uses the page; `input` of
 * rows.
 */
export type SpanKind = "work" | "stall" | "wait" | "load" | "held" | "used" | "input";

/** Stretch of time. Plain data. */
export interface Span {
  /** Kind of activity. */
  readonly kind: SpanKind;
  /** Description for display. */
  readonly name: string;
  /** First cycle. */
  readonly start: number;
  /** Cycle after the last one. */
  readonly end: number;
  /** Page of the activity, if any. */
  readonly page?: number;
  /** Page that a load overwrites. */
  readonly victim?: number;
  /** Cycle in which a load was requested. */
  readonly request?: number;
}

/** Activity of one part of the device. */
export interface Lane {
  /** Part of the device. */
  readonly part: "core" | "loads" | "slot" | "input";
  /** Label for display. */
  readonly name: string;
  /** Spans in order; `used` spans follow the `held` span that contains them. */
  readonly spans: readonly Span[];
}

/** Timeline of a flow. Plain data. */
export interface PlanTimeline {
  /** Lanes for display, the core first. */
  readonly lanes: readonly Lane[];
  /** Cycle of the first packet; tables are loaded before it. */
  readonly begin: number;
  /** Length of the flow, in cycles. */
  readonly cycles: number;
}

/**
 * Computes the timeline of a plan's first flow.
 *
 * @param plan Plan to simulate.
 */
export function planTimeline(plan: ImagePlan): PlanTimeline {
  const begin = plan.body.cost.load;
  const wait: Span[] = begin === 0
    ? []
    : [{ kind: "wait", name: "waits for the tables", start: 0, end: begin }];
  const tables: Span[] = begin === 0
    ? []
    : [{ kind: "load", name: "tables that stay", start: 0, end: begin }];
  const lanes = plan.body.pages !== null
    ? pageLanes(plan, begin)
    : sendsRows(plan)
    ? rowLanes(plan, begin)
    : packetLanes(plan, begin);
  const core = { ...lanes[0]!, spans: [...wait, ...lanes[0]!.spans] };
  const loads = lanes.find(({ part }) => part === "loads");
  const others = lanes.slice(1).filter((lane) => lane !== loads);
  const channel: Lane = {
    part: "loads",
    name: plan.body.pages === null ? "table load" : "page loads",
    spans: [...tables, ...loads?.spans ?? []],
  };
  return {
    lanes: [core, ...(channel.spans.length > 0 ? [channel] : []), ...others],
    begin,
    cycles: plan.body.cost.cycles,
  };
}

/** Lanes of a plan with pages: pages are loaded over one channel into slots while the core works. */
function pageLanes(plan: ImagePlan, begin: number): Lane[] {
  const schedule = schedulePages(plan, [[0, plan.body.layout.cut.packets - 1]]);
  const { work, loads } = simulateSchedule(plan, schedule);
  const end = plan.body.cost.cycles;
  const core: Span[] = [];
  const channel: Span[] = [];
  const slots: Span[][] = Array.from({ length: plan.body.pages!.slots }, () => []);
  const open = new Map<number, { held: Span; used: Span[] }>();
  const slotOf = new Map<number, number>();
  const close = (slot: number, at: number) => {
    const resident = open.get(slot);
    if (resident === undefined) return;
    slots[slot]!.push({ ...resident.held, end: at }, ...resident.used);
    open.delete(slot);
  };
  let now = begin;
  let at = 0;
  for (const [index, { page, start, end: done }] of work.entries()) {
    for (let load = loads[at]; schedule.residency.loads[at]?.before === index; load = loads[++at]) {
      const { victim } = schedule.residency.loads[at]!;
      const { slot, page: loaded } = load!;
      const [request, first, last] = [load!.start, load!.transfer, load!.end].map((cycle) => begin + cycle);
      close(slot, request!);
      slotOf.set(loaded, slot);
      const span: Span = {
        kind: "load",
        name: `load of page ${loaded}`,
        start: first!,
        end: last!,
        page: loaded,
        request: request!,
        ...(victim < 0 ? {} : { victim }),
      };
      channel.push(span);
      slots[slot]!.push(span);
      open.set(slot, {
        held: { kind: "held", name: `page ${loaded}`, start: last!, end: last!, page: loaded },
        used: [],
      });
    }
    const [from, to] = [begin + start, begin + done];
    if (from > now) core.push({ kind: "stall", name: `stall for page ${page}`, start: now, end: from, page });
    core.push({ kind: "work", name: `rows of page ${page}`, start: from, end: to, page });
    open.get(slotOf.get(page)!)!.used.push({
      kind: "used",
      name: `page ${page} in use`,
      start: from,
      end: to,
      page,
    });
    now = to;
  }
  for (let slot = 0; slot < slots.length; slot++) close(slot, end);
  return [
    { part: "core", name: "compute core", spans: core },
    { part: "loads", name: "page loads", spans: channel },
    ...slots.map((spans, slot): Lane => ({ part: "slot", name: `slot ${slot}`, spans })),
  ];
}

/** Lanes of a plan with rows: an output row begins once its last input row is complete. */
function rowLanes(plan: ImagePlan, begin: number): Lane[] {
  const { cut, answers, channels } = plan.body.layout;
  const rowCycles = Math.ceil(answers.width / itemsPerCycle(plan.target, KIND.cells, channels));
  const { last } = rowSpans(plan);
  const sizes = packetsOfImage(cut);
  const input: Span[] = [];
  const core: Span[] = [];
  let [taken, done, from, firstRow] = [begin, begin, begin, 0];
  const push = (image: number, rows: number) => {
    if (taken === from) return;
    const name = cut.images > 1 ? `image ${image}, rows` : "rows";
    input.push({ kind: "input", name: `${name} ${firstRow} to ${rows - 1}`, start: from, end: taken });
    from = taken;
    firstRow = rows;
  };
  for (let image = 0; image < cut.images; image++) {
    let [items, next] = [0, 0];
    firstRow = 0;
    for (const size of sizes) {
      taken += Math.ceil(size * channels / plan.target.busBytes);
      items += size;
      const rows = Math.floor(items / cut.width);
      if (next < last.length && last[next]! < rows) push(image, rows);
      for (; next < last.length && last[next]! < rows; next++) {
        const start = Math.max(done, taken);
        if (start > done) core.push({ kind: "wait", name: "waits for input rows", start: done, end: start });
        done = start + rowCycles;
        const name = cut.images > 1 ? `image ${image}, output row ${next}` : `output row ${next}`;
        core.push({ kind: "work", name, start, end: done });
      }
    }
    push(image, cut.height);
  }
  // Input may follow the last output row, as with a crop; the flow ends with it.
  if (taken > done) core.push({ kind: "wait", name: "input that no output needs", start: done, end: taken });
  return [
    { part: "core", name: "output rows", spans: core },
    { part: "input", name: "input rows", spans: input },
  ];
}

/** Lanes of a plan with self-contained packets: the core never waits. One span for each output row. */
function packetLanes(plan: ImagePlan, begin: number): Lane[] {
  const { cut, kind, channels } = plan.body.layout;
  const perCycle = itemsPerCycle(plan.target, kind, channels);
  const counted = plan.target.timing === "rtl";
  const cyclesOf = (items: number) => {
    if (!counted) return Math.ceil(items / perCycle);
    const { in: beatsIn, out } = beatsOf(plan, items);
    return Math.max(beatsIn, out);
  };
  const sizes = packetsOfImage(cut);
  const core: Span[] = [];
  let now = begin;
  for (let image = 0; image < cut.images; image++) {
    for (let at = 0; at < sizes.length; at += cut.packetsPerRow) {
      const cycles = sizes.slice(at, at + cut.packetsPerRow).reduce((sum, items) => sum + cyclesOf(items), 0);
      const first = at / cut.packetsPerRow * cut.rowsPerPacket;
      const rows = cut.rowsPerPacket === 1
        ? `output row ${first}`
        : `output rows ${first} to ${Math.min(cut.height, first + cut.rowsPerPacket) - 1}`;
      const name = cut.images > 1 ? `image ${image}, ${rows}` : rows;
      core.push({ kind: "work", name, start: now, end: now += cycles });
    }
  }
  // A window ends with the latency of its last packet; it is shown once, at the end.
  const { latency } = plan.body.cost;
  if (latency > 0) {
    core.push({ kind: "wait", name: "the last packets are in flight", start: now, end: now + latency });
  }
  return [{ part: "core", name: "compute core", spans: core }];
}
