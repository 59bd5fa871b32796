/**
 * Fit of bins.
 *
 * @module
 */

import type { FittedStep } from "../fitted/steps.ts";
import type { EncodeStep } from "../spec/encode.ts";
import { checkNumbers, checkValues, type FitColumn, type FittedPart, refuseFit } from "./parts.ts";
import { distinctEdges, evenly } from "./quantiles.ts";

/** Fits the edges of bins. */
export function fitBins(
  step: Extract<EncodeStep, { readonly method: "quantile_bins" | "uniform_bins" }>,
  column: FitColumn,
): FittedPart {
  const { name, statistics } = column;
  const own = checkNumbers(column, step.method);
  if (statistics.missing > 0) {
    throw refuseFit(name, `${step.method} needs all values, impute the missing ones first`);
  }
  checkValues(column);
  const type = own === "f32" || own === "bf16" ? "f32" : "f64";
  const [min, max] = statistics.range();
  const edges = min === max
    ? []
    : step.method === "uniform_bins"
    ? evenly(min, max, step.bins).slice(1, -1)
    : distinctEdges(statistics.percentiles(evenly(0, 100, step.bins))).slice(1, -1);
  const bins: FittedStep = { op: "bins", from: name, to: name, type, edges };
  if (step.as !== "one_hot") return { steps: [bins], replaced: [name] };
  const keys = Array.from({ length: edges.length + 1 }, (_, bin) => bin);
  const to = keys.map((bin) => column.newName(`${bin}.0`));
  return {
    steps: [bins, { op: "one_hot", from: name, to, type, keys, slots: keys, unknown: null, missing: null }],
    replaced: to,
  };
}
