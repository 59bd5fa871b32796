/**
 * HTTP server of the Open Inference Protocol, version 2.
 *
 * @module
 */

import { checkOptions } from "../option_checks.ts";
import type { InferenceHandler } from "./handler_types.ts";
import {
  holdService,
  type HttpExchange,
  type HttpOptions,
  type HttpServer,
  notNow,
  sendMetrics,
  startHttp,
} from "./http_server.ts";
import { decodeBody } from "./infer_body.ts";
import { answerPlain, type ModelRoute, readRoute } from "./routes.ts";
import { encodeResponse } from "./response.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions extends HttpOptions {
  /** Version in the server's metadata. Default "0". */
  readonly version?: string | undefined;
  /** Extracts the context of the caller's span from the headers of a request. */
  readonly contextOf?:
    | ((headers: Readonly<Record<string, string | string[] | undefined>>) => unknown)
    | undefined;
}

/** Answers of a server whose handler is not made yet. */
const STARTING: Pick<InferenceHandler, "isReady" | "find"> = {
  isReady: () => false,
  find: () => {
    throw notNow();
  },
};

/** Server that listens. */
export type InferenceServer = HttpServer;

/**
 * Listens, and answers requests by a handler. The models start at once; until then the server is not ready.
 *
 * @param source Handler of the models, which the server closes; or a function that makes it once the server listens.
 * @param options Address and limits.
 * @throws {OnpathError} `size` if an option is outside its limits; `device` if the address cannot be used; the error of
 * a model that cannot start.
 *
 * @example
 * ```ts
 * import { compile, createModelDevice } from "onpath";
 * import { createHandler, imageModel, serve } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const open = () => Promise.resolve(createModelDevice());
 * const input = { dtype: "u8", shape: [4, 4, 3], layout: "HWC" } as const;
 * await using device = await open();
 * const plan = compile({ steps: [{ op: "resize", size: [2, 2] }] }, { input, device });
 * const handler = createHandler({ models: [imageModel({ name: "small", plan, open })] });
 * await using server = await serve(handler, { port: 0 });
 * const answer = await fetch(`${server.url}/v2/models/small/infer`, {
 *   method: "POST",
 *   body: JSON.stringify({
 *     inputs: [{ name: "image", datatype: "UINT8", shape: [4, 4, 3], data: new Array(48).fill(9) }],
 *   }),
 * });
 * assert.deepEqual((await answer.json()).outputs[0].data, new Array(12).fill(9));
 * ```
 */
export async function serve(
  source: InferenceHandler | (() => Promise<InferenceHandler>),
  options: ServeOptions = {},
): Promise<InferenceServer> {
  const held = holdService(source, "infer", "createHandler");
  checkOptions("start a server", options, { version: { kind: "string" }, contextOf: { kind: "function" } });
  const { metrics, version: serverVersion = "0", contextOf } = options;

  const infer = async (
    { model: name, version }: ModelRoute,
    { request, sender, body }: HttpExchange,
  ): Promise<void> => {
    const handler = held.get();
    const model = handler.find(name, version);
    if (!handler.isReady()) throw notNow();
    const { bytes, jsonBytes } = await body();
    const { id, inputs, outputs, isBinary, timeoutMs } = decodeBody(model, bytes, jsonBytes);
    const names = outputs?.map((output) => output.name);
    const context = contextOf?.(request.headers);
    const response = await handler.infer({ model: name, version, id, inputs, outputs: names }, {
      signal: sender.signal,
      timeoutMs,
      context,
    });
    const binary = new Map(outputs?.map((output) => [output.name, output.isBinary]));
    sender.message(encodeResponse(response, (output) => binary.get(output) ?? isBinary));
  };

  return await startHttp({
    get observer() {
      return held.find()?.observer ?? {};
    },
    answer: async (exchange) => {
      const { request, sender } = exchange;
      const route = readRoute(request.method, request.url);
      if (route.kind === "infer") return await infer(route, exchange);
      if (route.kind === "metrics") return await sendMetrics(metrics, sender);
      const { status, body } = answerPlain(held.find() ?? STARTING, serverVersion, route);
      sender.json(status, body);
    },
    start: async () => await (await held.make()).start(),
    close: async (wait) => await held.find()?.close(wait),
  }, options);
}
