/**
 * The sampling map of a plan: a function of its geometry and the index of its tables.
 *
 * @module
 */

import { composeAxis } from "../resize/sampling.ts";
import { isWhole, sourceIndex } from "../geometry/axis.ts";
import { remapMap } from "../remap/map.ts";
import { remapPositions } from "../remap/positions.ts";
import { resizeAxes } from "../resize/positions.ts";
import {
  type DenseMap,
  PHASE_STRIDE,
  type SamplingMap,
  type SeparableMap,
} from "../../../serialize/sampling.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { Geometry } from "./geometry.ts";
import type { PlanDraft } from "./plan.ts";

/** A remap's map names every neighbour, 20 bytes an output sample; so many samples are 80 MiB. */
export const MAX_REMAP_ITEMS: number = 2 ** 22;

/** The map of a geometry whose rows and columns are chosen apart. */
export function separableMap(geometry: Geometry, index: "pairs" | "phases"): SeparableMap {
  const { before, sampling, after } = geometry;
  const axes = sampling?.kernel === "resize" ? resizeAxes(sampling.params) : undefined;
  const y = composeAxis(before.y, axes?.y, after.y);
  const x = composeAxis(before.x, axes?.x, after.x);
  return { form: "separable", y, x, stride: index === "phases" ? PHASE_STRIDE : x.phases };
}

/** The map of a remap, seen through the windows before and after it. */
export function denseMap({ before, sampling, after }: Geometry, width: number): DenseMap {
  if (sampling?.kernel !== "remap") throw new TypeError("Cannot make a dense map: the geometry has no remap");
  const { params } = sampling;
  const [rows, columns] = params.output;
  if (rows * columns > MAX_REMAP_ITEMS || after.y.length * after.x.length > MAX_REMAP_ITEMS) {
    throw new OnpathError(
      "size",
      `Cannot remap to ${rows} x ${columns}: a sampling map names at most ${MAX_REMAP_ITEMS} samples`,
      { rows, columns, most: MAX_REMAP_ITEMS },
    );
  }
  const map = remapMap(remapPositions(params), params.output, params.input, params.border, {
    y: before.y,
    x: before.x,
    width,
  });
  return isWhole(after.y, rows) && isWhole(after.x, columns) ? map : windowed(map, after);
}

function windowed(map: DenseMap, { y, x }: Geometry["after"]): DenseMap {
  const neighbours = new Int32Array(4 * y.length * x.length).fill(-1);
  const weight = new Uint32Array(y.length * x.length);
  for (let row = 0, item = 0; row < y.length; row++) {
    const from = sourceIndex(y, row);
    for (let column = 0; column < x.length; column++, item++) {
      const at = sourceIndex(x, column);
      if (from < 0 || at < 0) continue;
      const source = from * map.width + at;
      weight[item] = map.weight[source]!;
      neighbours.set(map.neighbours.subarray(4 * source, 4 * source + 4), 4 * item);
    }
  }
  return { form: "dense", height: y.length, width: x.length, neighbours, weight };
}

/** The map of a plan whose rows and columns are chosen apart. */
export function planMap(plan: PlanDraft): SeparableMap {
  return separableMap(plan.body.geometry, plan.body.stages[0]?.index ?? "pairs");
}

/** The map of any plan's cells, tiles or samples. */
export function planItems(plan: PlanDraft): SamplingMap {
  const width = plan.body.input.shape[plan.body.input.layout.indexOf("W")]!;
  return plan.body.geometry.sampling?.kernel === "remap"
    ? denseMap(plan.body.geometry, width)
    : planMap(plan);
}
