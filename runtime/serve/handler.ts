/**
 * Handler of inference requests, without HTTP: tensors in, tensors out.
 *
 * @module
 */

import { checkOptions } from "../option_checks.ts";
import { named } from "../../serialize/excerpt.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { type Batcher, createBatcher } from "./batcher.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { busy, refuse } from "./failures.ts";
import {
  type HandlerOptions,
  type InferenceHandler,
  type InferenceRequest,
  type InferOptions,
  MAX_REQUEST_MS,
  readLimits,
} from "./handler_types.ts";
import { type AnyInferenceModel, checkModelName, orderInputs, requestedOutputs } from "./model.ts";
import { type RequestEvent, SPAN_SERVER, SPAN_STATUS } from "./observer.ts";
import type { InferenceResponse } from "./response.ts";
import type { InferenceTensor } from "./tensors.ts";

/** Model with its queue. */
interface Served {
  readonly model: AnyInferenceModel;
  readonly queue: Batcher<unknown, unknown>;
}

/**
 * Creates a handler.
 *
 * @param options Models, limits of their queues, timeout, metrics and spans.
 * @throws {OnpathError} `size` if an option is outside its limits, or a model's name is invalid or repeated.
 *
 * @example
 * ```ts
 * import { createModelDevice, compile } from "onpath";
 * import { createHandler, imageModel } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const open = () => Promise.resolve(createModelDevice());
 * const input = { dtype: "u8", shape: [4, 4, 3], layout: "HWC" } as const;
 * await using device = await open();
 * const plan = compile({ steps: [{ op: "resize", size: [2, 2] }] }, { input, device });
 * await using handler = createHandler({ models: [imageModel({ name: "small", plan, open })] });
 * await handler.start();
 * const image = { name: "image", datatype: "UINT8", shape: [4, 4, 3], data: new Uint8Array(48).fill(9) } as const;
 * const { outputs } = await handler.infer({ model: "small", inputs: [image] });
 * assert.deepEqual(outputs[0]!.data, new Uint8Array(12).fill(9));
 * ```
 */
export function createHandler(options: HandlerOptions): InferenceHandler {
  checkOptions("create a handler", options, { models: { kind: "array", isRequired: true } });
  const limits = readLimits(options);
  const { models, observer = {}, tracer, clock = SYSTEM_CLOCK, timeoutMs: longestMs = 30_000 } = options;
  checkInteger("timeout in milliseconds", longestMs, 1, MAX_REQUEST_MS);
  const served = new Map<string, Served>();
  for (const model of models) {
    checkModelName(model);
    if (served.has(model.name)) {
      throw new OnpathError("size", `Cannot serve model ${model.name}: its name is repeated`, {
        name: model.name,
      });
    }
    const run = (items: readonly unknown[], signal: AbortSignal) =>
      model.run(items, { signal, timeoutMs: longestMs });
    const onBatch = (items: number, ms: number) => observer.onBatch?.({ model: model.name, items, ms });
    served.set(model.name, {
      model,
      queue: createBatcher({ ...limits, name: model.name, run, onBatch, clock }),
    });
  }
  const active = new Map<AbortController, Promise<void>>();
  let state: "new" | "ready" | "closing" = "new";
  let closed: Promise<void> | undefined;

  const find = (name: string, version?: string): Served => {
    const found = served.get(name);
    if (found !== undefined && (version ?? found.model.version) === found.model.version) return found;
    const known = [...served.values()].map(({ model }) => `${model.name} version ${model.version}`);
    const what = version === undefined ? named(name) : `${named(name)} version ${named(version)}`;
    throw refuse(404, "plan", `Cannot find model ${what}: it is unknown, expected ${known.join(", ")}`, {
      model: name,
    });
  };

  const runRequest = async (
    { model, queue }: Served,
    { id, inputs, outputs: requested }: InferenceRequest,
    { signal, timeoutMs }: WaitOptions,
    account: { items: number; queueMs: number },
  ): Promise<InferenceResponse> => {
    const start = clock.now();
    const outputs = requestedOutputs(model, requested);
    const job = model.begin(orderInputs(model, inputs));
    account.items = job.items.length;
    const onStart = () => account.queueMs = clock.now() - start;
    const results = await queue.submit(job.items, { signal, timeoutMs, onStart });
    const restMs = Math.max(0, timeoutMs! - Math.floor(clock.now() - start));
    const joined = await job.join(results, { id, outputs, signal, timeoutMs: restMs });
    const selected = outputs.map((name) => joined.find((tensor) => tensor.name === name));
    const missing = outputs.find((_, at) => selected[at] === undefined);
    if (missing !== undefined) {
      throw new OnpathError("device", `Cannot answer: model ${model.name} returned no output ${missing}`, {
        output: missing,
      });
    }
    return {
      modelName: model.name,
      modelVersion: model.version,
      ...(id === undefined ? {} : { id }),
      outputs: selected as InferenceTensor[],
    };
  };

  const infer = async (request: InferenceRequest, options: InferOptions = {}): Promise<InferenceResponse> => {
    const found = find(request.model, request.version);
    const { name, version } = found.model;
    const controller = new AbortController();
    const abort = () => controller.abort(options.signal!.reason);
    const span = tracer?.startSpan(`infer ${name}`, {
      kind: SPAN_SERVER,
      attributes: { "onpath.model": name, "onpath.version": version },
    }, options.context);
    const account = { items: 0, queueMs: 0 };
    const start = clock.now();
    let outcome = "ok";
    let end!: () => void;
    active.set(controller, new Promise((resolve) => end = resolve));
    try {
      options.signal?.throwIfAborted();
      options.signal?.addEventListener("abort", abort, { once: true });
      if (state !== "ready") {
        throw busy(state === "new" ? "models are starting" : "the server is closing", 503);
      }
      const timeoutMs = Math.min(options.timeoutMs ?? longestMs, longestMs);
      return await runRequest(found, request, { signal: controller.signal, timeoutMs }, account);
    } catch (error) {
      outcome = outcomeOf(error, controller.signal);
      span?.recordException(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      options.signal?.removeEventListener("abort", abort);
      active.delete(controller);
      end();
      const event: RequestEvent = { model: name, outcome, ...account, totalMs: clock.now() - start };
      observer.onRequest?.(event);
      span?.setAttribute("onpath.items", event.items);
      span?.setAttribute("onpath.queue_ms", event.queueMs);
      span?.setStatus(
        outcome === "ok" ? { code: SPAN_STATUS.ok } : { code: SPAN_STATUS.error, message: outcome },
      );
      span?.end();
    }
  };

  const close = async (wait: WaitOptions): Promise<void> => {
    state = "closing";
    for (const { queue } of served.values()) queue.hurry();
    try {
      await bounded("requests", Promise.all(active.values()), wait);
    } catch (reason) {
      for (const controller of active.keys()) controller.abort(reason);
    }
    await Promise.all(active.values());
    await Promise.all(models.map((model) => model.close()));
  };
  const closeOnce = (wait: WaitOptions = {}) => closed ??= close(wait);

  return {
    models,
    observer,
    isReady: () => state === "ready",
    start: async (wait = {}) => {
      await Promise.all(models.map((model) => model.start(wait)));
      if (state === "new") state = "ready";
    },
    find: (name, version) => find(name, version).model,
    infer,
    counts: () => [...served.values()].map(({ model, queue }) => ({ model: model.name, ...queue.counts() })),
    close: closeOnce,
    [Symbol.asyncDispose]: () => closeOnce(),
  };
}

function outcomeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "aborted";
  return error instanceof OnpathError ? error.code : "unexpected";
}
