/**
 * Operators of ONNX that move columns: they need no fitted steps, or a cast.
 *
 * @module
 */

import {
  attributeOf,
  type Builder,
  castTo,
  checkCount,
  constantInput,
  type GraphNode,
  numbersIn,
  rowsInput,
  type RowsValue,
  tensorAttribute,
  unsupported,
  type Value,
} from "./builder.ts";
import { type Constant, typeOf } from "./tensors.ts";

/** Makes the value that a node writes. */
export type Operator = (builder: Builder, at: GraphNode) => Value;

/** Operators that move columns. */
export const SHAPE_OPERATORS: Readonly<Record<string, Operator>> = {
  Identity: (builder, at) => rowsInput(builder, at, 0),
  Cast: cast,
  Concat: concat,
  Gather: gather,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Constant: constant,
};

/** Takes elements of the last axis. */
export const arrayFeatureExtractor: Operator = (builder, at) => {
  const indices = indicesOf(builder, at);
  const value = rowsInput(builder, at, 0);
  return takeLast(at, value.axes.length === 0 ? { ...value, axes: [1] } : value, indices);
};

function cast(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const elemType = attributeOf(at, "to", "i");
  const type = typeOf(elemType);
  if (type === undefined) throw unsupported(at, `element type ${elemType} has no columns`);
  // onnxruntime rounds to f32 on the way from f64 to 16 bits.
  const isNarrow = type === "f16" || type === "bf16";
  return castTo(
    builder,
    at,
    isNarrow && value.type === "f64" ? castTo(builder, at, value, "f32") : value,
    type,
  );
}

function concat(builder: Builder, at: GraphNode): Value {
  const values = at.node.input.map((_, index) => rowsInput(builder, at, index));
  const [first] = values;
  if (first === undefined) throw unsupported(at, "it has no inputs");
  const rank = first.axes.length + 1;
  const axis = attributeOf(at, "axis", "i") ?? 1;
  const isLast = axis === rank - 1 || axis === -1;
  const lead = first.axes.slice(0, -1);
  const fits = values.every(({ axes, type }) =>
    type === first.type && axes.length === lead.length + 1 &&
    lead.every((length, index) => length === axes[index])
  );
  if (!isLast || rank < 2 || !fits || lead.some((length) => length !== 1)) {
    throw unsupported(at, "it joins rows or columns of different shapes or types, expected the last axis");
  }
  const columns = values.flatMap((value) => value.columns);
  checkCount(at, columns.length);
  return { columns, type: first.type, axes: [...lead, columns.length] };
}

function gather(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const axis = attributeOf(at, "axis", "i") ?? 0;
  if (value.axes.length !== 1 || (axis !== 1 && axis !== -1)) {
    throw unsupported(at, `it gathers on axis ${axis}, expected columns`);
  }
  const indices = indicesOf(builder, at);
  if (indices.dims.length > 1) throw unsupported(at, "its indices have more than one axis");
  const taken = takeLast(at, value, indices);
  return indices.dims.length === 0 ? { ...taken, axes: [] } : taken;
}

function indicesOf(builder: Builder, at: GraphNode): Constant {
  const indices = constantInput(builder, at, 1);
  if (indices === undefined) throw unsupported(at, "it has no indices");
  return indices;
}

function takeLast(at: GraphNode, value: RowsValue, indices: Constant): RowsValue {
  const length = value.axes.at(-1)!;
  if (value.columns.length !== length) throw unsupported(at, "it takes from more than one axis");
  checkCount(at, indices.values.length);
  const columns = numbersIn(at, indices.values, "indices").map((index) => {
    const column = value.columns[index < 0 ? index + length : index];
    if (column === undefined) throw unsupported(at, `index ${index} is out of ${length} columns`);
    return column;
  });
  return { columns, type: value.type, axes: [...value.axes.slice(0, -1), columns.length] };
}

function reshape(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const shape = constantInput(builder, at, 1)?.values ?? attributeOf(at, "shape", "ints");
  if (shape === undefined) throw unsupported(at, "it has no shape");
  const [rows, ...rest] = numbersIn(at, shape, "shape");
  const known = rest.reduce((product, length) => product * (length === -1 ? 1 : length), 1);
  const axes = rest.map((length) => length === -1 ? value.columns.length / known : length);
  const keepsRows = rows === -1 ? !rest.includes(-1) : rows === 0;
  const count = axes.reduce((product, length) => product * length, 1);
  if (
    !keepsRows || axes.some((length) => !(Number.isInteger(length) && length > 0)) ||
    count !== value.columns.length
  ) {
    throw unsupported(at, `shape [${shape.slice(0, 8).join(", ")}] moves values between rows`);
  }
  return { ...value, axes };
}

function flatten(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const axis = attributeOf(at, "axis", "i") ?? 1;
  if (axis !== 1) throw unsupported(at, `axis ${axis} moves values between rows`);
  return { ...value, axes: [value.columns.length] };
}

function axesOf(builder: Builder, at: GraphNode): readonly number[] {
  const axes = constantInput(builder, at, 1)?.values ?? attributeOf(at, "axes", "ints") ?? [];
  return numbersIn(at, axes, "axes");
}

function squeeze(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const rank = value.axes.length + 1;
  const axes = axesOf(builder, at).map((axis) => axis < 0 ? axis + rank : axis);
  if (axes.length === 0 || !axes.every((axis) => axis >= 1 && value.axes[axis - 1] === 1)) {
    throw unsupported(at, "it removes axes that are not of length 1");
  }
  return { ...value, axes: value.axes.filter((_, index) => !axes.includes(index + 1)) };
}

function unsqueeze(builder: Builder, at: GraphNode): Value {
  const value = rowsInput(builder, at, 0);
  const rank = value.axes.length + 2;
  const [axis, ...more] = axesOf(builder, at).map((each) => each < 0 ? each + rank : each);
  if (axis === undefined || more.length > 0 || axis < 1 || axis >= rank) {
    throw unsupported(at, "it adds more than one axis, or one before the rows");
  }
  return { ...value, axes: value.axes.toSpliced(axis - 1, 0, 1) };
}

function constant(_builder: Builder, at: GraphNode): Value {
  const tensor = tensorAttribute(at, "value");
  if (tensor !== undefined) return tensor;
  const number = attributeOf(at, "value_float", "f") ?? attributeOf(at, "value_int", "i");
  if (number !== undefined) return { dims: [], values: [number] };
  const list = attributeOf(at, "value_floats", "floats") ?? attributeOf(at, "value_ints", "ints");
  if (list !== undefined) return { dims: [list.length], values: list };
  throw unsupported(at, "it has no numbers");
}
