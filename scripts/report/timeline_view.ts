/**
 * Views of a timeline: a heading, a sentence, and the drawing.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { gantt } from "./gantt.ts";
import { mark, type Markup } from "./markup.ts";
import type { Lane, PlanTimeline } from "./timeline.ts";

/** Creates a view of some lanes from cycle `from` to the exclusive end `to`. */
export function view(
  plan: ImagePlan,
  heading: string,
  text: string,
  lanes: readonly Lane[],
  from: number,
  to: number,
  height: "tall" | "thin" = "tall",
): Markup {
  const { clockMHz } = plan.target;
  return mark`<h3>${heading}</h3>
<p>${text}</p>
${gantt({ label: `${heading}. ${text}`, lanes, from, to, clockMHz, height })}
`;
}

/** Returns the lane of the core. */
export function coreOf({ lanes }: PlanTimeline): Lane {
  return lanes.find(({ part }) => part === "core")!;
}
