/**
 * Messages of onnx.proto that an import of a fitted pipeline reads. All other fields are skipped.
 *
 * @module
 */

/** Tensor of constants. */
export interface TensorProto {
  /** Name of an initializer. */
  readonly name?: string;
  /** Lengths along the axes. */
  readonly dims: readonly number[];
  /** Element type, by its number. */
  readonly dataType?: number;
  /** Elements of float. */
  readonly floatData: readonly number[];
  /** Elements of types up to 32 bits. */
  readonly int32Data: readonly number[];
  /** Elements of string. */
  readonly stringData: readonly string[];
  /** Elements of int64. */
  readonly int64Data: readonly number[];
  /** Elements of double. */
  readonly doubleData: readonly number[];
  /** Elements of any type but string, little-endian. */
  readonly rawData?: Uint8Array;
  /** Parts of a location in another file. */
  readonly externalData: readonly unknown[];
}

/** Attribute of a node. */
export interface AttributeProto {
  /** Name of the attribute. */
  readonly name?: string;
  /** Float. */
  readonly f?: number;
  /** Integer. */
  readonly i?: number;
  /** String. */
  readonly s?: string;
  /** Tensor. */
  readonly t?: TensorProto;
  /** Floats. */
  readonly floats: readonly number[];
  /** Integers. */
  readonly ints: readonly number[];
  /** Strings. */
  readonly strings: readonly string[];
  /** Kind of the value, by its number. */
  readonly type?: number;
}

/** Node of a graph. */
export interface NodeProto {
  /** Names of the values that are read. */
  readonly input: readonly string[];
  /** Names of the values that are written. */
  readonly output: readonly string[];
  /** Name of the node. */
  readonly name?: string;
  /** Name of the operator. */
  readonly opType?: string;
  /** Domain of the operator. */
  readonly domain?: string;
  /** Attributes. */
  readonly attribute: readonly AttributeProto[];
}

/** Axis of a shape. */
export interface DimensionProto {
  /** Length; absent if it is open. */
  readonly dimValue?: number;
}

/** Input or output of a graph. */
export interface ValueInfoProto {
  /** Name of the value. */
  readonly name?: string;
  /** Type of the value. */
  readonly type?: {
    /** Element type and shape of a tensor; absent for other types. */
    readonly tensorType?: {
      /** Element type, by its number. */
      readonly elemType?: number;
      /** Axes. */
      readonly shape?: { readonly dim: readonly DimensionProto[] };
    };
  };
}

/** Graph. */
export interface GraphProto {
  /** Nodes in order. */
  readonly node: readonly NodeProto[];
  /** Constants. */
  readonly initializer: readonly TensorProto[];
  /** Inputs. */
  readonly input: readonly ValueInfoProto[];
  /** Outputs. */
  readonly output: readonly ValueInfoProto[];
}

/** Model. */
export interface ModelProto {
  /** Version of the file's form. */
  readonly irVersion?: number;
  /** Versions of the sets of operators. */
  readonly opsetImport: readonly { readonly domain?: string; readonly version?: number }[];
  /** The graph. */
  readonly graph?: GraphProto;
}

/** Type of a field, or the message within it. */
export type FieldKind = "int" | "float" | "double" | "text" | "bytes" | MessageShape;

/** Fields of a message by their numbers: name, kind, and whether the field is a list. */
export interface MessageShape {
  readonly [id: number]: readonly [name: string, kind: FieldKind, isList?: true];
}

const TENSOR: MessageShape = {
  1: ["dims", "int", true],
  2: ["dataType", "int"],
  4: ["floatData", "float", true],
  5: ["int32Data", "int", true],
  6: ["stringData", "text", true],
  7: ["int64Data", "int", true],
  8: ["name", "text"],
  9: ["rawData", "bytes"],
  10: ["doubleData", "double", true],
  13: ["externalData", "bytes", true],
};

const ATTRIBUTE: MessageShape = {
  1: ["name", "text"],
  2: ["f", "float"],
  3: ["i", "int"],
  4: ["s", "text"],
  5: ["t", TENSOR],
  7: ["floats", "float", true],
  8: ["ints", "int", true],
  9: ["strings", "text", true],
  20: ["type", "int"],
};

const NODE: MessageShape = {
  1: ["input", "text", true],
  2: ["output", "text", true],
  3: ["name", "text"],
  4: ["opType", "text"],
  5: ["attribute", ATTRIBUTE, true],
  7: ["domain", "text"],
};

const VALUE: MessageShape = {
  1: ["name", "text"],
  2: ["type", {
    1: ["tensorType", {
      1: ["elemType", "int"],
      2: ["shape", { 1: ["dim", { 1: ["dimValue", "int"] }, true] }],
    }],
  }],
};

/** Fields of {@linkcode ModelProto}. */
export const MODEL: MessageShape = {
  1: ["irVersion", "int"],
  7: ["graph", {
    1: ["node", NODE, true],
    5: ["initializer", TENSOR, true],
    11: ["input", VALUE, true],
    12: ["output", VALUE, true],
  }],
  8: ["opsetImport", { 1: ["domain", "text"], 2: ["version", "int"] }, true],
};
