/**
 * Draws a timeline as SVG: one line for each part of the device, time to the right.
 *
 * @module
 */

import { mark, type Markup } from "./markup.ts";
import { drawing, INK, pageColour } from "./palette.ts";
import { count, ticks, timeText } from "./text.ts";
import type { Lane, Span } from "./timeline.ts";

/** Width of every drawing, in pixels. */
const WIDTH = 1060;
/** Left edge of the time axis, in pixels; lane names are left of it. */
const LEFT = 112;
/** Margin for the last tick's label, in pixels. */
const RIGHT = 44;
/** Estimated maximum width of a label's character, in pixels. */
const CHARACTER = 7.2;

/** Part of a timeline to draw. */
export interface GanttView {
  /** Text alternative of the drawing. */
  readonly label: string;
  /** Lanes from top to bottom. */
  readonly lanes: readonly Lane[];
  /** First cycle. */
  readonly from: number;
  /** Cycle after the last one. */
  readonly to: number;
  /** Clock frequency of the device. */
  readonly clockMHz: number;
  /** Height of a lane: `tall` lanes have labels, `thin` ones give an overview. */
  readonly height: "tall" | "thin";
}

/** Draws part of a timeline. */
export function gantt({ label, lanes, from, to, clockMHz, height }: GanttView): Markup {
  const x = (cycle: number) => LEFT + (cycle - from) / (to - from) * (WIDTH - LEFT - RIGHT);
  let y = 6;
  const tops = lanes.map(({ part }) => {
    const top = y;
    y += height === "tall" || part !== "slot" ? 26 : 7;
    return top;
  });
  const bottom = y + 2;
  const grid = ticks(from, to, 8).map((cycle) =>
    mark`<line x1="${x(cycle)}" x2="${x(cycle)}" y1="4" y2="${bottom + 5}" stroke="${INK.line}"/>
<text class="middle" x="${x(cycle)}" y="${bottom + 18}">${count(cycle)}</text>
<text class="middle quiet" x="${x(cycle)}" y="${bottom + 34}">${timeText(cycle / clockMHz)}</text>
`
  );
  const axis = mark`<line x1="${LEFT}" x2="${
    WIDTH - RIGHT
  }" y1="${bottom}" y2="${bottom}" stroke="${INK.text}"/>
<text class="end" x="${LEFT - 38}" y="${bottom + 18}">cycles</text>
<text class="end quiet" x="${LEFT - 38}" y="${bottom + 34}">time</text>
`;
  const drawn = lanes.map((lane, at) => {
    const thin = height === "thin" && lane.part === "slot";
    return mark`${laneName(lanes, at, tops, thin)}${
      drawLane(lane, tops[at]!, thin ? 6 : 20, { from, to, x, labels: height === "tall" })
    }`;
  });
  return drawing(label, WIDTH, bottom + 42, [...grid, ...drawn, axis]);
}

/** Names the first and last thin slot only; the others are too close. */
function laneName(lanes: readonly Lane[], at: number, tops: readonly number[], thin: boolean): Markup {
  const { name, part } = lanes[at]!;
  const first = at === 0 || lanes[at - 1]!.part !== "slot";
  const last = at === lanes.length - 1;
  const close = thin && lanes.length - lanes.findIndex((lane) => lane.part === "slot") < 4;
  if (thin && part === "slot" && !first && (!last || close)) return mark``;
  return mark`<text class="end" x="${LEFT - 8}" y="${
    tops[at]! + (thin ? (first ? 9 : 6) : 14)
  }">${name}</text>
`;
}

interface Scale {
  readonly from: number;
  readonly to: number;
  readonly x: (cycle: number) => number;
  readonly labels: boolean;
}

function drawLane({ spans, part }: Lane, top: number, height: number, scale: Scale): Markup {
  const { from, to, x } = scale;
  const seen = spans.filter(({ start, end }) => end > from && start < to);
  // Spans that share a pixel are drawn as one.
  const shown = seen.length > 1200 ? merge(seen, (to - from) / (WIDTH - LEFT - RIGHT)) : seen;
  return mark`${
    shown.map((span) => {
      const [left, right] = [x(Math.max(from, span.start)), x(Math.min(to, span.end))];
      const minWidth = span.kind === "stall" ? 1.5 : 0.6;
      const width = Math.max(minWidth, right - left);
      return mark`<rect x="${left}" y="${top}" width="${width}" height="${height}" ${
        look(span, width)
      }><title>${hint(span)}</title></rect>${scale.labels ? spanText(span, left, width, top) : null}${
        span.victim !== undefined && span.start >= from && (part === "slot" || width > 8)
          ? swapMark(left, top, height)
          : null
      }`;
    })
  }
`;
}

/** Draws a dark corner at the beginning of a load that overwrites a page. */
function swapMark(left: number, top: number, height: number): Markup {
  const size = height > 10 ? 7 : 3;
  const foot = top + height;
  return mark`<path d="M${left} ${foot}v${-size}l${size} ${size}z" fill="${INK.text}"/>`;
}

function look(span: Span, width: number): Markup {
  const edge = width > 5 ? mark` stroke="#57606a" stroke-width="0.7"` : null;
  switch (span.kind) {
    case "stall":
      return mark`fill="${width > 8 ? "url(#stall)" : INK.stall}"`;
    case "wait":
      return mark`fill="url(#wait)"${edge}`;
    case "work":
      return span.page === undefined
        ? mark`fill="${INK.work}" ${width > 5 ? mark`stroke="#fff" stroke-width="0.7"` : null}`
        : mark`fill="${pageColour(span.page)}"${edge}`;
    case "input":
      return mark`fill="${INK.input}"${width > 5 ? mark` stroke="#fff" stroke-width="0.7"` : null}`;
    case "held":
      return mark`fill="${pageColour(span.page)}" fill-opacity="0.35"`;
    case "used":
      return mark`fill="${pageColour(span.page)}"${edge}`;
    case "load":
      return mark`fill="${pageColour(span.page)}" fill-opacity="0.75"${edge}`;
  }
}

/** Returns the first text that fits into a span, or null; longer texts come first. */
function spanText(span: Span, left: number, width: number, top: number): Markup | null {
  const { page, kind, name, start, end } = span;
  const cycles = count(end - start);
  const texts = kind === "stall"
    ? [`stall: ${cycles} cycles`, "stall"]
    : kind === "wait"
    ? [`${name}: ${cycles} cycles`, name, "waits"]
    : kind === "load"
    ? page === undefined
      ? [`${name}: ${cycles} cycles`, name, "tables"]
      : [`load of page ${page}`, `load ${page}`, `${page}`]
    : kind === "held"
    ? []
    : kind === "used"
    ? [`in use`]
    : kind === "work" && page !== undefined
    ? [`page ${page}`, `${page}`]
    : [name, name.replace(/^.*\brows? /, "")];
  const text = texts.find((each) => each.length * CHARACTER + 6 <= width);
  if (text === undefined) return null;
  const dark = kind === "stall" || (kind === "work" && page === undefined);
  // Text on hatching is hard to read, so it gets a plain background.
  const plate = kind === "stall" || kind === "wait";
  const wide = text.length * 6.8 + 6;
  const middle = left + width / 2;
  return mark`${
    plate
      ? mark`<rect x="${middle - wide / 2}" y="${top + 2}" width="${wide}" height="16" fill="${
        kind === "stall" ? INK.stall : "#f3f4f6"
      }"/>`
      : null
  }<text class="middle${dark ? " light" : ""}" x="${middle}" y="${top + 14.5}">${text}</text>`;
}

function hint({ name, start, end, request, victim }: Span): string {
  const requested = request === undefined || request === start ? "" : `, requested at ${count(request)}`;
  const over = victim === undefined ? "" : `, over page ${victim}`;
  return `${name}: cycles ${count(start)} to ${count(end)}${requested}${over}`;
}

/** Joins consecutive spans of one kind that are within a pixel. */
function merge(spans: readonly Span[], pixel: number): Span[] {
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (
      last !== undefined && last.kind === span.kind && span.start - last.end < pixel / 2 &&
      span.end - last.start < 2 * pixel
    ) {
      merged[merged.length - 1] = {
        ...last,
        name: `${last.kind}, several`,
        end: Math.max(last.end, span.end),
      };
    } else merged.push(span);
  }
  return merged;
}
