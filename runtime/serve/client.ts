/**
 * Client of the Open Inference Protocol: one request to a model server, with binary tensors both ways.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import { excerpt } from "../../serialize/excerpt.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { checkOptions } from "../option_checks.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { refuse } from "./failures.ts";
import type { TensorInfo } from "./model.ts";
import { encodeMessage, type InferenceResponse } from "./response.ts";
import { joinBytes } from "./tensor_binary.ts";
import {
  checkLists,
  checkNames,
  parseJson,
  readTensors,
  type TensorDraft,
  tensorDraft,
} from "./tensor_list.ts";
import { type Datatype, DATATYPES, type InferenceTensor, MAX_AXES } from "./tensors.ts";

/** Request to another server. */
export interface RemoteRequest {
  /** Identifier that the response repeats. */
  readonly id?: string | undefined;
  /** Input tensors. */
  readonly inputs: readonly InferenceTensor[];
  /** Names of the outputs; all if absent. */
  readonly outputs?: readonly string[] | undefined;
}

/** Options of {@linkcode requestInference}. */
export interface RemoteOptions extends WaitOptions {
  /** Maximum bytes of the response. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Default maximum of a response: 256 MiB. */
const MAX_RESPONSE_BYTES = 2 ** 28;

/** Maximum bytes of metadata: 1 MiB. */
const MAX_METADATA_BYTES = 2 ** 20;

const JSON_LENGTH_HEADER = "Inference-Header-Content-Length";

const responseDraft: Schema<{
  readonly model_name?: string | undefined;
  readonly model_version?: string | undefined;
  readonly id?: string | undefined;
  readonly outputs: readonly TensorDraft[];
}> = z.object({
  model_name: z.string().max(1024).optional(),
  model_version: z.string().max(1024).optional(),
  id: z.string().max(1024).optional(),
  outputs: z.array(tensorDraft),
});

const infos = z.array(z.object({
  name: z.string().min(1).max(256),
  datatype: z.enum(DATATYPES as [Datatype, ...Datatype[]]),
  shape: z.array(z.number().int().min(-1)).max(MAX_AXES),
})).max(64);

const metadataDraft: Schema<ModelMetadata> = z.object({
  name: z.string().max(1024),
  inputs: infos,
  outputs: infos,
});

/** Used part of a model's metadata. */
export interface ModelMetadata {
  /** Name of the model. */
  readonly name: string;
  /** Inputs; -1 stands for any length. */
  readonly inputs: readonly TensorInfo[];
  /** Outputs. */
  readonly outputs: readonly TensorInfo[];
}

/**
 * Runs a request on a model of another server.
 *
 * @param url URL of the model, such as `http://127.0.0.1:8001/v2/models/clip`.
 * @param request Tensors.
 * @param options Timeout, signal and limit of the response.
 * @throws {OnpathError} `device` with status 502 if the server cannot be reached or fails; `busy` if it is full;
 * `pipeline` with its status if it refuses the request; `timeout`; the signal's reason.
 *
 * @example
 * ```ts
 * import { requestInference } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const text = { name: "text", datatype: "BYTES", shape: [1], data: [new TextEncoder().encode("Hello")] } as const;
 * const url = "http://127.0.0.1:1/v2/models/tokenizer";
 * await assert.rejects(requestInference(url, { inputs: [text] }), { code: "device" });
 * ```
 */
export async function requestInference(
  url: string,
  request: RemoteRequest,
  options: RemoteOptions = {},
): Promise<InferenceResponse> {
  checkOptions("request an inference", request, {
    id: { kind: "string" },
    inputs: { kind: "array", isRequired: true },
    outputs: { kind: "array" },
  });
  const { id, inputs, outputs } = request;
  const fields = {
    ...(id === undefined ? {} : { id }),
    parameters: { binary_data_output: true },
    ...(outputs === undefined ? {} : { outputs: outputs.map((name) => ({ name })) }),
  };
  const { parts, jsonBytes } = encodeMessage(fields, "inputs", inputs, () => true);
  const { bytes, headers } = await send(`${url}/infer`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream", [JSON_LENGTH_HEADER]: String(jsonBytes) },
    body: joinBytes(parts) as Uint8Array<ArrayBuffer>,
  }, { ...options, maxBytes: options.maxBytes ?? MAX_RESPONSE_BYTES });
  return ofServer(url, () => decodeResponse(bytes, headers.get(JSON_LENGTH_HEADER)));
}

/**
 * Reads the metadata of a model of another server.
 *
 * @throws {OnpathError} As {@linkcode requestInference}.
 */
export async function requestMetadata(url: string, wait: WaitOptions): Promise<ModelMetadata> {
  const { bytes } = await send(url, {}, { ...wait, maxBytes: MAX_METADATA_BYTES });
  return ofServer(url, () => parseWith(metadataDraft, parseJson(bytes), "pipeline", "metadata"));
}

function decodeResponse(bytes: Uint8Array, header: string | null): InferenceResponse {
  const jsonBytes = header === null ? bytes.length : Number(header);
  if (!Number.isInteger(jsonBytes) || jsonBytes < 0 || jsonBytes > bytes.length) {
    throw new OnpathError(
      "size",
      `Cannot read a response of ${bytes.length} bytes: its JSON has ${excerpt(header!)}`,
    );
  }
  const json = parseJson(bytes.subarray(0, jsonBytes));
  checkLists(json);
  const { model_name, model_version, id, outputs } = parseWith(responseDraft, json, "pipeline", "response");
  checkNames("output", outputs);
  return {
    modelName: model_name ?? "",
    modelVersion: model_version ?? "",
    ...(id === undefined ? {} : { id }),
    outputs: readTensors(outputs, bytes.subarray(jsonBytes)),
  };
}

/** Sends a request and reads its whole response, bounded in time and length. */
async function send(
  url: string,
  init: RequestInit,
  { maxBytes, signal, timeoutMs }: WaitOptions & { readonly maxBytes: number },
): Promise<{ readonly bytes: Uint8Array; readonly headers: Headers }> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const sent = exchange(url, { ...init, signal: controller.signal }, maxBytes);
    return await bounded(`model server ${url}`, sent, { signal, timeoutMs });
  } finally {
    signal?.removeEventListener("abort", abort);
    controller.abort();
  }
}

async function exchange(url: string, init: RequestInit, maxBytes: number) {
  let response: Response;
  let bytes: Uint8Array;
  try {
    response = await fetch(url, { ...init, redirect: "error" });
    bytes = await readBounded(response, maxBytes);
  } catch (cause) {
    if (cause instanceof OnpathError) throw cause;
    const { message, cause: inner } = cause as Error;
    const reason = inner instanceof Error ? `${message}: ${inner.message}` : message;
    throw refuse(502, "device", `Cannot reach model server ${url}: ${excerpt(reason)}`, { url });
  }
  const { status, headers } = response;
  if (status === 200) return { bytes, headers };
  const text = `Cannot infer at ${url}: it answered ${status}, ${excerpt(new TextDecoder().decode(bytes))}`;
  if (status === 429 || status === 503) throw refuse(status, "busy", text, { url });
  if (status >= 400 && status < 500) throw refuse(status, "pipeline", text, { url });
  throw refuse(502, "device", text, { url, answered: status });
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) {
      throw refuse(502, "size", `Cannot read a response of more than ${maxBytes} bytes`, { most: maxBytes });
    }
    chunks.push(chunk);
  }
  return joinBytes(chunks);
}

/** Reads what a server sent. An error is the server's, not the request's. */
function ofServer<T>(url: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof OnpathError)) throw error;
    const reason = error.message.replace(/^Cannot /, "cannot ");
    throw refuse(502, "device", `Cannot use the answer of ${url}: ${reason}`, { url });
  }
}
