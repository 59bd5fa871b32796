/**
 * Operators of ONNX on categories: LabelEncoder and OneHotEncoder.
 *
 * @module
 */

import type { JsonCell } from "../fitted/steps.ts";
import { MAX_CATEGORIES } from "../spec/common.ts";
import { firstRepeated } from "../spec/encode.ts";
import { named } from "../../../serialize/excerpt.ts";
import type { ColumnType } from "../table.ts";
import { isInteger } from "../values.ts";
import {
  attributeOf,
  type Builder,
  castTo,
  checkCount,
  type GraphNode,
  innerName,
  jsonCell,
  rowsInput,
  tensorAttribute,
  unsupported,
  type Value,
  writeColumns,
} from "./builder.ts";
import type { Operator } from "./shapes.ts";

/** Operators of domain `ai.onnx.ml` on categories. */
export const ML_CATEGORIES: Readonly<Record<string, Operator>> = {
  LabelEncoder: labelEncoder,
  OneHotEncoder: oneHotEncoder,
};

/** Maximum keys of a label encoder, over all columns. */
const MAX_LABELS = 2 ** 20;

type Cells = readonly (number | string)[];

/** Keys or values of a label encoder, with their type. */
interface Labels {
  readonly list: Cells;
  readonly type: "text" | "int" | "float" | "double";
}

function labelsOf(at: GraphNode, name: "keys" | "values"): Labels | undefined {
  const strings = attributeOf(at, `${name}_strings`, "strings") ?? [];
  if (strings.length > 0) return { list: strings, type: "text" };
  const ints = attributeOf(at, `${name}_int64s`, "ints") ?? [];
  if (ints.length > 0) return { list: ints, type: "int" };
  const floats = attributeOf(at, `${name}_floats`, "floats") ?? [];
  if (floats.length > 0) return { list: floats, type: "float" };
  const tensor = tensorAttribute(at, `${name}_tensor`);
  if (tensor === undefined) return undefined;
  const elemType = attributeOf(at, `${name}_tensor`, "t")!.dataType;
  const type = elemType === 8
    ? "text"
    : elemType === 1
    ? "float"
    : elemType === 11
    ? "double"
    : elemType === 7
    ? "int"
    : undefined;
  if (type === undefined) throw unsupported(at, `its ${name} have element type ${elemType}`);
  return { list: tensor.values, type };
}

const TYPES = { text: "text", int: "i32", float: "f32", double: "f64" } as const satisfies Record<
  Labels["type"],
  ColumnType
>;

/** Value of other keys, by the type of the values. */
function defaultOf(at: GraphNode, { type }: Labels): JsonCell {
  const tensor = tensorAttribute(at, "default_tensor");
  if (tensor !== undefined && tensor.values.length === 1) return jsonCell(tensor.values[0]!);
  if (type === "text") return attributeOf(at, "default_string", "s") ?? "_Unused";
  if (type === "int") return attributeOf(at, "default_int64", "i") ?? -1;
  return jsonCell(attributeOf(at, "default_float", "f") ?? -0);
}

function labelEncoder(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const classes = attributeOf(at, "classes_strings", "strings") ?? [];
  const numbers: Labels = { list: classes.map((_, index) => index), type: "int" };
  const names: Labels = { list: classes, type: "text" };
  const isName = value.type === "text";
  const keys = classes.length > 0 ? isName ? names : numbers : labelsOf(at, "keys");
  const values = classes.length > 0 ? isName ? numbers : names : labelsOf(at, "values");
  if (keys === undefined || values === undefined || keys.list.length !== values.list.length) {
    throw unsupported(at, "it has not as many values as keys");
  }
  if ((keys.type === "text") !== isName || (keys.type === "int") !== isInteger(value.type)) {
    throw unsupported(at, `its keys are ${keys.type}, its input is ${value.type}`);
  }
  checkDistinct(at, keys.list);
  if (keys.list.length * value.columns.length > MAX_LABELS) {
    throw unsupported(at, `it has ${keys.list.length} keys for ${value.columns.length} columns`);
  }
  const unknown = defaultOf(at, values);
  const isFloat = keys.type === "float" || keys.type === "double";
  const nan = keys.list.findIndex((key) => Number.isNaN(key));
  const pairs = keys.list.map((key, index) => ({ key, value: jsonCell(values.list[index]!) }))
    .filter((_, index) => index !== nan);
  const columns = writeColumns(builder, at, value.columns.length, (to, index) => ({
    op: "codes",
    from: value.columns[index]!,
    to,
    type: TYPES[values.type],
    keys: pairs.map(({ key }) => key),
    values: pairs.map((pair) => pair.value),
    unknown,
    missing: !isFloat ? null : nan < 0 ? unknown : jsonCell(values.list[nan]!),
  }));
  return { ...value, columns, type: TYPES[values.type] };
}

function oneHotEncoder(builder: Builder, at: GraphNode): Value {
  const given = rowsInput(builder, at, 0);
  const strings = attributeOf(at, "cats_strings", "strings") ?? [];
  const ints = attributeOf(at, "cats_int64s", "ints") ?? [];
  if ((strings.length > 0) === (ints.length > 0)) throw unsupported(at, "it has not one list of categories");
  if ((strings.length > 0) !== (given.type === "text")) throw unsupported(at, `its input is ${given.type}`);
  const value = strings.length > 0 || isInteger(given.type) ? given : castTo(builder, at, given, "i32");
  const keys: Cells = strings.length > 0 ? strings : ints;
  checkDistinct(at, keys);
  const isLenient = (attributeOf(at, "zeros", "i") ?? 1) !== 0;
  checkCount(at, builder.taken.size + keys.length * value.columns.length);
  const columns = value.columns.flatMap((from, index) => {
    const to = keys.map((_, slot) => innerName(builder, at, index * keys.length + slot));
    builder.steps.push({
      op: "one_hot",
      from,
      to,
      type: "f32",
      keys: [...keys],
      slots: keys.map((_, slot) => slot),
      unknown: isLenient ? -1 : null,
      missing: null,
    });
    return to;
  });
  return { columns, type: "f32", axes: [...value.axes, keys.length] };
}

function checkDistinct(at: GraphNode, keys: Cells): void {
  if (keys.length > MAX_CATEGORIES) {
    throw unsupported(at, `it has ${keys.length} categories, most ${MAX_CATEGORIES}`);
  }
  const twice = firstRepeated(keys);
  if (twice !== undefined) throw unsupported(at, `category ${named(twice)} is given twice`);
}
