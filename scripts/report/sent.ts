/**
 * What of the image a plan sends, as source rows and columns, and which of it one packet holds.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { planItems, planMap } from "../../kernels/image/plan/map.ts";
import { requestsFor, rowMap, sendsRows } from "../../kernels/image/plan/rows.ts";
import type { AxisMap, SeparableMap } from "../../serialize/sampling.ts";
import { locate } from "../../serialize/partition.ts";

/** A pixel of the source: row and column. */
export type Pixel = readonly [row: number, column: number];

/** What is sent. Plain data. */
export interface Sent {
  /** Rows of the image. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
  /** How to draw it: positions of samples, whole lines, or single points of a remap. */
  readonly form: "samples" | "lines" | "points";
  /** The source rows that are sent, ascending. */
  readonly rows: readonly number[];
  /** The source columns. */
  readonly columns: readonly number[];
  /** All samples of a remap that are drawn. */
  readonly points: readonly Pixel[];
  /** One packet. */
  readonly packet: {
    /** Its number. */
    readonly sequence: number;
    /** Its items. */
    readonly items: number;
    /** The source rows that it touches, ascending. */
    readonly rows: readonly number[];
    /** The source columns. */
    readonly columns: readonly number[];
    /** The pixels of a remap's packet. */
    readonly points: readonly Pixel[];
    /** What it is for, such as `output row 89, columns 0 to 111`. */
    readonly holds: string;
  };
  /** The sent rows that one output row needs, where the device gathers from rows. */
  readonly window: { readonly row: number; readonly first: number; readonly last: number } | undefined;
}

/** A remap names every sample; so many points show where they lie. */
const MOST_POINTS = 2500;

/**
 * What a plan sends of its first image.
 *
 * @param plan The plan.
 */
export function whatIsSent(plan: ImagePlan): Sent {
  const length = (axis: string) => plan.body.input.shape[plan.body.input.layout.indexOf(axis)]!;
  const [height, width] = [length("H"), length("W")];
  const { cut } = plan.body.layout;
  // Two fifths down: a packet that is neither at an edge nor in the middle of the drawing's labels.
  const perImage = cut.packets / cut.images;
  const spotRow = Math.min(
    Math.floor(0.4 * cut.height / cut.rowsPerPacket),
    perImage / cut.packetsPerRow - 1,
  );
  const sequence = spotRow * cut.packetsPerRow + Math.floor((cut.packetsPerRow - 1) / 2);
  const span = { first: 0, count: 0 };
  locate(cut, sequence, span);
  const top = Math.floor(span.first / cut.width);
  const left = span.first - top * cut.width;
  const rowCount = cut.packetsPerRow > 1 ? 1 : span.count / cut.width;
  const columnCount = span.count / rowCount;
  const what = sendsRows(plan) ? "sent" : "output";
  const holds = `${what} row${rowCount > 1 ? `s ${top} to ${top + rowCount - 1}` : ` ${top}`}, ${
    columnCount === cut.width ? "all columns" : `columns ${left} to ${left + columnCount - 1}`
  }`;
  const face = { sequence, items: span.count, holds };
  const base = { height, width, window: rowsOfOutput(plan) };
  if (plan.body.geometry.sampling?.kernel === "remap") {
    const map = planItems(plan);
    if (map.form !== "dense") throw new TypeError("a remap's map names every neighbour");
    const pixels = (from: number, to: number, step: number) => {
      const found: Pixel[] = [];
      for (let item = from; item < to; item += step) {
        for (let n = 4 * item; n < 4 * item + 4; n++) {
          const at = map.neighbours[n]!;
          if (at >= 0) found.push([Math.floor(at / width), at % width]);
        }
      }
      return found;
    };
    const items = map.height * map.width;
    const points = pixels(span.first, span.first + span.count, 1);
    return {
      ...base,
      form: "points",
      rows: [],
      columns: [],
      points: pixels(0, items, 4 * spread(items, MOST_POINTS)),
      packet: {
        ...face,
        rows: ascending(points.map(([row]) => row)),
        columns: ascending(points.map(([, column]) => column)),
        points,
      },
    };
  }
  const map: SeparableMap = sendsRows(plan) ? rowMap(plan) : planMap(plan);
  return {
    ...base,
    form: sendsRows(plan) ? "lines" : "samples",
    rows: needed(map.y, 0, map.y.low.length),
    columns: needed(map.x, 0, map.x.low.length),
    points: [],
    packet: {
      ...face,
      rows: needed(map.y, top, top + rowCount),
      columns: needed(map.x, left, left + columnCount),
      points: [],
    },
  };
}

/** A step that leaves at most `most` of a number of things, odd so that it does not follow a width. */
function spread(things: number, most: number): number {
  const step = Math.max(1, Math.ceil(things / most));
  return step > 1 && step % 2 === 0 ? step + 1 : step;
}

/** The rows that an output row in the middle needs, found as lost answers are: by what must be sent. */
function rowsOfOutput(plan: ImagePlan): Sent["window"] {
  if (!sendsRows(plan)) return undefined;
  const { cut, answers } = plan.body.layout;
  const row = Math.floor(0.4 * answers.height);
  const sequence = Math.floor(row / answers.rowsPerPacket) * answers.packetsPerRow;
  const [range] = requestsFor(plan, [[sequence, sequence]]);
  const { y } = rowMap(plan);
  const source = (request: number, end: 0 | 1) => {
    const at = cut.packetsPerRow > 1
      ? Math.floor(request / cut.packetsPerRow)
      : (request + end) * cut.rowsPerPacket - end;
    return y.low[Math.min(at, cut.height - 1)]!;
  };
  if (range === undefined) return undefined;
  return { row, first: source(range[0], 0), last: source(range[1], 1) };
}

function needed({ low, high }: AxisMap, from: number, to: number): number[] {
  return ascending([...low.subarray(from, to), ...high.subarray(from, to)].filter((index) => index >= 0));
}

function ascending(indexes: readonly number[]): number[] {
  return [...new Set(indexes)].sort((a, b) => a - b);
}
