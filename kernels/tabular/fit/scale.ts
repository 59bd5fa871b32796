/**
 * Fit of scales.
 *
 * @module
 */

import type { Term } from "../fitted/steps.ts";
import type { ScaleStep } from "../spec/scale.ts";
import { arithmeticType, roundTo } from "../values.ts";
import { checkNumbers, checkValues, type FitColumn, type FittedPart, refuseFit } from "./parts.ts";

/** Distance of 1 to the next greater number, by type. */
const EPSILON = { f64: 2 ** -52, f32: 2 ** -23, f16: 2 ** -10 } as const;

/** Fits a scale of one column. */
export function fitScale(step: ScaleStep, column: FitColumn): FittedPart {
  const { name } = column;
  const type = arithmeticType(checkNumbers(column, "a scale"));
  checkValues(column);
  const terms = termsOf(step, column, type);
  const [min, max] = column.statistics.range();
  // A range that overflows makes a scale of 0, which is finite.
  const spread = step.method === "min_max" ? roundTo(type, max - min) : 0;
  if (![spread, ...terms.map(({ value }) => value)].every(Number.isFinite)) {
    throw refuseFit(name, "its values are too far apart");
  }
  return { steps: [{ op: "arithmetic", from: name, to: name, type, terms }], replaced: [name] };
}

function termsOf(step: ScaleStep, { statistics }: FitColumn, type: keyof typeof EPSILON): Term[] {
  switch (step.method) {
    case "standard": {
      const { withMean = true, withStd = true } = step;
      const { mean, variance } = statistics.moments();
      const count = statistics.rows - statistics.missing;
      const spread = isConstant(mean, variance, count) ? 1 : Math.sqrt(variance);
      return [
        ...(withMean ? [{ op: "subtract", value: mean } as const] : []),
        ...(withStd ? [{ op: "divide", value: spread } as const] : []),
      ];
    }
    case "min_max": {
      const { range: [low, high] = [0, 1], clip = false } = step;
      const round = (value: number) => roundTo(type, value)!;
      const [min, max] = statistics.range();
      const scale = round((high - low) / withoutZero(round(max - min), EPSILON[type]));
      const terms: Term[] = [
        { op: "multiply", value: scale },
        { op: "add", value: round(low - round(min * scale)) },
      ];
      return clip ? [...terms, { op: "max", value: low }, { op: "min", value: high }] : terms;
    }
    case "robust": {
      const { withCentering = true, withScaling = true, percentiles = [25, 75] } = step;
      const [low, high] = statistics.percentiles(percentiles) as [number, number];
      return [
        ...(withCentering ? [{ op: "subtract", value: statistics.median() } as const] : []),
        ...(withScaling ? [{ op: "divide", value: withoutZero(high - low, EPSILON.f64) } as const] : []),
      ];
    }
  }
}

/** Whether a variance cannot be told from zero, by the error of its computation. */
function isConstant(mean: number, variance: number, count: number): boolean {
  return variance <= count * EPSILON.f64 * variance + (count * mean * EPSILON.f64) ** 2;
}

/** Takes a spread of zero, or nearly zero, as 1. */
function withoutZero(spread: number, epsilon: number): number {
  return spread < 10 * epsilon ? 1 : spread;
}
