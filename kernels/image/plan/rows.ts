/**
 * Row stage of a plan that sends rows, and the requests to repeat for missing answers.
 *
 * @module
 */

import { isWhole } from "../geometry/axis.ts";
import { resampleRows, resampleSpans } from "../resample/model.ts";
import type { RowStage } from "../kernel.ts";
import { locate } from "../../../serialize/partition.ts";
import type { SeparableMap } from "../../../serialize/sampling.ts";
import { planMap } from "./map.ts";
import type { PlanDraft, PlanPart } from "./plan.ts";
import {
  gatherRows,
  gatherSpans,
  type SentAxes,
  sentAxes,
  sentMap,
  windowMap,
  windowRows,
  windowSpans,
} from "./stream.ts";

/** Returns whether a plan sends rows, from which the device gathers neighbours. */
export function sendsRows({ body: { layout } }: PlanPart<"layout">): boolean {
  return layout.name === "grid" || layout.name === "rows" || layout.name === "image";
}

function planSent(plan: PlanDraft, map: SeparableMap): SentAxes {
  const length = (axis: string) => plan.body.input.shape[plan.body.input.layout.indexOf(axis)]!;
  return sentAxes(plan.body.layout.name as "rows", map, length("H"), length("W"))!;
}

/** Returns the map of the samples that a plan sends as rows. */
export function rowMap(plan: PlanDraft): SeparableMap {
  const { sampling, before } = plan.body.geometry;
  return sampling?.kernel === "resample"
    ? windowMap(before.y, before.x)
    : sentMap(planSent(plan, planMap(plan)));
}

/** Returns the row stage of a plan; undefined for cells, tiles or bare samples. */
export function planRows(plan: PlanDraft): RowStage | undefined {
  if (!sendsRows(plan)) return undefined;
  const { sampling, after, fill } = plan.body.geometry;
  const { channels } = plan.body.layout;
  if (sampling?.kernel === "resample") {
    const stage = resampleRows(sampling.params, channels, plan.body.stages[0]!.form);
    const { y, x } = sampling.params;
    return isWhole(after.y, y.output) && isWhole(after.x, x.output)
      ? stage
      : windowRows(stage, after.y, after.x, fill);
  }
  const map = planMap(plan);
  return gatherRows(map, planSent(plan, map), channels, fill);
}

/**
 * Returns the requests that the given answers depend on.
 *
 * @param plan Plan without cost and notes.
 * @param answers Ranges of the answers' sequence numbers.
 * @returns Ranges of the requests' sequence numbers, ascending.
 */
export function requestsFor(
  plan: PlanDraft,
  answers: readonly (readonly [number, number])[],
): [number, number][] {
  if (!sendsRows(plan)) return answers.map(([first, last]) => [first, last]);
  const { cut, answers: back } = plan.body.layout;
  const { first, last } = rowSpans(plan);
  const span = { first: 0, count: 0 };
  const ranges: [number, number][] = [];
  const packetOf = (image: number, row: number) =>
    cut.packetsPerRow > 1
      ? (image * cut.height + row) * cut.packetsPerRow
      : image * Math.ceil(cut.height / cut.rowsPerPacket) + Math.floor(row / cut.rowsPerPacket);
  for (const [from, to] of answers) {
    for (let sequence = from; sequence <= to; sequence++) {
      locate(back, sequence, span);
      const row = Math.floor(span.first / back.width);
      const image = Math.floor(row / back.height);
      const o = row - image * back.height;
      const begin = packetOf(image, first[o]!);
      const end = packetOf(image, last[o]!) + cut.packetsPerRow - 1;
      const open = ranges.at(-1);
      if (open !== undefined && begin <= open[1] + 1) open[1] = Math.max(open[1], end);
      else ranges.push([begin, end]);
    }
  }
  return ranges;
}

type RowSpans = { readonly first: Int32Array; readonly last: Int32Array };

/** Spans by layout and geometry: price, packets and cycles of one plan ask for the same ones. */
const spansOf = new WeakMap<PlanDraft["body"]["layout"], RowSpans & Pick<PlanDraft["body"], "geometry">>();

/** First and last sent row that each output row needs. They are shared: do not write to them. */
export function rowSpans(plan: PlanDraft): RowSpans {
  const { layout, geometry } = plan.body;
  let spans = spansOf.get(layout);
  // A changed copy of a plan may share its layout.
  if (spans?.geometry !== geometry) spansOf.set(layout, spans = { ...computeSpans(plan), geometry });
  return spans;
}

function computeSpans(plan: PlanDraft): RowSpans {
  const { sampling, after } = plan.body.geometry;
  if (sampling?.kernel === "resample") return windowSpans(resampleSpans(sampling.params), after.y);
  const map = planMap(plan);
  return gatherSpans(map, planSent(plan, map));
}

/** Maximum answers that one request can complete. */
export function answersPerRequest(plan: PlanDraft): number {
  if (!sendsRows(plan)) return 1;
  const { last } = rowSpans(plan);
  const { cut, answers } = plan.body.layout;
  const perRow = new Int32Array(cut.height);
  for (const row of last) perRow[row]!++;
  return perRow.reduce((max, count) => Math.max(max, count), 1) * answers.packetsPerRow * cut.rowsPerPacket;
}
