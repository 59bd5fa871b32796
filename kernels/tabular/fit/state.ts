/**
 * State of a fit: the columns so far, and the fitted steps.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { ColumnSchema, FittedPipeline, FittedStep } from "../fitted/steps.ts";
import { writesOf } from "../fitted/steps.ts";
import type { RecordsStep } from "../spec.ts";
import { type ColumnType, quoted } from "../table.ts";
import { fitClean } from "./clean.ts";
import { fitEncode } from "./encode.ts";
import { fitImpute } from "./impute.ts";
import { type FitColumn, type FittedPart, newName } from "./parts.ts";
import { fitScale } from "./scale.ts";
import type { Statistics } from "./statistics.ts";

/** Makes the statistics of a column. */
export type StatisticsOf = (column: ColumnSchema, sentinel: number | undefined) => Statistics;

/** Columns and steps of a fit in progress. */
export class FitState {
  readonly #inputs: readonly ColumnSchema[];
  readonly #types: Map<string, ColumnType>;
  readonly #taken: Set<string>;
  readonly #steps: FittedStep[] = [];
  readonly #drop: string[] = [];
  #outputs: string[];

  /**
   * Begins a fit.
   *
   * @param columns Columns of the input.
   */
  constructor(columns: readonly ColumnSchema[]) {
    this.#inputs = columns.map(({ name, type }) => ({ name, type }));
    this.#types = new Map(columns.map(({ name, type }) => [name, type]));
    this.#outputs = columns.map(({ name }) => name);
    this.#taken = new Set(this.#outputs);
  }

  /**
   * Finds the columns of a step.
   *
   * @throws {OnpathError} `shape` if one is missing.
   */
  columnsOf(step: RecordsStep): ColumnSchema[] {
    if (
      "categories" in step && step.categories !== undefined && step.categories.length !== step.columns.length
    ) {
      throw new OnpathError(
        "pipeline",
        `Cannot fit ${step.method} with ${step.categories.length} lists of categories for ${step.columns.length} columns`,
      );
    }
    return step.columns.map((name) => {
      const type = this.#types.get(name);
      if (type !== undefined && this.#outputs.includes(name)) return { name, type };
      const reason = type === undefined ? "it is missing" : "an earlier step has removed it";
      throw new OnpathError("shape", `Cannot fit column ${quoted(name)}: ${reason}`, { name });
    });
  }

  /** Whether there is a column of a name. */
  has(name: string): boolean {
    return this.#types.has(name);
  }

  /**
   * Fits a step.
   *
   * @returns Fitted steps that it adds.
   */
  fit(step: RecordsStep, statisticsOf: StatisticsOf): readonly FittedStep[] {
    const columns = this.columnsOf(step);
    if (step.op === "clean" && step.method === "duplicates") {
      const to = newName(this.#taken, "duplicate");
      const isMark = step.action === "mark";
      const { window } = step;
      return this.#add([{
        steps: [{ op: "duplicates", from: step.columns, to, type: "u8", window }],
        replaced: [],
        added: isMark ? [to] : [],
        drop: isMark ? [] : [to],
      }]);
    }
    const sentinel = step.op === "impute" ? step.missing : undefined;
    const parts = columns.map(({ name, type }, index) => {
      const column: FitColumn = {
        name,
        type,
        statistics: statisticsOf({ name, type }, sentinel),
        newName: (suffix) => newName(this.#taken, `${name}_${suffix}`),
      };
      return { name, ...fitColumn(step, column, index) };
    });
    const byName = new Map(parts.map((part) => [part.name, part]));
    this.#outputs = this.#outputs.flatMap((name) => byName.get(name)?.replaced ?? [name]);
    return this.#add(parts);
  }

  #add(parts: readonly FittedPart[]): readonly FittedStep[] {
    const steps = parts.flatMap((part) => part.steps);
    for (const step of steps) for (const name of writesOf(step)) this.#types.set(name, step.type);
    this.#steps.push(...steps);
    this.#outputs.push(...parts.flatMap(({ added = [] }) => added));
    this.#drop.push(...parts.flatMap(({ drop = [] }) => drop));
    return steps;
  }

  /** Inputs, steps and outputs so far. */
  parts(): Omit<FittedPipeline, "id" | "version"> {
    return {
      inputs: this.#inputs,
      steps: [...this.#steps],
      outputs: [...this.#outputs],
      drop: [...this.#drop],
    };
  }
}

function fitColumn(
  step: Exclude<RecordsStep, { method: "duplicates" }>,
  column: FitColumn,
  index: number,
): FittedPart {
  switch (step.op) {
    case "impute":
      return fitImpute(step, column);
    case "clean":
      return fitClean(step, column);
    case "encode":
      return fitEncode(step, column, index);
    case "scale":
      return fitScale(step, column);
  }
}
