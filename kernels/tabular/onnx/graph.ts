/**
 * Graph of an ONNX model as a fitted pipeline: inputs, nodes in order, outputs.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import { identifyFitted } from "../fitted/check.ts";
import { type ColumnSchema, type FittedPipeline, type FittedStep, writesOf } from "../fitted/steps.ts";
import { newName } from "../fit/parts.ts";
import { MAX_COLUMNS } from "../table.ts";
import { ARITHMETIC, ML_ARITHMETIC } from "./arithmetic.ts";
import { type Builder, type GraphNode, graphNode, unsupported } from "./builder.ts";
import { ML_CATEGORIES } from "./categories.ts";
import { decodeModel, malformed } from "./decode.ts";
import type { ModelProto, ValueInfoProto } from "./messages.ts";
import { arrayFeatureExtractor, type Operator, SHAPE_OPERATORS } from "./shapes.ts";
import { constantOf, typeOf } from "./tensors.ts";

const CORE: Readonly<Record<string, Operator>> = { ...SHAPE_OPERATORS, ...ARITHMETIC };

const ML: Readonly<Record<string, Operator>> = {
  ...ML_ARITHMETIC,
  ...ML_CATEGORIES,
  ArrayFeatureExtractor: arrayFeatureExtractor,
};

/** Maximum nodes of a graph. */
const MAX_NODES = 4096;

/** Greatest known version of each set of operators. */
const VERSIONS: Readonly<Record<string, number>> = { "ai.onnx": 25, "ai.onnx.ml": 5 };

/**
 * Imports the graph of a model.
 *
 * @param bytes ONNX file.
 * @param names Names of the columns of inputs.
 */
export function importGraph(
  bytes: Uint8Array,
  names: Readonly<Record<string, readonly string[]>>,
): FittedPipeline {
  const model = decodeModel(bytes);
  const { graph } = model;
  if (graph === undefined) throw malformed("it has no graph");
  checkVersions(model);
  if (graph.node.length > MAX_NODES) {
    throw new OnpathError(
      "size",
      `Cannot import an ONNX graph of ${graph.node.length} nodes: expected at most ${MAX_NODES}`,
    );
  }
  const builder: Builder = { values: new Map(), steps: [], taken: new Set() };
  for (const tensor of graph.initializer) builder.values.set(tensor.name ?? "", constantOf(tensor));
  const inputs = graph.input.filter(({ name = "" }) => !builder.values.has(name))
    .flatMap((input) => readInput(builder, input, names));
  const other = Object.keys(names).find((name) => !graph.input.some((input) => input.name === name));
  if (other !== undefined) {
    throw new OnpathError(
      "shape",
      `Cannot name the columns of input "${excerpt(other)}": the model has no such input`,
    );
  }
  for (const node of graph.node) {
    const at = graphNode(node);
    const operator = findOperator(at);
    const [output = ""] = node.output;
    if (node.output.length !== 1 || output === "" || builder.values.has(output)) {
      throw malformed(`node ${at.title} has not one new output`);
    }
    builder.values.set(output, operator(builder, at));
  }
  const renamed = new Map<string, string>();
  const outputs = graph.output.flatMap((output) => readOutput(builder, output, renamed));
  return identifyFitted({ inputs, steps: renameColumns(builder.steps, renamed), outputs, drop: [] });
}

function checkVersions({ opsetImport }: ModelProto): void {
  for (const { domain = "", version = 1 } of opsetImport) {
    const known = VERSIONS[domain === "" ? "ai.onnx" : domain];
    if (known !== undefined && version > known) {
      throw new OnpathError(
        "pipeline",
        `Cannot import version ${version} of ONNX operators ${
          domain || "ai.onnx"
        }: expected at most ${known}`,
        { domain, version },
      );
    }
  }
}

function findOperator(at: GraphNode): Operator {
  const { domain = "", opType = "" } = at.node;
  const known = domain === "" || domain === "ai.onnx" ? CORE : domain === "ai.onnx.ml" ? ML : {};
  if (Object.hasOwn(known, opType)) return known[opType]!;
  throw unsupported(at, "its operator is not supported");
}

function readInput(
  builder: Builder,
  { name = "", type }: ValueInfoProto,
  names: Readonly<Record<string, readonly string[]>>,
): ColumnSchema[] {
  const { elemType, shape } = type?.tensorType ?? {};
  const columnType = typeOf(elemType);
  const [, width, ...more] = shape?.dim ?? [];
  const count = shape?.dim.length === 1 ? 1 : width?.dimValue;
  if (
    columnType === undefined || shape === undefined || more.length > 0 || count === undefined || count < 1
  ) {
    throw new OnpathError(
      "pipeline",
      `Cannot import ONNX input "${excerpt(name)}": expected a tensor of rows with a known number of columns`,
      { name },
    );
  }
  const given = Object.hasOwn(names, name) ? names[name] : undefined;
  const refuse = (why: string) =>
    new OnpathError("shape", `Cannot name the ${count} columns of input "${excerpt(name)}": ${why}`, {
      name,
    });
  if (count > MAX_COLUMNS) throw refuse(`expected at most ${MAX_COLUMNS}`);
  if (given !== undefined && given.length !== count) throw refuse(`${given.length} names are given`);
  const columns = given ??
    Array.from({ length: count }, (_, index) => count === 1 ? name : `${name}_${index}`);
  for (const each of columns) {
    if (builder.taken.has(each)) throw refuse(`"${excerpt(each)}" is taken`);
    builder.taken.add(each);
  }
  builder.values.set(name, { columns, type: columnType, axes: shape.dim.length === 1 ? [] : [count] });
  return columns.map((each) => ({ name: each, type: columnType }));
}

/** Names the columns of an output after it: columns of steps are renamed, inputs and columns named before copied. */
function readOutput(builder: Builder, { name = "" }: ValueInfoProto, renamed: Map<string, string>): string[] {
  const value = builder.values.get(name);
  if (value === undefined || !("columns" in value)) {
    throw malformed(`output "${excerpt(name)}" is no tensor of rows`);
  }
  const { columns, type } = value;
  const written = new Set(builder.steps.flatMap((step) => [...writesOf(step)]));
  return columns.map((from, index) => {
    const to = newName(builder.taken, columns.length === 1 ? name : `${name}_${index}`);
    if (written.has(from) && !renamed.has(from)) renamed.set(from, to);
    else builder.steps.push({ op: "cast", from, to, type });
    return to;
  });
}

function renameColumns(steps: readonly FittedStep[], renamed: ReadonlyMap<string, string>): FittedStep[] {
  const nameOf = (name: string) => renamed.get(name) ?? name;
  const rename = (names: string | readonly string[]) =>
    typeof names === "string" ? nameOf(names) : names.map(nameOf);
  return steps.map((step) => ({ ...step, from: rename(step.from), to: rename(step.to) }) as FittedStep);
}
