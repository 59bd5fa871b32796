/**
 * Encoding of inference responses: JSON, and the binary tensors that follow it.
 *
 * @module
 */

import { writeBinaryTensor } from "./tensor_binary.ts";
import { writeJsonTensor } from "./tensor_json.ts";
import type { InferenceTensor } from "./tensors.ts";

/** Response of a model. */
export interface InferenceResponse {
  /** Name of the model. */
  readonly modelName: string;
  /** Version of the model. */
  readonly modelVersion: string;
  /** Identifier of the request, if it had one. */
  readonly id?: string | undefined;
  /** Requested outputs, in the order of the request. */
  readonly outputs: readonly InferenceTensor[];
}

/** Message as it is sent. */
export interface EncodedMessage {
  /** Bytes in order: the JSON, and then binary tensors. */
  readonly parts: readonly Uint8Array[];
  /** Length of the JSON if binary tensors follow; the header Inference-Header-Content-Length. */
  readonly jsonBytes: number | undefined;
  /** Length of all parts. */
  readonly bytes: number;
}

/**
 * Encodes a response.
 *
 * @param response Response of a model.
 * @param isBinary Whether an output is returned as binary data, by its name.
 * @throws {OnpathError} `dtype` if an element has no JSON.
 */
export function encodeResponse(
  { modelName, modelVersion, id, outputs }: InferenceResponse,
  isBinary: (name: string) => boolean,
): EncodedMessage {
  return encodeMessage(
    { model_name: modelName, model_version: modelVersion, ...(id === undefined ? {} : { id }) },
    "outputs",
    outputs,
    isBinary,
  );
}

/**
 * Encodes a message that ends with a list of tensors.
 *
 * @param fields Other fields of the JSON; at least one.
 * @param list Name of the list.
 * @param tensors Tensors of the list.
 * @param isBinary Whether a tensor is binary data, by its name.
 */
export function encodeMessage(
  fields: Readonly<Record<string, unknown>>,
  list: "inputs" | "outputs",
  tensors: readonly InferenceTensor[],
  isBinary: (name: string) => boolean,
): EncodedMessage {
  const binary: Uint8Array[] = [];
  const heads = tensors.map((tensor) => {
    const { name, datatype, shape } = tensor;
    const head = JSON.stringify({ name, datatype, shape });
    if (!isBinary(name)) return `${head.slice(0, -1)},"data":${writeJsonTensor(tensor)}}`;
    const parts = writeBinaryTensor(tensor);
    // Not spread into push(): a tensor of BYTES may have many parts.
    for (const part of parts) binary.push(part);
    return `${head.slice(0, -1)},"parameters":{"binary_data_size":${lengthOf(parts)}}}`;
  });
  const json = new TextEncoder().encode(
    `${JSON.stringify(fields).slice(0, -1)},"${list}":[${heads.join(",")}]}`,
  );
  const hasBinary = tensors.some(({ name }) => isBinary(name));
  return {
    parts: [json, ...binary],
    jsonBytes: hasBinary ? json.length : undefined,
    bytes: json.length + lengthOf(binary),
  };
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
