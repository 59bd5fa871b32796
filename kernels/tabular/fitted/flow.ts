/**
 * Types of all columns of a fitted pipeline, step by step.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { cellOf } from "../maps.ts";
import { firstRepeated } from "../spec/encode.ts";
import { type ColumnType, MAX_COLUMNS, quoted } from "../table.ts";
import { type FittedPipeline, type FittedStep, type JsonCell, readsOf, writesOf } from "./steps.ts";

/**
 * Follows the types of columns through the steps.
 *
 * @param fitted Inputs, steps and outputs.
 * @param visit Receives each step with the type of the first column that it reads.
 * @returns Types of all columns after the steps, by name.
 * @throws {OnpathError} `pipeline` if a step reads a missing column, or one of another kind; or if its values do not
 * fit its type.
 */
export function flowTypes(
  fitted: Omit<FittedPipeline, "id" | "version">,
  visit?: (step: FittedStep, from: ColumnType) => void,
): Map<string, ColumnType> {
  const { inputs, steps, outputs, drop } = checkParts(fitted);
  const types = new Map<string, ColumnType>();
  const find = (name: string, at: string): ColumnType => {
    const type = types.get(name);
    if (type !== undefined) return type;
    throw new OnpathError(
      "pipeline",
      `Cannot use a fitted pipeline: ${at} reads missing column ${quoted(name)}`,
      {
        name,
      },
    );
  };
  for (const { name, type } of inputs) {
    if (types.has(name)) {
      throw new OnpathError("pipeline", `Cannot use a fitted pipeline: input ${quoted(name)} is given twice`);
    }
    types.set(name, type);
  }
  steps.forEach((step, index) => {
    const from = readsOf(step).map((name) => find(name, `step ${index}`));
    const why = from.map((type) => objection(step, type)).find((each) => each !== undefined);
    if (why !== undefined) {
      throw new OnpathError("pipeline", `Cannot use a fitted pipeline: step ${index}, ${step.op}, ${why}`, {
        index,
      });
    }
    visit?.(step, from[0]!);
    for (const name of writesOf(step)) types.set(name, step.type);
    if (types.size > MAX_COLUMNS) {
      throw new OnpathError("size", `Cannot use a fitted pipeline of more than ${MAX_COLUMNS} columns`);
    }
  });
  for (const name of outputs) find(name, "the result");
  const twice = firstRepeated(outputs);
  if (twice !== undefined) {
    throw new OnpathError("pipeline", `Cannot use a fitted pipeline: output ${quoted(twice)} is named twice`);
  }
  for (const name of drop) {
    if (find(name, "the removal of rows") === "text") {
      throw new OnpathError("pipeline", `Cannot use a fitted pipeline: marks ${quoted(name)} are text`, {
        name,
      });
    }
  }
  return types;
}

/** Reason that a step does not fit the type of its column, or undefined. */
function objection(step: FittedStep, from: ColumnType): string | undefined {
  const isText = from === "text";
  switch (step.op) {
    case "flag":
    case "duplicates":
      return undefined;
    case "hash":
      return isText ? undefined : "reads numbers, expected text";
    case "cast":
      return isText === (step.type === "text") ? undefined : "converts between text and numbers";
    case "fill":
      if (isText !== (step.type === "text")) return "converts between text and numbers";
      if (isText && step.missing !== "NaN") return "replaces a number in text";
      return unfit(step.type, step.value);
    case "codes":
    case "one_hot": {
      const other = step.keys.find((key) => (typeof key === "string") !== isText);
      if (other !== undefined) return `has a key ${kindOf(other)} for a column of ${from}`;
      if (step.op === "one_hot") return undefined;
      return [...step.values, step.unknown, step.missing].map((value) =>
        value === null ? undefined : unfit(step.type, value)
      )
        .find((each) => each !== undefined);
    }
    default:
      return isText ? "reads text, expected numbers" : undefined;
  }
}

function unfit(type: ColumnType, value: JsonCell): string | undefined {
  if (type !== "text" && typeof value === "string" && Number.isNaN(Number(value)) && value !== "NaN") {
    return `writes text to a column of ${type}`;
  }
  if (type === "text" && typeof value === "number") return "writes a number to a column of text";
  return cellOf(type, value) === undefined ? `writes ${value}, which does not fit ${type}` : undefined;
}

/**
 * Checks that a value has the parts of a fitted pipeline, without a look at them.
 *
 * @throws {OnpathError} `pipeline` if it is something else.
 */
export function checkParts<F extends Omit<FittedPipeline, "id" | "version">>(fitted: F): F {
  const { inputs, steps, outputs, drop } = Object(fitted) as F;
  if ([inputs, steps, outputs, drop].every(Array.isArray)) return fitted;
  throw new OnpathError(
    "pipeline",
    `Cannot use a fitted pipeline: found ${kindOf(fitted)}, expected inputs, steps, outputs and drop`,
    { found: kindOf(fitted) },
  );
}
