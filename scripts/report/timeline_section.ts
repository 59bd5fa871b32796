/**
 * The section about time: what the core does, when pages come, and when it waits.
 *
 * @module
 */

import { bytesPerCycle, latencyCycles, type Plan, sendsRows } from "../../mod.ts";
import { gantt } from "./gantt.ts";
import { mark, type Markup } from "./markup.ts";
import { section } from "./page.ts";
import { INK, key, pageColour } from "./palette.ts";
import { count, many, ordinal, percent, timeText } from "./text.ts";
import { type Lane, type PlanTimeline, planTimeline } from "./timeline.ts";

/** Slots that a view close up shows at most. */
const SLOTS = 8;

/** The section about time. */
export function timelineSection(plan: Plan): Markup {
  const timeline = planTimeline(plan);
  const lead = plan.pages === null
    ? "What each part of the device does from the first byte to the last, simulated; time goes to the right."
    : "Which table page stands in which slot of on-chip memory, when it is loaded, and when the core waits " +
      "for it; time goes to the right.";
  const content = plan.pages !== null
    ? pagesContent(plan, timeline)
    : sendsRows(plan)
    ? rowsContent(plan, timeline)
    : packetsContent(plan, timeline);
  return section("time", "Timeline", lead, content);
}

/** A part of a timeline close up. */
function view(
  plan: Plan,
  heading: string,
  text: string,
  lanes: readonly Lane[],
  from: number,
  to: number,
  height: "tall" | "thin" = "tall",
): Markup {
  const { clockMHz } = plan.device;
  return mark`<h3>${heading}</h3>
<p>${text}</p>
${gantt({ label: `${heading}. ${text}`, lanes, from, to, clockMHz, height })}
`;
}

const core = ({ lanes }: PlanTimeline): Lane => lanes.find(({ part }) => part === "core")!;

function pagesContent(plan: Plan, timeline: PlanTimeline): Markup {
  const { cycles, begin, lanes } = timeline;
  const { pages, cost, device } = plan;
  const work = core(timeline).spans.filter(({ kind }) => kind === "work");
  const slots = lanes.filter(({ part }) => part === "slot");
  const used = slots.filter(({ spans }) => spans.length > 0);
  const others = lanes.filter(({ part }) => part !== "slot");
  const loads = others.find(({ part }) => part === "loads")!.spans;
  const transfer = Math.ceil(pages!.bytes / bytesPerCycle(device));
  const swaps = loads.filter(({ victim }) => victim !== undefined);
  const swap = swaps.find(({ request, start }) => start > request! + latencyCycles(device) / 2) ?? swaps[0];
  const late =
    loads.find(({ request, start }, at) =>
      at > 0 && request! > loads[at - 1]!.end - latencyCycles(device) && start > begin
    ) ?? swap;
  const opening = work[Math.min(work.length, 6) - 1]!.end;
  const stall = cost.stalls === 0
    ? "The core never waits for a page."
    : `The core waits ${count(cost.stalls)} of ${count(cost.stalls + cost.ideal)} cycles (${
      percent(cost.stalls / (cost.stalls + cost.ideal))
    }) for pages${
      cost.cycles === cost.leastCycles ? ", and no order of these loads would make it wait less" : ""
    }.`;
  const views = [
    view(
      plan,
      "The whole flow",
      `Each thin line is a slot: pale while a page stands there, strong while the core works with it.${
        slots.length > used.length
          ? ` ${many(slots.length - used.length, "slot")} stay${
            slots.length - used.length === 1 ? "s" : ""
          } empty and ${slots.length - used.length === 1 ? "is" : "are"} not drawn.`
          : ""
      }`,
      [...others, ...used],
      0,
      cycles,
      "thin",
    ),
    view(
      plan,
      "Close up: the beginning",
      "Nothing is on chip yet, so the first page cannot hide behind any work. Numbers are pages.",
      [...others, ...active(slots, 0, opening)],
      0,
      opening,
    ),
  ];
  if (late !== undefined && late.victim !== undefined) {
    const at = Math.max(0, work.findIndex(({ end }) => end > late.request!) - 2);
    const [from, to] = [work[at]!.start, work[Math.min(work.length, at + 7) - 1]!.end];
    const when = loads.indexOf(late);
    views.push(view(
      plan,
      "Close up: pages give way",
      `From about the ${
        ordinal(when)
      } load on every slot is taken: a load begins when the core has left the ` +
        "page that it overwrites. The dark corner marks it.",
      [...others, ...active(slots, from, to)],
      from,
      to,
    ));
  } else if (swaps.length === 0) {
    views.push(mark`<p>Every page has a slot of its own: none is ever overwritten.</p>`);
  }
  return mark`<p>${many(pages!.count, "page")} of ${count(pages!.bytes)} bytes go through ${
    many(pages!.slots, "slot")
  }; a load takes ${count(transfer)} cycles of transfer after a latency of ${count(latencyCycles(device))}.
The host sends the rows of all images that share a page one after another, so each page is loaded once a flow
(${many(cost.swaps, "load")}, ${count(swaps.length)} of them over another page). ${stall}</p>
${views}
${
    key([
      [pageColour(0), "a page's colour; five colours take turns"],
      ["url(#stall)", "stall: the core waits for a page"],
      ["url(#wait)", "the core waits for the tables that stay"],
      [INK.text, "dark corner: a load that overwrites a page"],
    ])
  }`;
}

/** The slots in which something happens in a stretch of time, a few of them. */
function active(slots: readonly Lane[], from: number, to: number): Lane[] {
  const inside = ({ spans }: Lane, kinds: readonly string[]) =>
    spans.filter(({ kind, start, end }) => kinds.includes(kind) && end > from && start < to)
      .map(({ start }) => start);
  const first = (lane: Lane) => Math.min(...inside(lane, ["used"]), ...inside(lane, ["load"]));
  return slots.filter((lane) => inside(lane, ["load", "used"]).length > 0)
    .sort((a, b) => first(a) - first(b)).slice(0, SLOTS);
}

function rowsContent(plan: Plan, timeline: PlanTimeline): Markup {
  const { lanes, cycles, begin } = timeline;
  const work = core(timeline).spans.filter(({ kind }) => kind === "work");
  const input = lanes.find(({ part }) => part === "input")!.spans;
  const busy = work.reduce((sum, { start, end }) => sum + end - start, 0);
  const taking = input.reduce((sum, { start, end }) => sum + end - start, 0);
  const opening = Math.max(work[Math.min(work.length, 6) - 1]!.end, 8 * begin);
  const slower = taking > busy
    ? "so the input sets the pace"
    : taking === busy
    ? "so both set the pace"
    : "so the computing sets the pace";
  const order = [
    ...lanes.filter(({ part }) => part === "input"),
    ...lanes.filter(({ part }) => part !== "input"),
  ];
  return mark`<p><b>Everything stays on chip: no swap.</b> The tables are loaded once (${
    count(begin)
  } cycles),
then rows stream through: taking them in is ${count(taking)} cycles of work, computing the outputs ${
    count(busy)
  }, ${slower}. The core is busy ${percent(busy / cycles)} of the time. An output row begins when its last
input row is in.</p>
${
    view(
      plan,
      "Close up: the beginning",
      "Pieces of the input line are the rows that come in until the next output row can begin.",
      order,
      0,
      Math.min(cycles, opening),
    )
  }
${
    view(
      plan,
      "The whole flow",
      `${many(plan.layout.cut.images, "image")} from first to last.`,
      order,
      0,
      cycles,
      "thin",
    )
  }
${
    key([
      [INK.input, "input rows come in"],
      [INK.work, "an output row is computed"],
      ["url(#wait)", "the core waits: for tables, or for rows"],
      [pageColour(undefined), "load of the tables"],
    ])
  }`;
}

function packetsContent(plan: Plan, timeline: PlanTimeline): Markup {
  const { lanes, cycles, begin } = timeline;
  const work = core(timeline).spans.filter(({ kind }) => kind === "work");
  const opening = Math.max(work[Math.min(work.length, 6) - 1]!.end, Math.min(cycles, 3 * begin));
  const loaded = begin === 0
    ? "There is no table to load"
    : `The tables are loaded once (${count(begin)} cycles, ${timeText(begin / plan.device.clockMHz)})`;
  return mark`<p><b>Everything stays on chip: no swap.</b> ${loaded}; from then on every packet holds all that
its outputs need, so the core never waits for memory: ${count(plan.cost.ideal)} cycles of work, ${
    count(plan.cost.stalls)
  } of waiting.</p>
${
    view(
      plan,
      "Close up: the beginning",
      "The core begins when the tables are there; each piece is one output row's packets.",
      lanes,
      0,
      opening,
    )
  }
${
    view(
      plan,
      "The whole flow",
      `${many(plan.layout.cut.images, "image")} from first to last.`,
      lanes,
      0,
      cycles,
      "thin",
    )
  }
${
    key([
      [INK.work, "the core computes"],
      ["url(#wait)", "the core waits for the tables"],
      [pageColour(undefined), "load of the tables"],
    ])
  }`;
}
