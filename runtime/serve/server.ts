/**
 * HTTP server of the Open Inference Protocol, version 2, on `node:http`.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import type { OptionalLimits } from "./batcher.ts";
import { type BodyLimits, checkBodyHead, createBudget, readBody } from "./body.ts";
import { limitConnections, listen, refuseUnreadable, stopListening } from "./connections.ts";
import { busy, refuse } from "./failures.ts";
import type { InferenceHandler } from "./handler_types.ts";
import { decodeBody } from "./infer_body.ts";
import { answerPlain, type ModelRoute, readRoute } from "./routes.ts";
import { encodeResponse } from "./response.ts";
import { createSender, type Sender } from "./sender.ts";

/** Text of metrics in the form of Prometheus. */
export interface MetricsSource {
  /** Media type of the text. */
  readonly contentType: string;
  /** Collects the text. */
  readonly text: () => Promise<string>;
}

/** Options of {@linkcode serve}. */
export interface ServeOptions extends OptionalLimits<BodyLimits> {
  /** Port, or 0 for a free one. Default 8000. */
  readonly port?: number | undefined;
  /** Address to listen on. Default 127.0.0.1: this machine alone. */
  readonly host?: string | undefined;
  /** Version in the server's metadata. Default "0". */
  readonly version?: string | undefined;
  /** Maximum connections; a further one gets status 503. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** Maximum milliseconds in which a request arrives. Default 30,000. */
  readonly receiveTimeoutMs?: number | undefined;
  /** Maximum milliseconds in which a client takes a response. Default 60,000. */
  readonly sendTimeoutMs?: number | undefined;
  /** Text at `/metrics`. */
  readonly metrics?: MetricsSource | undefined;
  /** Extracts the context of the caller's span from the headers of a request. */
  readonly contextOf?:
    | ((headers: Readonly<Record<string, string | string[] | undefined>>) => unknown)
    | undefined;
  /** Called with errors that are defects, which clients see as status 500 without details. */
  readonly onDefect?: ((error: unknown) => void) | undefined;
}

/** Server that listens. */
export interface InferenceServer extends AsyncDisposable {
  /** Port. */
  readonly port: number;
  /** Start of its URLs, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /**
   * Accepts no more connections, finishes the requests that run, closes the handler, and ends.
   *
   * @param options Timeout after which requests are aborted. Default 30,000 ms.
   */
  readonly close: (options?: WaitOptions) => Promise<void>;
}

/** Default limits of bodies. */
const BODY_LIMITS: BodyLimits = {
  maxBodyBytes: 64 * 2 ** 20,
  maxJsonBytes: 16 * 2 ** 20,
  maxBufferedBytes: 256 * 2 ** 20,
};

/** Milliseconds after which a connection without requests is closed. */
const KEEP_ALIVE_MS = 5000;

/** Milliseconds in which responses are sent after the last request has ended. */
const CLOSE_MS = 5000;

/** Milliseconds between two checks of slow requests. */
const CHECK_MS = 500;

/**
 * Listens, and answers requests by a handler. The models start at once; until then the server is not ready.
 *
 * @param handler Handler of the models. The server closes it.
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
export async function serve(handler: InferenceHandler, options: ServeOptions = {}): Promise<InferenceServer> {
  const { port = 8000, host = "127.0.0.1", maxConnections = 1024, metrics, version: serverVersion = "0" } =
    options;
  const { receiveTimeoutMs = 30_000, sendTimeoutMs = 60_000, onDefect, contextOf } = options;
  checkInteger("port", port, 0, 65_535);
  checkInteger("maximum of connections", maxConnections, 1, 65_536);
  checkInteger("receive timeout in milliseconds", receiveTimeoutMs, 1, 3_600_000);
  checkInteger("send timeout in milliseconds", sendTimeoutMs, 1, 3_600_000);
  const limits = { ...BODY_LIMITS };
  for (const name of Object.keys(limits) as (keyof BodyLimits)[]) {
    const value = checkInteger(name, options[name] ?? limits[name], 1, 2 ** 34);
    Object.assign(limits, { [name]: value });
  }
  const budget = createBudget(limits);
  const senders = new Set<Sender>();
  let closed: Promise<void> | undefined;

  const infer = async (
    { model: name, version }: ModelRoute,
    request: IncomingMessage,
    sender: Sender,
    proceed: () => void,
  ): Promise<void> => {
    const model = handler.find(name, version);
    if (!handler.isReady()) throw notNow();
    const head = checkBodyHead(request, limits);
    proceed();
    const body = await readBody(request, head, limits, budget);
    sender.onClose(() => budget.release(body.length));
    sender.received(body.length);
    const { id, inputs, outputs, isBinary, timeoutMs } = decodeBody(model, body, head.jsonBytes);
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

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    proceed: () => void,
  ): Promise<void> => {
    const sender: Sender = createSender(request, response, {
      sendTimeoutMs,
      observer: handler.observer,
      isLast: () => closed !== undefined,
      onEnd: () => senders.delete(sender),
    });
    senders.add(sender);
    try {
      const route = readRoute(request.method, request.url);
      if (route.kind === "infer") await infer(route, request, sender, proceed);
      else if (route.kind === "metrics") await sendMetrics(metrics, sender);
      else {
        const { status, body } = answerPlain(handler, serverVersion, route);
        sender.json(status, body);
      }
    } catch (error) {
      if (!(error instanceof OnpathError) && !sender.signal.aborted) onDefect?.(error);
      sender.failure(error);
    }
  };

  const server = createServer({
    requestTimeout: receiveTimeoutMs,
    headersTimeout: receiveTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(CHECK_MS, receiveTimeoutMs),
  });
  server.on("request", (request, response) => void answer(request, response, () => {}));
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response, () => response.writeContinue());
  });
  refuseUnreadable(server);
  limitConnections(server, maxConnections);
  await listen(server, port, host);
  const { port: found, family } = server.address() as AddressInfo;

  const close = async (wait: WaitOptions): Promise<void> => {
    const ended = stopListening(server);
    try {
      await handler.close(wait);
    } finally {
      // Requests that still arrive are refused; responses are sent within the timeout.
      for (const sender of senders) sender.failure(notNow());
      const isEnded = await bounded("connections", ended, { timeoutMs: CLOSE_MS }).then(
        () => true,
        () => false,
      );
      if (!isEnded) server.closeAllConnections();
      await ended;
    }
  };
  const closeOnce = (wait: WaitOptions = {}) => closed ??= close(wait);
  try {
    await handler.start();
  } catch (error) {
    await closeOnce();
    throw error;
  }
  return {
    port: found,
    url: `http://${family === "IPv6" ? `[${host}]` : host}:${found}`,
    close: closeOnce,
    [Symbol.asyncDispose]: () => closeOnce(),
  };
}

function notNow(): OnpathError {
  return busy("the server is starting or closing", 503);
}

async function sendMetrics(metrics: MetricsSource | undefined, sender: Sender): Promise<void> {
  if (metrics === undefined) throw refuse(404, "plan", "Cannot answer: this server has no metrics");
  sender.text(metrics.contentType, await metrics.text());
}
