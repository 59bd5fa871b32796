/**
 * Parts of fitted pipelines: the steps that some columns of the result need.
 *
 * @module
 */

import { identifyFitted } from "./fitted/check.ts";
import { type FittedPipeline, type FittedStep, isValueStep, readsOf, writesOf } from "./fitted/steps.ts";
import { windowOf } from "./windows.ts";

/**
 * Reduces a fitted pipeline to some columns.
 *
 * @param fitted Fitted pipeline.
 * @param outputs Names of columns of the result.
 * @returns Fitted pipeline with these outputs, the steps that they need, and no removal of rows.
 */
export function sliceFitted(fitted: FittedPipeline, outputs: readonly string[]): FittedPipeline {
  const needed = new Set(outputs);
  const steps: FittedStep[] = [];
  for (const step of fitted.steps.toReversed()) {
    const written = writesOf(step);
    if (!written.some((name) => needed.has(name))) continue;
    for (const name of written) needed.delete(name);
    for (const name of readsOf(step)) needed.add(name);
    steps.push(step);
  }
  const inputs = fitted.inputs.filter(({ name }) => needed.has(name));
  return identifyFitted({ inputs, steps: steps.reverse(), outputs, drop: [] });
}

/** Rows around a row that its results depend on. */
export interface Context {
  /** Rows before. */
  readonly before: number;
  /** Rows after. */
  readonly after: number;
}

/**
 * Counts the rows around a row that the results of a fitted pipeline depend on.
 *
 * @param fitted Fitted pipeline.
 */
export function contextOf({ inputs, steps, outputs, drop }: FittedPipeline): Context {
  const contexts = new Map<string, Context>(inputs.map(({ name }) => [name, { before: 0, after: 0 }]));
  const widest = (names: readonly string[]): Context => {
    const list = names.map((name) => contexts.get(name)!);
    return {
      before: Math.max(0, ...list.map(({ before }) => before)),
      after: Math.max(0, ...list.map(({ after }) => after)),
    };
  };
  for (const step of steps) {
    const { before, after } = widest(readsOf(step));
    const own = isValueStep(step) ? { before: 0, after: 0 } : windowOf(step);
    for (const name of writesOf(step)) {
      contexts.set(name, { before: before + own.before, after: after + own.after });
    }
  }
  return widest([...outputs, ...drop]);
}
