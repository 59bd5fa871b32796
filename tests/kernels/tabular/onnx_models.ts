/**
 * ONNX models of fitted pipelines, made by protobufjs and run by onnxruntime.
 *
 * @module
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import protobuf from "protobufjs/light.js";
import type { Cell } from "../../../kernels/tabular/table.ts";

/** Element types of ONNX by name. */
export const ELEMENT = { float: 1, int32: 6, int64: 7, string: 8, double: 11 } as const;

/** Name of an element type. */
export type Element = keyof typeof ELEMENT;

/** Attribute: a number is a float, a bigint an integer. */
export type Attribute =
  | number
  | bigint
  | string
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | Initializer;

/** Constant tensor. */
export interface Initializer {
  readonly type: Element;
  readonly dims: readonly number[];
  readonly values: readonly (number | string)[];
}

/** Node of a model. */
export interface ModelNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly domain?: "ai.onnx.ml";
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** Model: nodes in order, and everything that they name. */
export interface ModelParts {
  readonly nodes: readonly ModelNode[];
  readonly inputs: Readonly<Record<string, { readonly type: Element; readonly columns: number }>>;
  readonly outputs: readonly string[];
  readonly initializers?: Readonly<Record<string, Initializer>>;
  readonly opset?: number;
  readonly mlOpset?: number;
}

const field = (id: number, type: string, rule?: "repeated") => ({ id, type, ...(rule ? { rule } : {}) });

/** Root of the messages that models need. */
export const ROOT = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, "int64"),
        producerName: field(2, "string"),
        graph: field(7, "GraphProto"),
        opsetImport: field(8, "OperatorSetIdProto", "repeated"),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, "string"), version: field(2, "int64") } },
    GraphProto: {
      fields: {
        node: field(1, "NodeProto", "repeated"),
        name: field(2, "string"),
        initializer: field(5, "TensorProto", "repeated"),
        input: field(11, "ValueInfoProto", "repeated"),
        output: field(12, "ValueInfoProto", "repeated"),
      },
    },
    NodeProto: {
      fields: {
        input: field(1, "string", "repeated"),
        output: field(2, "string", "repeated"),
        name: field(3, "string"),
        opType: field(4, "string"),
        attribute: field(5, "AttributeProto", "repeated"),
        domain: field(7, "string"),
      },
    },
    AttributeProto: {
      fields: {
        name: field(1, "string"),
        f: field(2, "float"),
        i: field(3, "int64"),
        s: field(4, "bytes"),
        t: field(5, "TensorProto"),
        floats: field(7, "float", "repeated"),
        ints: field(8, "int64", "repeated"),
        strings: field(9, "bytes", "repeated"),
        type: field(20, "int32"),
      },
    },
    TensorProto: {
      fields: {
        dims: field(1, "int64", "repeated"),
        dataType: field(2, "int32"),
        floatData: field(4, "float", "repeated"),
        int32Data: field(5, "int32", "repeated"),
        stringData: field(6, "bytes", "repeated"),
        int64Data: field(7, "int64", "repeated"),
        name: field(8, "string"),
        rawData: field(9, "bytes"),
        doubleData: field(10, "double", "repeated"),
      },
    },
    ValueInfoProto: { fields: { name: field(1, "string"), type: field(2, "TypeProto") } },
    TypeProto: { fields: { tensorType: field(1, "TensorTypeProto") } },
    TensorTypeProto: { fields: { elemType: field(1, "int32"), shape: field(2, "TensorShapeProto") } },
    TensorShapeProto: { fields: { dim: field(1, "DimensionProto", "repeated") } },
    DimensionProto: { fields: { dimValue: field(1, "int64"), dimParam: field(2, "string") } },
  },
});

const utf8 = (text: string) => new TextEncoder().encode(text);

function tensorProto({ type, dims, values }: Initializer): Record<string, unknown> {
  const data = type === "string" ? { stringData: values.map((value) => utf8(String(value))) } : {
    [{ float: "floatData", double: "doubleData", int64: "int64Data", int32: "int32Data" }[type]]: values,
  };
  return { dims, dataType: ELEMENT[type], ...data };
}

function attributeProto([name, value]: [string, Attribute]): Record<string, unknown> {
  if (typeof value === "number") return { name, f: value, type: 1 };
  if (typeof value === "bigint") return { name, i: Number(value), type: 2 };
  if (typeof value === "string") return { name, s: utf8(value), type: 3 };
  if (!Array.isArray(value)) return { name, t: tensorProto(value as Initializer), type: 4 };
  if (typeof value[0] === "string") return { name, strings: value.map((text) => utf8(text)), type: 8 };
  if (typeof value[0] === "bigint") return { name, ints: value.map(Number), type: 7 };
  return { name, floats: value, type: 6 };
}

/** Encodes a model. */
export function encodeModel(
  { nodes, inputs, outputs, initializers = {}, opset = 18, mlOpset = 4 }: ModelParts,
): Uint8Array {
  const type = ROOT.lookupType("ModelProto");
  return type.encode(type.fromObject({
    irVersion: 8,
    producerName: "test",
    opsetImport: [{ domain: "", version: opset }, { domain: "ai.onnx.ml", version: mlOpset }],
    graph: {
      name: "graph",
      node: nodes.map(({ op, inputs, output, domain, attributes = {} }) => ({
        opType: op,
        input: inputs,
        output: [output],
        domain,
        attribute: Object.entries(attributes).map(attributeProto),
      })),
      initializer: Object.entries(initializers).map(([name, tensor]) => ({ name, ...tensorProto(tensor) })),
      input: Object.entries(inputs).map(([name, { type, columns }]) => ({
        name,
        type: {
          tensorType: {
            elemType: ELEMENT[type],
            shape: { dim: [{ dimParam: "N" }, { dimValue: columns }] },
          },
        },
      })),
      output: outputs.map((name) => ({ name })),
    },
  })).finish();
}

/** Runs a model; values are row by row. */
export async function runModel(
  model: Uint8Array,
  inputs: Readonly<Record<string, { readonly type: Element; readonly rows: readonly (readonly Cell[])[] }>>,
): Promise<Record<string, { readonly values: Cell[]; readonly dims: readonly number[] }>> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { type, rows }]) => [name, feed(type, rows)]),
    );
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => {
        const values = Array.from(
          data as Iterable<unknown>,
          (value) => typeof value === "bigint" ? Number(value) : value,
        );
        return [name, { values: values as Cell[], dims }];
      }),
    );
  } finally {
    await session.release();
  }
}

function feed(type: Element, rows: readonly (readonly Cell[])[]): Tensor {
  const cells = rows.flat();
  const dims = [rows.length, rows[0]!.length];
  if (type === "string") return new Tensor("string", cells as string[], dims);
  const numbers = cells as number[];
  if (type === "int64") return new Tensor("int64", BigInt64Array.from(numbers.map(BigInt)), dims);
  if (type === "int32") return new Tensor("int32", Int32Array.from(numbers), dims);
  return type === "float"
    ? new Tensor("float32", Float32Array.from(numbers), dims)
    : new Tensor("float64", Float64Array.from(numbers), dims);
}
