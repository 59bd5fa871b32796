/**
 * Operators of ONNX that compute with constants: Scaler, Imputer, Binarizer, and arithmetic.
 *
 * @module
 */

import type { Term } from "../fitted/steps.ts";
import { isInteger } from "../values.ts";
import {
  attributeOf,
  type Builder,
  castTo,
  constantInput,
  type GraphNode,
  jsonCell,
  numbersIn,
  perColumn,
  rowsInput,
  type RowsValue,
  scalarOf,
  unsupported,
  type Value,
  writeColumns,
} from "./builder.ts";
import type { Operator } from "./shapes.ts";

/** Operators of domain `ai.onnx.ml` that compute. */
export const ML_ARITHMETIC: Readonly<Record<string, Operator>> = {
  Scaler: scaler,
  Imputer: imputer,
  Binarizer: binarizer,
};

/** Operators of domain `ai.onnx` that compute with a constant. */
export const ARITHMETIC: Readonly<Record<string, Operator>> = {
  Add: (builder, at) => withConstant(builder, at, "add", true),
  Mul: (builder, at) => withConstant(builder, at, "multiply", true),
  Sub: (builder, at) => withConstant(builder, at, "subtract", false),
  Div: (builder, at) => withConstant(builder, at, "divide", false),
  Clip: clip,
};

/** Computes `(x - offset) * scale` in the type of x, and rounds the result to f32. */
function scaler(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const own = value.type === "f64" ? value : castTo(builder, at, value, "f32");
  const count = own.columns.length;
  const offset = perColumn(at, attributeOf(at, "offset", "floats") ?? [0], count, "offset");
  const scale = perColumn(at, attributeOf(at, "scale", "floats") ?? [1], count, "scale");
  const scaled = compute(builder, at, own, (index) => [
    { op: "subtract", value: offset(index) },
    { op: "multiply", value: scale(index) },
  ]);
  return castTo(builder, at, scaled, "f32");
}

function imputer(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const { type } = value;
  const isWhole = isInteger(type);
  const list =
    (isWhole
      ? attributeOf(at, "imputed_value_int64s", "ints")
      : attributeOf(at, "imputed_value_floats", "floats")) ?? [];
  const replaced = isWhole
    ? attributeOf(at, "replaced_value_int64", "i") ?? 0
    : attributeOf(at, "replaced_value_float", "f") ?? 0;
  const imputed = perColumn(at, list, value.columns.length, "imputed value");
  const columns = writeColumns(builder, at, value.columns.length, (to, index) => ({
    op: "fill",
    from: value.columns[index]!,
    to,
    type,
    missing: jsonCell(replaced) as number,
    value: jsonCell(imputed(index)),
  }));
  return { ...value, columns };
}

function binarizer(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const threshold = attributeOf(at, "threshold", "f") ?? 0;
  const { type } = value;
  if (type === "text") throw unsupported(at, "it reads text, expected numbers");
  if (!Number.isFinite(threshold)) throw unsupported(at, "its threshold is not finite");
  const columns = writeColumns(builder, at, value.columns.length, (to, index) => {
    return { op: "threshold", from: value.columns[index]!, to, type, threshold };
  });
  return { ...value, columns };
}

function withConstant(builder: Builder, at: GraphNode, op: Term["op"], commutes: boolean): Value {
  const isSecond = commutes && "values" in (builder.values.get(at.node.input[0] ?? "") ?? {});
  const value = rowsInput(builder, at, isSecond ? 1 : 0);
  const constant = constantInput(builder, at, isSecond ? 0 : 1);
  if (constant === undefined) throw unsupported(at, "it has one input");
  const { dims, values } = constant;
  const isRow = dims.length <= value.axes.length + 1 && dims.slice(0, -1).every((length) => length === 1);
  if (!isRow || value.axes.length !== 1) {
    throw unsupported(at, `its constant has shape [${dims.slice(0, 8).join(", ")}]`);
  }
  const number = perColumn(at, numbersIn(at, values, "constants"), value.columns.length, "constants");
  return compute(builder, at, value, (index) => [{ op, value: number(index) }]);
}

function clip(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const min = scalarOf(at, constantInput(builder, at, 1), "minimum") ?? attributeOf(at, "min", "f");
  const max = scalarOf(at, constantInput(builder, at, 2), "maximum") ?? attributeOf(at, "max", "f");
  const terms: Term[] = [
    ...(min === undefined ? [] : [{ op: "max", value: min } as const]),
    ...(max === undefined ? [] : [{ op: "min", value: max } as const]),
  ];
  if (!terms.every((term) => Number.isFinite(term.value))) throw unsupported(at, "its bounds are not finite");
  return compute(builder, at, value, () => terms);
}

/** Writes arithmetic on f32 or f64. */
function compute(
  builder: Builder,
  at: GraphNode,
  value: RowsValue,
  terms: (index: number) => Term[],
): RowsValue {
  const { type } = value;
  if (type !== "f32" && type !== "f64") {
    throw unsupported(at, `it computes with ${type}, expected f32 or f64`);
  }
  const columns = writeColumns(builder, at, value.columns.length, (to, index) => {
    return { op: "arithmetic", from: value.columns[index]!, to, type, terms: terms(index) };
  });
  return { ...value, columns };
}
