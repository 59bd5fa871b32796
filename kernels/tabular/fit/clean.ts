/**
 * Fit of cleaning steps.
 *
 * @module
 */

import type { FittedStep } from "../fitted/steps.ts";
import type { CleanAction, CleanStep } from "../spec/clean.ts";
import { isInteger } from "../values.ts";
import { checkNumbers, checkValues, type FitColumn, type FittedPart, refuseFit } from "./parts.ts";

/** Cleaning step on single columns. */
export type ColumnCleanStep = Exclude<CleanStep, { readonly method: "duplicates" }>;

/** Fits a cleaning step of one column. */
export function fitClean(step: ColumnCleanStep, column: FitColumn): FittedPart {
  const { name } = column;
  const own = checkNumbers(column, `method ${step.method}`);
  const to = step.method !== "clip" && step.action === "mark" ? column.newName("outlier") : name;
  const isMark = to !== name;
  const wide = isInteger(own) ? "f64" : own;
  const done = (fitted: FittedStep): FittedPart => ({
    steps: [fitted],
    replaced: [name],
    added: isMark ? [to] : [],
  });
  if (step.method === "hampel") {
    const { window, threshold = 3, action } = step;
    const type = isMark ? "u8" : action === "median" ? wide : own;
    return done({ op: "hampel", from: name, to, type, window, threshold, action });
  }
  const action: CleanAction = step.method === "clip" ? "clip" : step.action;
  // Adding 0 makes 0 of -0, which JSON cannot hold.
  const [low, high] = boundsOf(step, column).map((bound) => bound + 0) as [number, number];
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw refuseFit(name, "its bounds are infinite");
  const type = isMark ? "u8" : action === "clip" ? wide : own;
  return done({ op: "bounds", from: name, to, type, low, high, action });
}

function boundsOf(
  step: Exclude<ColumnCleanStep, { readonly method: "hampel" }>,
  column: FitColumn,
): readonly [low: number, high: number] {
  if (step.method === "range") return [step.min, step.max];
  checkValues(column);
  const { statistics } = column;
  switch (step.method) {
    case "z_score": {
      const { mean, variance } = statistics.moments();
      const distance = (step.threshold ?? 3) * Math.sqrt(variance);
      return [mean - distance, mean + distance];
    }
    case "iqr": {
      const [low, high] = statistics.percentiles([25, 75]) as [number, number];
      const distance = (step.factor ?? 1.5) * (high - low);
      return [low - distance, high + distance];
    }
    case "clip":
      return statistics.percentiles(step.percentiles ?? [1, 99]) as [number, number];
  }
}
