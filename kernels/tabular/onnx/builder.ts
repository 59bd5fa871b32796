/**
 * Values of an ONNX graph as columns, and the fitted steps that make them.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import { newName } from "../fit/parts.ts";
import type { FittedStep, JsonCell } from "../fitted/steps.ts";
import { toJsonNumber } from "../spec/encode.ts";
import { type ColumnType, MAX_COLUMNS } from "../table.ts";
import { malformed } from "./decode.ts";
import type { AttributeProto, NodeProto } from "./messages.ts";
import { type Constant, constantOf } from "./tensors.ts";

/** Tensor of rows: the first axis is the row, the others hold columns. */
export interface RowsValue {
  /** Columns in C order of the axes. */
  readonly columns: readonly string[];
  /** Type of all columns. */
  readonly type: ColumnType;
  /** Lengths of the axes after the first one. */
  readonly axes: readonly number[];
}

/** Value of a graph. */
export type Value = RowsValue | Constant;

/** Values and steps of an import in progress. */
export interface Builder {
  /** Values by name. */
  readonly values: Map<string, Value>;
  /** Steps so far. */
  readonly steps: FittedStep[];
  /** Names of columns that are in use. */
  readonly taken: Set<string>;
}

/** Node with its attributes by name. */
export interface GraphNode {
  /** The node. */
  readonly node: NodeProto;
  /** Name for messages. */
  readonly title: string;
  /** Attributes by name. */
  readonly attributes: ReadonlyMap<string, AttributeProto>;
}

/** Refuses a node that no fitted step can hold. */
export function unsupported({ title }: GraphNode, why: string): OnpathError {
  return new OnpathError("pipeline", `Cannot import ONNX node ${title}: ${why}`, { node: title });
}

/** Prepares a node. */
export function graphNode(node: NodeProto): GraphNode {
  const { opType = "", name = "", domain = "" } = node;
  const title = excerpt(`${domain === "" ? "" : `${domain}.`}${opType}${name === "" ? "" : ` "${name}"`}`);
  return { node, title, attributes: new Map(node.attribute.map((each) => [each.name ?? "", each])) };
}

/** Finds a tensor of rows that a node reads. */
export function rowsInput(builder: Builder, at: GraphNode, index: number): RowsValue {
  const value = valueInput(builder, at, index);
  if (value !== undefined && "columns" in value) return value;
  throw unsupported(
    at,
    `its input ${index} is ${value === undefined ? "absent" : "a constant"}, expected rows`,
  );
}

/** Finds a constant that a node reads; undefined if it is left out. */
export function constantInput(builder: Builder, at: GraphNode, index: number): Constant | undefined {
  const value = valueInput(builder, at, index);
  if (value === undefined || !("columns" in value)) return value;
  throw unsupported(at, `its input ${index} depends on rows, expected a constant`);
}

function valueInput({ values }: Builder, { node, title }: GraphNode, index: number): Value | undefined {
  const name = node.input[index] ?? "";
  if (name === "") return undefined;
  const value = values.get(name);
  if (value === undefined) {
    throw malformed(`node ${title} reads "${excerpt(name)}", which no node before it writes`);
  }
  return value;
}

/** Numbers of a constant or attribute. */
export function numbersIn(
  at: GraphNode,
  values: readonly (number | string)[],
  what: string,
): readonly number[] {
  if (values.every((value) => typeof value === "number")) return values;
  throw unsupported(at, `its ${what} are strings, expected numbers`);
}

/** Finds the one element of a constant. */
export function scalarOf(at: GraphNode, constant: Constant | undefined, what: string): number | undefined {
  if (constant === undefined) return undefined;
  if (constant.values.length !== 1) {
    throw unsupported(at, `its ${what} has ${constant.values.length} elements`);
  }
  return numbersIn(at, constant.values, what)[0]!;
}

/** Takes one number for all columns, or one for each. */
export function perColumn(
  at: GraphNode,
  list: readonly number[],
  count: number,
  what: string,
): (index: number) => number {
  if (list.length !== 1 && list.length !== count) {
    throw unsupported(at, `it has ${list.length} values of ${what} for ${count} columns`);
  }
  if (!list.every(Number.isFinite)) throw unsupported(at, `its ${what} is not finite`);
  return (index) => list[list.length === 1 ? 0 : index]!;
}

/**
 * Writes columns by steps.
 *
 * @param builder Values and steps.
 * @param at Node.
 * @param count Columns to write.
 * @param make Makes the step of a column; it is added.
 * @returns Names of the columns.
 */
export function writeColumns(
  builder: Builder,
  at: GraphNode,
  count: number,
  make: (to: string, index: number) => FittedStep,
): string[] {
  checkCount(at, builder.taken.size + count);
  return Array.from({ length: count }, (_, index) => {
    const to = innerName(builder, at, index);
    builder.steps.push(make(to, index));
    return to;
  });
}

/** Makes the name of a column within the graph; outputs get their names at the end. */
export function innerName(builder: Builder, { node }: GraphNode, index: number): string {
  return newName(builder.taken, `${node.output[0]}#${index}`);
}

/** Refuses more columns than records have. */
export function checkCount(at: GraphNode, count: number): void {
  if (count > MAX_COLUMNS) {
    throw unsupported(at, `it needs ${count} columns, expected at most ${MAX_COLUMNS}`);
  }
}

/** Converts the columns of a value, unless they have the type. */
export function castTo(builder: Builder, at: GraphNode, value: RowsValue, type: ColumnType): RowsValue {
  if (value.type === type) return value;
  if (type === "text" || value.type === "text") throw unsupported(at, `it converts ${value.type} to ${type}`);
  const columns = writeColumns(builder, at, value.columns.length, (to, index) => {
    return { op: "cast", from: value.columns[index]!, to, type };
  });
  return { ...value, columns, type };
}

/** Cell of a fitted step for an element of a constant. */
export function jsonCell(value: number | string): JsonCell {
  return typeof value === "number" ? toJsonNumber(value) : value;
}

/** Numbers of the kinds of attributes. */
const KINDS = { f: 1, i: 2, s: 3, t: 4, floats: 6, ints: 7, strings: 8 } as const;

/** Values of attributes by kind. Writers leave zeros and empty strings out. */
const DEFAULTS = { f: 0, i: 0, s: "" } as const;

/**
 * Reads an attribute of a kind; undefined if there is none.
 *
 * @throws {OnpathError} `pipeline` if it has another kind.
 */
export function attributeOf<K extends keyof typeof KINDS>(
  at: GraphNode,
  name: string,
  kind: K,
): AttributeProto[K] | undefined {
  const attribute = at.attributes.get(name);
  if (attribute === undefined) return undefined;
  if ((attribute.type ?? 0) !== 0 && attribute.type !== KINDS[kind]) {
    throw unsupported(
      at,
      `its attribute ${excerpt(name)} has kind ${attribute.type}, expected ${KINDS[kind]}`,
    );
  }
  return attribute[kind] ?? DEFAULTS[kind as keyof typeof DEFAULTS] as AttributeProto[K] | undefined;
}

/** Reads a tensor attribute. */
export function tensorAttribute(at: GraphNode, name: string): Constant | undefined {
  const tensor = attributeOf(at, name, "t");
  return tensor === undefined ? undefined : constantOf(tensor);
}
