/**
 * Sampling map of a plan, computed from its geometry and the index of its tables.
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

/** Maximum output samples of a remap. Its map has 20 bytes a sample, so the maximum is 80 MiB. */
export const MAX_REMAP_ITEMS: number = 2 ** 22;

/** Axes by geometry: a plan asks for them up to six times while it is compiled. Geometries never change. */
const axesOf = new WeakMap<Geometry, Pick<SeparableMap, "y" | "x">>();

/** Returns the map of a geometry with independent rows and columns. It is shared: do not write to it. */
export function separableMap(geometry: Geometry, index: "pairs" | "phases"): SeparableMap {
  let axes = axesOf.get(geometry);
  if (axes === undefined) axesOf.set(geometry, axes = composeAxes(geometry));
  return { form: "separable", ...axes, stride: index === "phases" ? PHASE_STRIDE : axes.x.phases };
}

function composeAxes(geometry: Geometry): Pick<SeparableMap, "y" | "x"> {
  const { before, sampling, after } = geometry;
  const axes = sampling?.kernel === "resize" ? resizeAxes(sampling.params) : undefined;
  const y = composeAxis(before.y, axes?.y, after.y);
  const x = composeAxis(before.x, axes?.x, after.x);
  return { y, x };
}

/** Returns the map of a remap, including the windows before and after it. */
export function denseMap({ before, sampling, after }: Geometry, width: number): DenseMap {
  if (sampling?.kernel !== "remap") throw new TypeError("Cannot make a dense map: the geometry has no remap");
  const { params } = sampling;
  const [rows, columns] = params.output;
  if (rows * columns > MAX_REMAP_ITEMS || after.y.length * after.x.length > MAX_REMAP_ITEMS) {
    throw new OnpathError(
      "size",
      `Cannot remap to ${rows} x ${columns}: a sampling map has at most ${MAX_REMAP_ITEMS} samples`,
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

/** Returns the map of a plan with independent rows and columns. */
export function planMap(plan: PlanDraft): SeparableMap {
  return separableMap(plan.body.geometry, plan.body.stages[0]?.index ?? "pairs");
}

/** Returns the map of a plan's cells, tiles or samples. */
export function planItems(plan: PlanDraft): SamplingMap {
  const width = plan.body.input.shape[plan.body.input.layout.indexOf("W")]!;
  return plan.body.geometry.sampling?.kernel === "remap"
    ? denseMap(plan.body.geometry, width)
    : planMap(plan);
}
