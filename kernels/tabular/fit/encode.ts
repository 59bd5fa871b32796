/**
 * Fit of encodings.
 *
 * @module
 */

import type { JsonCell } from "../fitted/steps.ts";
import { type Category, type EncodeStep, fromJsonNumber } from "../spec/encode.ts";
import { MAX_COLUMNS } from "../table.ts";
import { fitBins } from "./bins.ts";
import { findCategories } from "./categories.ts";
import { groupCategories } from "./infrequent.ts";
import { type FitColumn, type FittedPart, refuseFit } from "./parts.ts";

/**
 * Fits an encoding of one column.
 *
 * @param step Encoding.
 * @param column Column.
 * @param index Position of the column among those of the step.
 */
export function fitEncode(step: EncodeStep, column: FitColumn, index: number): FittedPart {
  switch (step.method) {
    case "ordinal":
      return fitOrdinal(step, column, index);
    case "one_hot":
      return fitOneHot(step, column, index);
    case "hashing":
      return fitHashing(step, column);
    default:
      return fitBins(step, column);
  }
}

type Of<M extends EncodeStep["method"]> = Extract<EncodeStep, { readonly method: M }>;

function fitOrdinal(step: Of<"ordinal">, column: FitColumn, index: number): FittedPart {
  const { name } = column;
  const { unknownValue, missingValue = "NaN", dtype = "f64" } = step;
  const { list, hasMissing } = findCategories(step.categories?.[index], column, unknownValue === undefined);
  const keyed = list.flatMap(({ value }, code) => value === null ? [] : [{ key: value, code }]);
  const isUsed = (value: number) => Number.isInteger(value) && value >= 0 && value < list.length;
  if (unknownValue !== undefined && isUsed(fromJsonNumber(unknownValue))) {
    throw refuseFit(name, `unknownValue ${unknownValue} is the number of a category`);
  }
  if (hasMissing && isUsed(fromJsonNumber(missingValue))) {
    throw refuseFit(name, `missingValue ${missingValue} is the number of a category`);
  }
  const unknown: JsonCell | null = unknownValue ?? null;
  return {
    steps: [{
      op: "codes",
      from: name,
      to: name,
      type: dtype,
      keys: keyed.map(({ key }) => key),
      values: keyed.map(({ code }) => code),
      unknown,
      missing: hasMissing ? missingValue : unknown,
    }],
    replaced: [name],
  };
}

function fitOneHot(step: Of<"one_hot">, column: FitColumn, index: number): FittedPart {
  const { name, type } = column;
  const { unknown = "error", drop, dtype = "f64" } = step;
  const found = findCategories(step.categories?.[index], column, unknown === "error");
  const groups = groupCategories(found.list, column.statistics.rows, step);
  const labels: (Category | undefined)[] = groups.frequent.map((each) => found.list[each]!.value);
  if (groups.hasInfrequent) labels.push(undefined);
  const dropped = drop === "first" || (drop === "if_binary" && labels.length === 2) ? 1 : 0;
  const slots = groups.slots.map((slot) => slot - dropped);
  if (labels.length > MAX_COLUMNS) {
    throw refuseFit(name, `one_hot makes ${labels.length} columns, most ${MAX_COLUMNS}`);
  }
  const to = labels.slice(dropped).map((label) =>
    column.newName(label === undefined ? "infrequent_sklearn" : labelOf(label, type))
  );
  const other = unknown === "error"
    ? null
    : unknown === "infrequent" && groups.hasInfrequent
    ? to.length - 1
    : -1;
  const missingAt = found.list.findIndex(({ value }) => value === null);
  const keyed = found.list.flatMap(({ value }, at) =>
    value === null ? [] : [{ key: value, slot: slots[at]! }]
  );
  return {
    steps: [{
      op: "one_hot",
      from: name,
      to,
      type: dtype,
      keys: keyed.map(({ key }) => key),
      slots: keyed.map(({ slot }) => slot),
      unknown: other,
      missing: missingAt < 0 ? other : slots[missingAt]!,
    }],
    replaced: to,
  };
}

/** Label of a category in a name, as Python writes it. */
export function labelOf(category: Category, type: string): string {
  if (category === null) return "nan";
  const isFloat = type.startsWith("f") || type === "bf16";
  if (typeof category === "string" || !isFloat || !Number.isInteger(category) || Math.abs(category) >= 1e16) {
    return String(category);
  }
  return `${category}.0`;
}

function fitHashing(
  { buckets, as = "columns", alternateSign = true, dtype = "f64" }: Of<"hashing">,
  column: FitColumn,
): FittedPart {
  const { name, type } = column;
  if (type !== "text") throw refuseFit(name, `hashing needs text, found ${type}`);
  if (as === "columns" && buckets > 4096) {
    throw refuseFit(name, `hashing makes ${buckets} columns, most 4096: use as "index"`);
  }
  const to = as === "index"
    ? [name]
    : Array.from({ length: buckets }, (_, bucket) => column.newName(String(bucket)));
  const isSigned = as === "columns" && alternateSign;
  if (isSigned && dtype.startsWith("u")) throw refuseFit(name, `hashing with signs does not fit ${dtype}`);
  return {
    steps: [{ op: "hash", from: name, to, type: dtype, buckets, as, alternateSign: isSigned }],
    replaced: to,
  };
}
