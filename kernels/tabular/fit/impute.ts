/**
 * Fit of imputations.
 *
 * @module
 */

import type { FittedStep, JsonCell } from "../fitted/steps.ts";
import { toJsonNumber } from "../spec/encode.ts";
import type { ImputeStep } from "../spec/impute.ts";
import type { ColumnType } from "../table.ts";
import { isInteger } from "../values.ts";
import { checkNumbers, checkValues, type FitColumn, type FittedPart, refuseFit } from "./parts.ts";

/** Fits an imputation of one column. */
export function fitImpute(step: ImputeStep, column: FitColumn): FittedPart {
  const { name, type, statistics } = column;
  if (step.missing !== undefined) checkNumbers(column, "a number for missing values");
  const steps: FittedStep[] = [];
  const added: string[] = [];
  if (step.missing !== undefined) {
    steps.push({ op: "fill", from: name, to: name, type, missing: step.missing, value: "NaN" });
  }
  if (step.indicator === true && statistics.missing > 0) {
    const flag = column.newName("missing");
    steps.push({ op: "flag", from: name, to: flag, type: "u8" });
    added.push(flag);
  }
  const filled = fillStep(step, column);
  if (filled === null) return { steps, replaced: [], added };
  steps.push(filled);
  return { steps, replaced: [name], added };
}

/** Step that fills; null if the column is dropped. */
function fillStep(step: ImputeStep, column: FitColumn): FittedStep | null {
  const { name, type, statistics } = column;
  const fill = (value: JsonCell, to: ColumnType): FittedStep => {
    return { op: "fill", from: name, to: name, type: to, missing: "NaN", value };
  };
  switch (step.method) {
    case "constant": {
      const { value = type === "text" ? "missing_value" : 0 } = step;
      if ((typeof value === "string") !== (type === "text")) {
        throw refuseFit(name, `a constant of type ${typeof value} cannot fill a column of ${type}`);
      }
      return fill(typeof value === "number" ? toJsonNumber(value) : value, type);
    }
    case "window":
    case "last": {
      const { method, window } = step;
      const own = checkNumbers(column, `method ${method}`);
      const isMean = method === "window";
      return {
        op: "window",
        from: name,
        to: name,
        type: isMean && isInteger(own) ? "f64" : own,
        method: isMean ? "mean" : "last",
        window,
      };
    }
    case "most_frequent":
      if (statistics.rows === statistics.missing) return emptyStep(step.keepEmpty, column, fill, type);
      return fill(mostFrequent(column), type);
    case "mean":
    case "median": {
      const own = checkNumbers(column, `method ${step.method}`);
      const to = isInteger(own) ? "f64" : own;
      if (statistics.rows === statistics.missing) return emptyStep(step.keepEmpty, column, fill, to);
      checkValues(column);
      return fill(toJsonNumber(step.method === "mean" ? statistics.mean() : statistics.median()), to);
    }
  }
}

function emptyStep(
  keepEmpty: boolean | undefined,
  { name, type }: FitColumn,
  fill: (value: JsonCell, to: ColumnType) => FittedStep,
  to: ColumnType,
): FittedStep | null {
  if (keepEmpty !== true) return null;
  if (type === "text") {
    throw refuseFit(name, "keepEmpty fills with 0, which text cannot hold: use method constant");
  }
  return fill(0, to);
}

function mostFrequent({ statistics }: FitColumn): JsonCell {
  // Counts ascend by value, so that the first of equal counts is the least value.
  const { value } = statistics.counts().reduce((best, next) => next.count > best.count ? next : best);
  return typeof value === "number" ? toJsonNumber(value) : value;
}
