/**
 * Decoding of inference requests: JSON, and the binary tensors that follow it.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import { OnpathError } from "../../serialize/errors.ts";
import {
  checkLists,
  checkNames,
  MAX_NAME,
  parseJson,
  readTensors,
  type TensorDraft,
  tensorDraft,
} from "./tensor_list.ts";
import type { InferenceTensor } from "./tensors.ts";

/** Maximum characters of a request's id. */
const MAX_ID = 1024;

/** Maximum of the parameter `timeout`: an hour, in microseconds. */
const MAX_TIMEOUT_US = 3_600_000_000;

/** Requested output. */
export interface RequestedOutput {
  /** Name of the output. */
  readonly name: string;
  /** Whether the elements are returned as binary data. */
  readonly isBinary: boolean;
}

/** Request as it was received. */
export interface DecodedRequest {
  /** Identifier that the response repeats. */
  readonly id?: string | undefined;
  /** Input tensors. */
  readonly inputs: readonly InferenceTensor[];
  /** Requested outputs; undefined for all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs are binary if they are not requested by name. */
  readonly isBinary: boolean;
  /** Timeout in milliseconds, from the parameter `timeout` in microseconds. */
  readonly timeoutMs?: number | undefined;
}

const requestDraft: Schema<{
  readonly id?: string | undefined;
  readonly inputs: readonly TensorDraft[];
  readonly outputs?:
    | readonly {
      readonly name: string;
      readonly parameters?: { readonly binary_data?: boolean | undefined } | undefined;
    }[]
    | undefined;
  readonly parameters?:
    | { readonly binary_data_output?: boolean | undefined; readonly timeout?: number | undefined }
    | undefined;
}> = z.object({
  id: z.string().max(MAX_ID).optional(),
  inputs: z.array(tensorDraft).min(1),
  outputs: z.array(z.object({
    name: z.string().min(1).max(MAX_NAME),
    parameters: z.object({ binary_data: z.boolean().optional() }).optional(),
  })).optional(),
  parameters: z.object({
    binary_data_output: z.boolean().optional(),
    timeout: z.number().int().min(1).max(MAX_TIMEOUT_US).optional(),
  }).optional(),
});

/**
 * Decodes the body of a request.
 *
 * @param body JSON, and then binary tensors in the order of the inputs.
 * @param jsonBytes Length of the JSON: the header Inference-Header-Content-Length, or the body's length.
 * @throws {OnpathError} `file` if it is not JSON; `pipeline` if a field is missing or invalid; `dtype`, `shape` or
 * `size` if a tensor does not hold its shape.
 *
 * @example
 * ```ts
 * import { decodeRequest } from "./request.ts";
 * import assert from "node:assert/strict";
 *
 * const tensor = { name: "x", datatype: "UINT8", shape: [2], data: [7, 9] };
 * const body = new TextEncoder().encode(JSON.stringify({ inputs: [tensor] }));
 * assert.deepEqual(decodeRequest(body, body.length).inputs[0]!.data, Uint8Array.of(7, 9));
 * ```
 */
export function decodeRequest(body: Uint8Array, jsonBytes: number): DecodedRequest {
  if (!Number.isInteger(jsonBytes) || jsonBytes < 0 || jsonBytes > body.length) {
    throw new OnpathError(
      "size",
      `Cannot read a request of ${body.length} bytes: its JSON has ${jsonBytes} bytes by Inference-Header-Content-Length`,
      { bytes: body.length, jsonBytes },
    );
  }
  const json = parseJson(body.subarray(0, jsonBytes));
  checkLists(json);
  const { id, inputs, outputs, parameters } = parseWith(requestDraft, json, "pipeline", "request");
  const isBinary = parameters?.binary_data_output ?? false;
  checkNames("input", inputs);
  checkNames("output", outputs ?? []);
  return {
    ...(id === undefined ? {} : { id }),
    inputs: readTensors(inputs, body.subarray(jsonBytes)),
    outputs: outputs === undefined || outputs.length === 0 ? undefined : outputs.map((output) => ({
      name: output.name,
      isBinary: output.parameters?.binary_data ?? isBinary,
    })),
    isBinary,
    ...(parameters?.timeout === undefined ? {} : { timeoutMs: Math.ceil(parameters.timeout / 1000) }),
  };
}
