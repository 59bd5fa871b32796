/**
 * A plan's first flow in time: what the core, the page loads and every page slot do, from the same
 * schedule and simulation that the plan's cost comes from. The report draws it, the trace lists it.
 *
 * @module
 */

import { beatsOf } from "../../kernels/image/rtl/cycles.ts";
import { itemsPerCycle, packetsOfImage } from "../../kernels/image/plan/layouts.ts";
import { lastRows } from "../../kernels/image/plan/price.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { schedulePages, simulateSchedule } from "../../kernels/image/plan/schedule.ts";
import { sendsRows } from "../../kernels/image/plan/rows.ts";
import { KIND } from "../../serialize/header.ts";

/**
 * What a span is: `work` of the core; `stall` for a page; `wait` for rows or for the tables; `load` of a
 * page or the tables; `held`, a page that stands in a slot; `used`, the part of it that the core works
 * with; `input` of rows.
 */
export type SpanKind = "work" | "stall" | "wait" | "load" | "held" | "used" | "input";

/** A stretch of time. Plain data. */
export interface Span {
  /** What it is. */
  readonly kind: SpanKind;
  /** What it is, for people. */
  readonly name: string;
  /** The cycle in which it begins. */
  readonly start: number;
  /** The first cycle after it. */
  readonly end: number;
  /** The page, where it is about one. */
  readonly page?: number;
  /** The page that a load overwrites. */
  readonly victim?: number;
  /** The cycle in which a load was asked for. */
  readonly request?: number;
}

/** What one part of the device does. */
export interface Lane {
  /** Which part. */
  readonly part: "core" | "loads" | "slot" | "input";
  /** Its name, for people. */
  readonly name: string;
  /** What it does, in order; `used` spans stand after the `held` one that they are in. */
  readonly spans: readonly Span[];
}

/** A flow in time. Plain data. */
export interface PlanTimeline {
  /** The core first. */
  readonly lanes: readonly Lane[];
  /** The cycle of the first packet: until then tables are loaded. */
  readonly begin: number;
  /** Until the end, in cycles. */
  readonly cycles: number;
}

/**
 * The timeline of a plan's first flow.
 *
 * @param plan The plan.
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

/** Pages come over one channel into slots while the core works. */
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
    const stands = open.get(slot);
    if (stands === undefined) return;
    slots[slot]!.push({ ...stands.held, end: at }, ...stands.used);
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

/** Rows come in packet by packet; an output row begins when its last input row is in. */
function rowLanes(plan: ImagePlan, begin: number): Lane[] {
  const { cut, answers, channels } = plan.body.layout;
  const rowCycles = Math.ceil(answers.width / itemsPerCycle(plan.target, KIND.cells, channels));
  const last = lastRows(plan);
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
  // Input after the last output row, as under a crop: the flow ends with it.
  if (taken > done) core.push({ kind: "wait", name: "input that no output needs", start: done, end: taken });
  return [
    { part: "core", name: "output rows", spans: core },
    { part: "input", name: "input rows", spans: input },
  ];
}

/** Packets that need nothing but themselves: the core never waits. One span an output row. */
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
  // A packet is stored on its way; windows end with their last one's latency, shown once at the end.
  const { latency } = plan.body.cost;
  if (latency > 0) {
    core.push({ kind: "wait", name: "the last packets are on their way", start: now, end: now + latency });
  }
  return [{ part: "core", name: "compute core", spans: core }];
}
