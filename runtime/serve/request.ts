/**
 * Decoding of inference requests: JSON, and the binary tensors that follow it.
 *
 * @module
 */

import { z } from "zod";
import { named } from "../../kernels/excerpt.ts";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { readBinaryTensor } from "./tensor_binary.ts";
import { readJsonTensor } from "./tensor_json.ts";
import {
  badTensor,
  countTensor,
  type Datatype,
  DATATYPES,
  type InferenceTensor,
  MAX_AXES,
} from "./tensors.ts";

/** Maximum inputs, and maximum requested outputs. */
export const MAX_TENSORS = 64;

/** Maximum characters of a request's id. */
const MAX_ID = 1024;

/** Maximum characters of a tensor's name. */
const MAX_NAME = 256;

/** Maximum of the parameter `timeout`: an hour, in microseconds. */
const MAX_TIMEOUT_US = 3_600_000_000;

/** Parameters that would change the result, and are not built. */
const NOT_BUILT = [
  "shared_memory_region",
  "shared_memory_offset",
  "shared_memory_byte_size",
  "classification",
];

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

/** Tensor of a request before its elements are read. */
interface TensorDraft {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data?: unknown;
  readonly parameters?: {
    readonly binary_data_size?: number | undefined;
    readonly content_type?: unknown;
  } | undefined;
}

const tensorDraft = z.object({
  name: z.string().min(1).max(MAX_NAME),
  datatype: z.enum(DATATYPES as [Datatype, ...Datatype[]]),
  shape: z.array(z.number()),
  data: z.unknown(),
  parameters: z.object({
    binary_data_size: z.number().int().min(0).optional(),
    content_type: z.unknown(),
  }).optional(),
});

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
    inputs: readInputs(inputs, body.subarray(jsonBytes)),
    outputs: outputs === undefined || outputs.length === 0 ? undefined : outputs.map((output) => ({
      name: output.name,
      isBinary: output.parameters?.binary_data ?? isBinary,
    })),
    isBinary,
    ...(parameters?.timeout === undefined ? {} : { timeoutMs: Math.ceil(parameters.timeout / 1000) }),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new OnpathError("file", `Cannot read a request: its body is not JSON in UTF-8`, {}, { cause });
  }
}

/** Bounds the lists and refuses parameters, before a schema visits every entry. */
function checkLists(json: unknown): void {
  const { inputs, outputs } = Object(json) as { inputs?: unknown; outputs?: unknown };
  for (const [name, list] of Object.entries({ inputs, outputs })) {
    if (!Array.isArray(list)) continue;
    if (list.length > MAX_TENSORS) {
      throw new OnpathError(
        "size",
        `Cannot read request.${name}: it has ${list.length} tensors, expected at most ${MAX_TENSORS}`,
        { count: list.length, most: MAX_TENSORS },
      );
    }
    for (const [at, tensor] of list.entries()) {
      const { parameters, shape } = Object(tensor);
      if (Array.isArray(shape) && shape.length > MAX_AXES) {
        throw new OnpathError(
          "size",
          `Cannot read request.${name}.${at}: it has ${shape.length} axes, expected at most ${MAX_AXES}`,
          { axes: shape.length, most: MAX_AXES },
        );
      }
      const found = NOT_BUILT.find((each) => Object.hasOwn(Object(parameters), each));
      if (found !== undefined) {
        throw new OnpathError(
          "pipeline",
          `Cannot use parameter ${found} of request.${name}.${at}: it is not built`,
          {
            parameter: found,
          },
        );
      }
    }
  }
}

function checkNames(kind: "input" | "output", tensors: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of tensors) {
    if (names.has(name)) {
      throw new OnpathError("pipeline", `Cannot read a request: ${kind} ${named(name)} is repeated`, {
        name,
      });
    }
    names.add(name);
  }
}

/** Reads all inputs. Binary data must be used up. */
function readInputs(drafts: readonly TensorDraft[], binary: Uint8Array): InferenceTensor[] {
  let at = 0;
  const tensors = drafts.map(({ name, datatype, shape, data, parameters }) => {
    const head = { name, datatype, shape, count: countTensor(name, datatype, shape) };
    const size = parameters?.binary_data_size;
    if (size === undefined) return readJsonTensor(head, data, parameters?.content_type === "base64");
    if (data !== undefined) throw badTensor(name, "it has both data and binary_data_size");
    const bytes = binary.subarray(at, at += size);
    if (bytes.length !== size) {
      throw badTensor(name, `binary_data_size is ${size}, and ${bytes.length} bytes are left`, { size });
    }
    return readBinaryTensor(head, bytes);
  });
  if (at === binary.length) return tensors;
  throw new OnpathError(
    "size",
    `Cannot read a request: ${binary.length - at} bytes of binary data belong to no input`,
    { bytes: binary.length, used: at },
  );
}
