/**
 * The part of an image that a plan sends, as source rows and columns, and the part in one packet.
 *
 * @module
 */

import type { ImagePlan } from "../../kernels/image/plan/plan.ts";
import { planItems, planMap } from "../../kernels/image/plan/map.ts";
import { requestsFor, rowMap, sendsRows } from "../../kernels/image/plan/rows.ts";
import type { AxisMap, SeparableMap } from "../../serialize/sampling.ts";
import { locate } from "../../serialize/partition.ts";

/** Pixel of the source: row and column. */
export type Pixel = readonly [row: number, column: number];

/** Part of the image that is sent. Plain data. */
export interface Sent {
  /** Rows of the image. */
  readonly height: number;
  /** Columns of the image. */
  readonly width: number;
  /** Form of the drawing: positions of samples, whole lines, or single points of a remap. */
  readonly form: "samples" | "lines" | "points";
  /** Source rows that are sent, ascending. */
  readonly rows: readonly number[];
  /** Source columns that are sent, ascending. */
  readonly columns: readonly number[];
  /** Samples of a remap to draw. */
  readonly points: readonly Pixel[];
  /** Example packet. */
  readonly packet: {
    /** Sequence number of the packet. */
    readonly sequence: number;
    /** Number of items in the packet. */
    readonly items: number;
    /** Source rows that the packet covers, ascending. */
    readonly rows: readonly number[];
    /** Source columns that the packet covers. */
    readonly columns: readonly number[];
    /** Source pixels of a remap's packet. */
    readonly points: readonly Pixel[];
    /** Contents of the packet, such as `output row 89, columns 0 to 111`. */
    readonly holds: string;
  };
  /** Sent rows that one output row needs, if the device gathers from rows. */
  readonly window: { readonly row: number; readonly first: number; readonly last: number } | undefined;
}

/** Maximum number of remap samples to draw. */
const MAX_POINTS = 2500;

/**
 * Computes the part of the first image that a plan sends.
 *
 * @param plan Plan to examine.
 */
export function whatIsSent(plan: ImagePlan): Sent {
  const length = (axis: string) => plan.body.input.shape[plan.body.input.layout.indexOf(axis)]!;
  const [height, width] = [length("H"), length("W")];
  const { cut } = plan.body.layout;
  // A packet two fifths down avoids the edges and the drawing's labels.
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
    if (map.form !== "dense") {
      throw new TypeError(`Cannot draw a remap: its map is ${map.form}, expected dense`);
    }
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
      points: pixels(0, items, 4 * spread(items, MAX_POINTS)),
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

/** Computes a step that leaves at most `max` of `items`; odd, so that it does not coincide with a width. */
function spread(items: number, max: number): number {
  const step = Math.max(1, Math.ceil(items / max));
  return step > 1 && step % 2 === 0 ? step + 1 : step;
}

/** Computes the rows that a middle output row needs, by the rule for resending lost answers. */
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
