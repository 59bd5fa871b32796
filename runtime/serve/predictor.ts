/**
 * A model server behind a model: results go to it, and its outputs come back. KServe calls the pair a transformer and a
 * predictor.
 *
 * @module
 */

import { checkOptions } from "../option_checks.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { type ModelMetadata, requestInference, requestMetadata } from "./client.ts";
import type { InferenceModel, TensorInfo } from "./model.ts";
import type { InferenceTensor } from "./tensors.ts";

/** Options of {@linkcode predictedBy}. */
export interface PredictorOptions {
  /** URL of the model behind, such as `http://127.0.0.1:8001/v2/models/clip`. */
  readonly url: string;
  /** Maximum bytes of its response. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
}

/** Milliseconds between two attempts to reach the server at the start. */
const RETRY_MS = 250;

/**
 * Puts a model before a model server. The outputs of the first are the inputs of the second by name, or by position if
 * each has one. A request to the server is one request: the server forms batches of its own.
 *
 * @param model Model that prepares the inputs.
 * @param options URL of the model behind.
 * @throws {OnpathError} `size` if the URL or a function of the model is missing.
 * @returns Model with the inputs of the first and the outputs of the second. Its start waits for the server.
 *
 * @example
 * ```ts
 * import { createModelDevice } from "onpath";
 * import { predictedBy, processorModel } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const config = { image_processor_type: "CLIPImageProcessor" };
 * const processor = processorModel({ name: "clip", config, open: () => Promise.resolve(createModelDevice()) });
 * const model = predictedBy(processor, { url: "http://127.0.0.1:8001/v2/models/clip" });
 * assert.equal(model.inputs[0]!.name, "images");
 * ```
 */
export function predictedBy<Item, Result>(
  model: InferenceModel<Item, Result>,
  options: PredictorOptions,
): InferenceModel<Item, Result> {
  checkOptions("put a model before a server", options, { url: { kind: "string", isRequired: true } });
  checkOptions("put a model before a server", model, {
    start: { kind: "function", isRequired: true },
    begin: { kind: "function", isRequired: true },
  });
  const { url, maxBytes } = options;
  const place = url.replace(/\/+$/, "");
  let outputs: readonly TensorInfo[] = [];
  let nameOf: (name: string) => string | undefined = () => undefined;
  return {
    ...model,
    platform: "onpath_transformer",
    get outputs() {
      return outputs;
    },
    start: async (wait) => {
      await model.start(wait);
      const metadata = await reachable(place, wait);
      nameOf = namesBetween(model, metadata, place);
      outputs = metadata.outputs;
    },
    begin: (inputs) => {
      const { items, join } = model.begin(inputs);
      return {
        items,
        join: async (results, context) => {
          const { id, outputs, signal, timeoutMs } = context;
          const own = model.outputs.map(({ name }) => name);
          const prepared = await join(results, { ...context, outputs: own });
          const response = await requestInference(place, {
            id,
            inputs: prepared.flatMap((tensor) => renamed(tensor, nameOf(tensor.name))),
            outputs,
          }, { signal, timeoutMs, maxBytes });
          return response.outputs;
        },
      };
    },
  };
}

function renamed(tensor: InferenceTensor, name: string | undefined): InferenceTensor[] {
  return name === undefined ? [] : [{ ...tensor, name }];
}

/** Maps names of a model's outputs to the inputs of the server. */
function namesBetween(
  model: { readonly name: string; readonly outputs: readonly TensorInfo[] },
  { inputs }: ModelMetadata,
  url: string,
): (name: string) => string | undefined {
  const own = model.outputs.map(({ name }) => name);
  const names = inputs.map(({ name }) => name);
  if (own.length === 1 && names.length === 1) return () => names[0];
  const missing = names.find((name) => !own.includes(name));
  if (missing === undefined) return (name) => names.includes(name) ? name : undefined;
  throw new OnpathError(
    "pipeline",
    `Cannot put model ${model.name} before ${url}: its input ${missing} is none of ${own.join(", ")}`,
    { input: missing, outputs: own },
  );
}

/** Reads the server's metadata. A server that has not started yet is asked again. */
async function reachable(url: string, { signal, timeoutMs = 30_000 }: WaitOptions): Promise<ModelMetadata> {
  const end = performance.now() + timeoutMs;
  while (true) {
    try {
      return await requestMetadata(url, { signal, timeoutMs });
    } catch (error) {
      const isLater = error instanceof OnpathError && (error.code === "device" || error.code === "busy");
      if (!isLater || performance.now() + RETRY_MS >= end) throw error;
    }
    const { promise, cancel } = pause(RETRY_MS);
    await bounded(`model server ${url}`, promise, { signal, timeoutMs }).finally(cancel);
  }
}

function pause(ms: number): { readonly promise: Promise<void>; readonly cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const promise = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  return { promise, cancel: () => clearTimeout(timer) };
}
