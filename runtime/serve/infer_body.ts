/**
 * Bodies of inference requests by their headers: JSON, JSON and binary tensors, or the bytes of the only input.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { AnyInferenceModel } from "./model.ts";
import { type DecodedRequest, decodeRequest } from "./request.ts";
import { readBinaryTensor } from "./tensor_binary.ts";
import { FIXED, type InferenceTensor } from "./tensors.ts";

/**
 * Decodes a body.
 *
 * @param model Model of the request.
 * @param body Bytes of the body.
 * @param jsonBytes Length of the JSON; undefined if the whole body is JSON; 0 if the body is the only input, as Triton
 * takes raw binary requests. Then all outputs are binary.
 * @throws {OnpathError} As {@linkcode decodeRequest}; `shape` if raw bytes do not hold whole items.
 */
export function decodeBody(
  model: AnyInferenceModel,
  body: Uint8Array,
  jsonBytes: number | undefined,
): DecodedRequest {
  if (jsonBytes !== 0) return decodeRequest(body, jsonBytes ?? body.length);
  return { inputs: [readRaw(model, body)], outputs: undefined, isBinary: true };
}

function readRaw(model: AnyInferenceModel, body: Uint8Array): InferenceTensor {
  const [info, ...others] = model.inputs;
  if (info === undefined || others.length > 0) {
    throw new OnpathError(
      "pipeline",
      `Cannot read a request without JSON: model ${model.name} has ${model.inputs.length} inputs, expected one`,
      { inputs: model.inputs.length },
    );
  }
  const { name, datatype, shape } = info;
  // The bytes of one string, without its length before them.
  if (datatype === "BYTES") return { name, datatype, shape: [1], data: [body] };
  const isBatch = shape[0] === -1;
  const inner = isBatch ? shape.slice(1) : shape;
  const { bytes } = FIXED[datatype];
  const itemBytes = inner.reduce((product, length) => product * length, bytes);
  const count = body.length / itemBytes;
  if (!Number.isInteger(count) || count < 1 || (!isBatch && count !== 1)) {
    throw new OnpathError(
      "shape",
      `Cannot read ${body.length} bytes as input ${name}: expected ${
        isBatch ? "a multiple of " : ""
      }${itemBytes}`,
      { input: name, bytes: body.length, itemBytes },
    );
  }
  const head = { name, datatype, shape: isBatch ? [count, ...inner] : inner, count: body.length / bytes };
  return readBinaryTensor(head, body);
}
