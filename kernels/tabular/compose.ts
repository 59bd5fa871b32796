/**
 * Composition of fitted steps: each column of a result as one function of one input column, where that is possible.
 *
 * @module
 */

import { checkParts, flowTypes } from "./fitted/flow.ts";
import { type FittedPipeline, isValueStep, readsOf, type RowsStep } from "./fitted/steps.ts";
import { type CellFunction, mapsOf } from "./maps.ts";
import type { ColumnType } from "./table.ts";

/** Column as a function of one input column: all steps on the way are on one row. */
export interface ValueSource {
  /** Tells the sources apart. */
  readonly kind: "value";
  /** Input column. */
  readonly input: string;
  /** Type of the input column. */
  readonly inputType: ColumnType;
  /** Composed function; undefined refuses a value. Null if the column is the input, unchanged. */
  readonly apply: CellFunction | null;
}

/** Column that depends on rows nearby. */
export interface RowsSource {
  /** Tells the sources apart. */
  readonly kind: "rows";
  /** The last such step on the way. */
  readonly step: RowsStep;
  /** Columns that the step reads. */
  readonly from: readonly ComposedColumn[];
  /** Composed function of the steps after it; null for none. */
  readonly apply: CellFunction | null;
}

/** Column of a result, and what it is computed from. */
export interface ComposedColumn {
  /** Name of the column. */
  readonly name: string;
  /** Type of the column. */
  readonly type: ColumnType;
  /** Source of the values. */
  readonly source: ValueSource | RowsSource;
}

/** Columns of a result, composed. */
export interface ComposedPipeline {
  /** Columns of the result, in order. */
  readonly outputs: readonly ComposedColumn[];
  /** Columns of marks; rows with a mark are removed. */
  readonly drop: readonly ComposedColumn[];
}

/**
 * Composes the steps of a fitted pipeline. Results equal those of the transform, bit for bit.
 *
 * @param fitted Fitted pipeline.
 * @throws {OnpathError} `pipeline` if its columns do not fit its steps.
 */
export function composeFitted(fitted: FittedPipeline): ComposedPipeline {
  const env = new Map<string, ComposedColumn>();
  for (const { name, type } of checkParts(fitted).inputs) {
    env.set(name, { name, type, source: { kind: "value", input: name, inputType: type, apply: null } });
  }
  flowTypes(fitted, (step, fromType) => {
    const from = readsOf(step).map((name) => env.get(name)!);
    if (!isValueStep(step)) {
      env.set(step.to, { name: step.to, type: step.type, source: { kind: "rows", step, from, apply: null } });
      return;
    }
    const [{ source }] = from as [ComposedColumn];
    for (const { to, type, apply } of mapsOf(step, fromType)) {
      env.set(to, { name: to, type, source: { ...source, apply: after(source.apply, apply) } });
    }
  });
  return {
    outputs: fitted.outputs.map((name) => env.get(name)!),
    drop: fitted.drop.map((name) => env.get(name)!),
  };
}

function after(first: CellFunction | null, second: CellFunction): CellFunction {
  if (first === null) return second;
  return (cell) => {
    const middle = first(cell);
    return middle === undefined ? undefined : second(middle);
  };
}
