/**
 * Timeline of a plan with pages: contents of the slots, and stalls of the core.
 *
 * @module
 */

import { bytesPerCycle, latencyCycles } from "../../kernels/target/profile.ts";
import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { mark, type Markup } from "./markup.ts";
import { INK, key, pageColour } from "./palette.ts";
import { count, many, percent } from "./text.ts";
import type { Lane, PlanTimeline } from "./timeline.ts";
import { coreOf, view } from "./timeline_view.ts";

/** Maximum number of slots in a close-up. */
const SLOTS = 8;

/** Describes the loads, slots and stalls of a plan with pages. */
export function pagesContent(plan: ImagePlan, timeline: PlanTimeline): Markup {
  const { cycles, lanes } = timeline;
  const { target: device, body: { pages, cost } } = plan;
  const work = coreOf(timeline).spans.filter(({ kind }) => kind === "work");
  const slots = lanes.filter(({ part }) => part === "slot");
  const used = slots.filter(({ spans }) => spans.length > 0);
  const others = lanes.filter(({ part }) => part !== "slot");
  const loads = others.find(({ part }) => part === "loads")!.spans;
  const transfer = Math.ceil(pages!.bytes / bytesPerCycle(device));
  const swaps = loads.filter(({ victim }) => victim !== undefined);
  // First load that is limited by the slots, not by the channel.
  const held = loads.find(({ request, victim }, at) =>
    victim !== undefined && request! > loads[at - 1]!.end - latencyCycles(device)
  );
  const late = held ?? swaps[0];
  const opening = work[Math.min(work.length, 6) - 1]!.end;
  const stall = cost.stalls === 0
    ? "The core never waits for a page."
    : `The core waits ${count(cost.stalls)} of ${count(cost.stalls + cost.ideal)} cycles (${
      percent(cost.stalls / (cost.stalls + cost.ideal))
    }) for pages${
      cost.cycles === cost.minCycles ? ", and no other order of these loads would reduce that" : ""
    }.`;
  const views = [
    view(
      plan,
      "The whole flow",
      "Each thin line is a slot: pale while it holds a page, strong while the page is loaded or used by the " +
        `core, blank after eviction while the next load waits for the channel.${
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
      "Nothing is on chip yet, so no work hides the load of the first page. Numbers are pages.",
      [...others, ...active(slots, 0, opening)],
      0,
      opening,
    ),
  ];
  if (late !== undefined) {
    const at = Math.max(0, work.findIndex(({ end }) => end > late.start) - 2);
    const [from, to] = [work[at]!.start, work[Math.min(work.length, at + 7) - 1]!.end];
    const why = held === undefined
      ? "The channel is the bottleneck: pages are evicted long before the next page of their slot is loaded."
      : `From page ${late
        .page!} on every slot is in use: a load begins when the core has finished the page that it ` +
        "overwrites.";
    views.push(view(
      plan,
      "Close up: evictions",
      `${why} The dark corner marks a load over another page.`,
      [...others, ...active(slots, from, to)],
      from,
      to,
    ));
  } else {
    views.push(mark`<p>Every page has a separate slot, so no page is overwritten.</p>`);
  }
  return mark`<p>${many(pages!.count, "page")} of ${count(pages!.bytes)} bytes go through ${
    many(pages!.slots, "slot")
  }; a load takes ${count(transfer)} cycles of transfer after a latency of ${count(latencyCycles(device))}.
The host sends the rows of all images that share a page one after another, so each page is loaded once a flow
(${many(cost.swaps, "load")}, ${count(swaps.length)} of them over another page). ${stall}</p>
${views}
${
    key([
      [pageColour(0), "colour of a page; five colours repeat"],
      ["url(#stall)", "stall: the core waits for a page"],
      ["url(#wait)", "the core waits for the tables that stay"],
      [INK.text, "dark corner: a load that overwrites a page"],
    ])
  }`;
}

/** Selects up to {@linkcode SLOTS} slots with activity in a stretch of time. */
function active(slots: readonly Lane[], from: number, to: number): Lane[] {
  const inside = ({ spans }: Lane, kinds: readonly string[]) =>
    spans.filter(({ kind, start, end }) => kinds.includes(kind) && end > from && start < to)
      .map(({ start }) => start);
  // Slots are sorted by their first load, so that the drawing descends from left to right.
  const first = (lane: Lane) => {
    const loads = inside(lane, ["load"]);
    return Math.min(...(loads.length > 0 ? loads : inside(lane, ["used"])));
  };
  return slots.filter((lane) => inside(lane, ["load", "used"]).length > 0)
    .sort((a, b) => first(a) - first(b)).slice(0, SLOTS);
}
