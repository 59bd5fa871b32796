/**
 * Section about time: activity of the core, page loads, and stalls.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { sendsRows } from "../../kernels/image/plan/rows.ts";
import { mark, type Markup } from "./markup.ts";
import { section } from "./page.ts";
import { INK, key, pageColour } from "./palette.ts";
import { count, many, percent, timeText } from "./text.ts";
import { type PlanTimeline, planTimeline } from "./timeline.ts";
import { pagesContent } from "./timeline_pages.ts";
import { coreOf, view } from "./timeline_view.ts";

/** Creates the section about time. */
export function timelineSection(plan: ImagePlan): Markup {
  const timeline = planTimeline(plan);
  const lead = plan.body.pages === null
    ? "Activity of each part of the device from the first byte to the last, simulated; time goes to the right."
    : "The page in each slot of on-chip memory, the loads of pages, and the waits of the core for them; time " +
      "goes to the right.";
  const content = plan.body.pages !== null
    ? pagesContent(plan, timeline)
    : sendsRows(plan)
    ? rowsContent(plan, timeline)
    : packetsContent(plan, timeline);
  return section("time", "Timeline", lead, content);
}

function rowsContent(plan: ImagePlan, timeline: PlanTimeline): Markup {
  const { lanes, cycles, begin } = timeline;
  const work = coreOf(timeline).spans.filter(({ kind }) => kind === "work");
  const input = lanes.find(({ part }) => part === "input")!.spans;
  const busy = work.reduce((sum, { start, end }) => sum + end - start, 0);
  const taking = input.reduce((sum, { start, end }) => sum + end - start, 0);
  const opening = Math.max(work[Math.min(work.length, 6) - 1]!.end, 8 * begin);
  const slower = taking > busy
    ? "so the input is the bottleneck"
    : taking === busy
    ? "so both are equally slow"
    : "so the computation is the bottleneck";
  const order = [
    ...lanes.filter(({ part }) => part === "input"),
    ...lanes.filter(({ part }) => part !== "input"),
  ];
  return mark`<p><b>Everything stays on chip: no swap.</b> The tables are loaded once (${
    count(begin)
  } cycles),
then rows stream through: receiving them takes ${count(taking)} cycles, computing the outputs ${
    count(busy)
  }, ${slower}. The core is busy ${percent(busy / cycles)} of the time. An output row begins when its last
input row has arrived.</p>
${
    view(
      plan,
      "Close up: the beginning",
      "Spans of the input line are the rows that arrive before the next output row can begin.",
      order,
      0,
      Math.min(cycles, opening),
    )
  }
${
    view(
      plan,
      "The whole flow",
      `${
        many(plan.body.layout.cut.images, "image")
      } from first to last; single rows are not visible at this scale.`,
      order,
      0,
      cycles,
      "thin",
    )
  }
${
    key([
      [INK.input, "input rows arrive"],
      [INK.work, "an output row is computed"],
      ["url(#wait)", "the core waits: for tables, or for rows"],
      [pageColour(undefined), "load of the tables"],
    ])
  }`;
}

function packetsContent(plan: ImagePlan, timeline: PlanTimeline): Markup {
  const { lanes, cycles, begin } = timeline;
  const work = coreOf(timeline).spans.filter(({ kind }) => kind === "work");
  const opening = Math.max(work[Math.min(work.length, 6) - 1]!.end, Math.min(cycles, 3 * begin));
  const loaded = begin === 0
    ? "The plan has no table to load"
    : `The tables are loaded once (${count(begin)} cycles, ${timeText(begin / plan.target.clockMHz)})`;
  return mark`<p><b>Everything stays on chip: no swap.</b> ${loaded}. Every packet is self-contained, so the core
never waits for memory then: ${count(plan.body.cost.ideal)} cycles of work, ${
    count(plan.body.cost.stalls)
  } of stalls.</p>
${
    view(
      plan,
      "Close up: the beginning",
      "The core begins when the tables are loaded; each span is the packets of one output row.",
      lanes,
      0,
      opening,
    )
  }
${
    view(
      plan,
      "The whole flow",
      `${
        many(plan.body.layout.cut.images, "image")
      } from first to last; single rows are not visible at this scale.`,
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
