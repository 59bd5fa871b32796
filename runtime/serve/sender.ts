/**
 * Response of one HTTP request: JSON, tensors, text or an error, within a time limit.
 *
 * @module
 */

import { Buffer } from "node:buffer";
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
  /** Callbacks for metrics. */
  readonly observer: ServeObserver;
  /** Whether the connection ends with this response. */
  readonly isLast: () => boolean;
  /** Called once the response is sent, or its connection lost. */
  readonly onEnd: () => void;
}

/** Response of one request. The first call sends; later calls have no effect. */
export interface Sender {
  /** Aborted when the client leaves before the response is sent. Made at its first use. */
  readonly signal: AbortSignal;
  /** Whether the client left before the response was sent. */
  readonly hasLeft: boolean;
  /** Time at which the whole response was given to the connection, of `performance.now()`; undefined before. */
  readonly sentAt: number | undefined;
  /** Ends the connection. */
  readonly destroy: () => void;
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
 * @param options Callbacks. The server ends a response that its client does not take in time.
 */
export function createSender(
  request: IncomingMessage,
  response: ServerResponse,
  options: SenderOptions,
): Sender {
  let controller: AbortController | undefined;
  let hasLeft = false;
  let sentAt: number | undefined;
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
      hasLeft = true;
      controller?.abort(leftEarly());
    }
    for (const call of closers) call();
    options.observer.onResponse?.(response.statusCode, bytesIn, bytesOut);
    options.onEnd();
  });

  const send = (
    status: number,
    headers: Readonly<Record<string, string | number>>,
    parts: readonly (Uint8Array | string)[],
  ): void => {
    if (isSent) return;
    isSent = true;
    bytesOut = parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
    const mustClose = options.isLast() || !request.complete;
    response.writeHead(status, {
      ...headers,
      "Content-Length": bytesOut,
      ...(mustClose ? { Connection: "close" } : {}),
    });
    // The last part ends the response, and a text is written with the head: small responses feel each call.
    const last = request.complete ? parts.at(-1) : undefined;
    for (const part of parts) if (part !== last) response.write(part);
    if (request.complete) {
      sentAt = performance.now();
      response.end(last);
    } else {
      // Closed at once, the connection would be reset while the client sends, and the response lost.
      timer = setTimeout(() => request.destroy(), LINGER_MS);
      request.on("end", () => response.end());
      request.resume();
    }
  };

  const json: Sender["json"] = (status, body, headers = {}) =>
    send(status, { "Content-Type": "application/json", ...headers }, [JSON.stringify(body)]);

  return {
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (hasLeft) controller.abort(leftEarly());
      }
      return controller.signal;
    },
    get hasLeft() {
      return hasLeft;
    },
    get sentAt() {
      return sentAt;
    },
    destroy: () => void response.destroy(),
    received: (bytes) => bytesIn += bytes,
    onClose: (call) => hasClosed ? call() : void closers.push(call),
    json,
    text: (contentType, text) => send(200, { "Content-Type": contentType }, [text]),
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
      if (hasLeft) return;
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

function leftEarly(): DOMException {
  return new DOMException("The client left before the response was sent", "AbortError");
}
