/**
 * Small ONNX graphs, run by onnxruntime on its CPU provider.
 *
 * @module
 */

import { InferenceSession, Tensor } from "onnxruntime-node";
import protobuf from "protobufjs/light.js";

/** Element types of ONNX, by their numbers in TensorProto. */
export const ONNX_TYPES = {
  float: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  float16: 10,
  bfloat16: 16,
  e4m3fn: 17,
  e5m2: 19,
  uint4: 21,
  int4: 22,
} as const;

/** Name of an element type. */
export type OnnxType = keyof typeof ONNX_TYPES;

/** Node: its operator, the names of its inputs and outputs, and its integer attributes. */
export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number>>;
}

/** Input of a graph. Other types are made by a Cast within the graph. */
export interface OnnxInput {
  readonly type: "float" | "int32";
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

const field = (id: number, type: string, rule?: "repeated") => ({ id, type, ...(rule ? { rule } : {}) });

/** The messages of onnx.proto that these graphs need. */
const MODEL = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field(1, "int64"),
        graph: field(7, "GraphProto"),
        opsetImport: field(8, "OperatorSetIdProto", "repeated"),
      },
    },
    OperatorSetIdProto: { fields: { domain: field(1, "string"), version: field(2, "int64") } },
    GraphProto: {
      fields: {
        node: field(1, "NodeProto", "repeated"),
        name: field(2, "string"),
        input: field(11, "ValueInfoProto", "repeated"),
        output: field(12, "ValueInfoProto", "repeated"),
      },
    },
    NodeProto: {
      fields: {
        input: field(1, "string", "repeated"),
        output: field(2, "string", "repeated"),
        opType: field(4, "string"),
        attribute: field(5, "AttributeProto", "repeated"),
      },
    },
    AttributeProto: { fields: { name: field(1, "string"), i: field(3, "int64"), type: field(20, "int32") } },
    ValueInfoProto: { fields: { name: field(1, "string"), type: field(2, "TypeProto") } },
    TypeProto: { fields: { tensorType: field(1, "TensorTypeProto") } },
    TensorTypeProto: { fields: { elemType: field(1, "int32"), shape: field(2, "TensorShapeProto") } },
    TensorShapeProto: { fields: { dim: field(1, "DimensionProto", "repeated") } },
    DimensionProto: { fields: { dimValue: field(1, "int64") } },
  },
}).lookupType("ModelProto");

/** `AttributeProto.INT`. */
const INTEGER_ATTRIBUTE = 2;

/** Types and shapes by name. */
export type OnnxShapes = Readonly<
  Record<string, { readonly type: OnnxType; readonly shape: readonly number[] }>
>;

/**
 * Encodes a graph as an ONNX model.
 *
 * @param nodes Nodes in order.
 * @param inputs Types and shapes of the inputs.
 * @param outputs Types and shapes of the outputs.
 * @returns Bytes of the model's file.
 */
export function encodeGraph(nodes: readonly OnnxNode[], inputs: OnnxShapes, outputs: OnnxShapes): Uint8Array {
  const valueInfo = ([name, { type, shape }]: [string, { type: OnnxType; shape: readonly number[] }]) => ({
    name,
    type: {
      tensorType: { elemType: ONNX_TYPES[type], shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
    },
  });
  return MODEL.encode(MODEL.fromObject({
    irVersion: 11,
    opsetImport: [{ domain: "", version: 23 }],
    graph: {
      name: "graph",
      node: nodes.map(({ op, inputs, outputs, attributes = {} }) => ({
        opType: op,
        input: inputs,
        output: outputs,
        attribute: Object.entries(attributes).map(([name, i]) => ({ name, i, type: INTEGER_ATTRIBUTE })),
      })),
      input: Object.entries(inputs).map(valueInfo),
      output: Object.entries(outputs).map(valueInfo),
    },
  })).finish();
}

/**
 * Runs a graph.
 *
 * @param nodes Nodes in order.
 * @param inputs Inputs by name.
 * @param outputs Types and shapes of the outputs by name.
 * @returns Data of each output by name.
 */
export async function runGraph(
  nodes: readonly OnnxNode[],
  inputs: Readonly<Record<string, OnnxInput>>,
  outputs: OnnxShapes,
): Promise<Record<string, Float32Array | Int32Array>> {
  const model = encodeGraph(nodes, inputs, outputs);
  const session = await InferenceSession.create(model, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { type, shape, data }]) => {
        return [name, new Tensor(type === "float" ? "float32" : type, data as Float32Array, [...shape])];
      }),
    );
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}
