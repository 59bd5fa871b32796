/**
 * Response of one HTTP request: JSON, tensors, text or an error, within a time limit.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { OnpathError } from "../../serialize/errors.ts";
import { statusOf } from "./failures.ts";
import type { ServeObserver } from "./observer.ts";
import type { EncodedMessage } from "./response.ts";

/** Seconds after which a client may send a refused request again. */
const RETRY_SECONDS = "1";

/** Milliseconds in which the rest of a refused body is discarded, so that the client reads the response. */
const LINGER_MS = 1000;

/** Options of {@linkcode createSender}. */
export interface SenderOptions {
  /** Maximum milliseconds in which the client takes the response. */
  readonly sendTimeoutMs: number;
  /** Callbacks for metrics. */
  readonly observer: ServeObserver;
  /** Whether the connection ends with this response. */
  readonly isLast: () => boolean;
  /** Called once the response is sent, or its connection lost. */
  readonly onEnd: () => void;
}

/** Response of one request. The first call sends; later calls have no effect. */
export interface Sender {
  /** Aborted when the client leaves before the response is sent. */
  readonly signal: AbortSignal;
  /** Counts bytes of the body. */
  readonly received: (bytes: number) => void;
  /** Calls a function once the response is sent, or its connection lost. */
  readonly onClose: (call: () => void) => void;
  /** Sends a value as JSON. */
  readonly json: (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => void;
  /** Sends a text. */
  readonly text: (contentType: string, text: string) => void;
  /** Sends an inference response. */
  readonly message: (message: EncodedMessage) => void;
  /** Sends an error as `{"error": …}`. Errors that are not the project's are named by their status alone. */
  readonly failure: (error: unknown) => void;
}

/**
 * Creates the response of a request.
 *
 * @param request Request, whose body may be unread.
 * @param response Response of Node.
 * @param options Time limit, and callbacks.
 */
export function createSender(
  request: IncomingMessage,
  response: ServerResponse,
  options: SenderOptions,
): Sender {
  const controller = new AbortController();
  const closers: (() => void)[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let bytesIn = 0;
  let bytesOut = 0;
  let isSent = false;
  let hasClosed = false;
  response.on("error", () => response.destroy());
  response.on("close", () => {
    hasClosed = true;
    clearTimeout(timer);
    if (!response.writableFinished) {
      controller.abort(new DOMException("The client left before the response was sent", "AbortError"));
    }
    for (const call of closers) call();
    options.observer.onResponse?.(response.statusCode, bytesIn, bytesOut);
    options.onEnd();
  });

  const send = (
    status: number,
    headers: Readonly<Record<string, string | number>>,
    parts: readonly Uint8Array[],
  ): void => {
    if (isSent) return;
    isSent = true;
    bytesOut = parts.reduce((sum, { length }) => sum + length, 0);
    const mustClose = options.isLast() || !request.complete;
    response.writeHead(status, {
      ...headers,
      "Content-Length": bytesOut,
      ...(mustClose ? { Connection: "close" } : {}),
    });
    // The last part ends the response: one call less, which small responses feel.
    const last = request.complete ? parts.at(-1) : undefined;
    for (const part of parts) if (part !== last) response.write(part);
    if (request.complete) {
      timer = setTimeout(() => response.destroy(), options.sendTimeoutMs);
      response.end(last);
    } else {
      // Closed at once, the connection would be reset while the client sends, and the response lost.
      timer = setTimeout(() => request.destroy(), LINGER_MS);
      request.on("end", () => response.end());
      request.resume();
    }
  };

  const json: Sender["json"] = (status, body, headers = {}) =>
    send(status, { "Content-Type": "application/json", ...headers }, [
      new TextEncoder().encode(JSON.stringify(body)),
    ]);

  return {
    signal: controller.signal,
    received: (bytes) => bytesIn += bytes,
    onClose: (call) => hasClosed ? call() : void closers.push(call),
    json,
    text: (contentType, text) => send(200, { "Content-Type": contentType }, [new TextEncoder().encode(text)]),
    message: ({ parts, jsonBytes }) =>
      send(
        200,
        jsonBytes === undefined ? { "Content-Type": "application/json" } : {
          "Content-Type": "application/octet-stream",
          "Inference-Header-Content-Length": jsonBytes,
        },
        parts,
      ),
    failure: (error) => {
      if (controller.signal.aborted) return;
      const status = statusOf(error);
      const isOurs = error instanceof OnpathError;
      const message = isOurs
        ? error.message
        : "Cannot answer: the server has a defect, its log has the details";
      const allow = isOurs ? error.details["allow"] : undefined;
      json(status, { error: message }, {
        ...(status === 429 || status === 503 ? { "Retry-After": RETRY_SECONDS } : {}),
        ...(typeof allow === "string" ? { Allow: allow } : {}),
      });
    },
  };
}
