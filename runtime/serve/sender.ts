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

/** What all responses of a server share. */
export interface SenderOptions {
  /** Callbacks for metrics. */
  readonly observer: ServeObserver;
  /** Whether connections end with their next response. */
  readonly isLast: () => boolean;
  /** Called once a response is sent, or its connection lost. */
  readonly onEnd: (sender: Sender) => void;
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
  /** Place among the responses of the server, which it alone reads and writes. */
  slot: number;
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
  return new HttpSender(request, response, options);
}

/** A class, because a dozen functions for each request cost as much as its tokens. */
class HttpSender implements Sender {
  slot = -1;
  hasLeft = false;
  sentAt: number | undefined = undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: SenderOptions;
  #controller: AbortController | undefined = undefined;
  #closers: (() => void)[] | undefined = undefined;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #bytesIn = 0;
  #bytesOut = 0;
  #isSent = false;
  #hasClosed = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: SenderOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    response.on("error", () => response.destroy());
    response.on("close", () => this.#close());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.hasLeft) this.#controller.abort(leftEarly());
    }
    return this.#controller.signal;
  }

  destroy(): void {
    this.#response.destroy();
  }

  received(bytes: number): void {
    this.#bytesIn += bytes;
  }

  onClose(call: () => void): void {
    if (this.#hasClosed) call();
    else (this.#closers ??= []).push(call);
  }

  json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): void {
    this.#send(status, { "Content-Type": "application/json", ...headers }, [JSON.stringify(body)]);
  }

  text(contentType: string, text: string): void {
    this.#send(200, { "Content-Type": contentType }, [text]);
  }

  message({ parts, jsonBytes }: EncodedMessage): void {
    const headers = jsonBytes === undefined ? { "Content-Type": "application/json" } : {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": jsonBytes,
    };
    this.#send(200, headers, parts);
  }

  failure(error: unknown): void {
    if (this.hasLeft) return;
    const status = statusOf(error);
    const isOurs = error instanceof OnpathError;
    const message = isOurs
      ? error.message
      : "Cannot answer: the server has a defect, its log has the details";
    const allow = isOurs ? error.details["allow"] : undefined;
    this.json(status, { error: message }, {
      ...(status === 429 || status === 503 ? { "Retry-After": RETRY_SECONDS } : {}),
      ...(typeof allow === "string" ? { Allow: allow } : {}),
    });
  }

  #send(
    status: number,
    headers: Record<string, string | number>,
    parts: readonly (Uint8Array | string)[],
  ): void {
    if (this.#isSent) return;
    this.#isSent = true;
    let length = 0;
    for (const part of parts) length += typeof part === "string" ? Buffer.byteLength(part) : part.length;
    this.#bytesOut = length;
    const request = this.#request, response = this.#response;
    headers["Content-Length"] = length;
    if (this.#options.isLast() || !request.complete) headers["Connection"] = "close";
    response.writeHead(status, headers);
    // The last part ends the response, and a text is written with the head: small responses feel each call.
    // By number, not by value: two elements of a tensor may be the same bytes.
    const before = request.complete ? parts.length - 1 : parts.length;
    for (let at = 0; at < before; at++) response.write(parts[at]);
    if (request.complete) {
      this.sentAt = performance.now();
      response.end(parts[before]);
    } else {
      // Closed at once, the connection would be reset while the client sends, and the response lost.
      this.#timer = setTimeout(() => request.destroy(), LINGER_MS);
      request.on("end", () => response.end());
      request.resume();
    }
  }

  #close(): void {
    this.#hasClosed = true;
    clearTimeout(this.#timer);
    const response = this.#response;
    if (!response.writableFinished) {
      this.hasLeft = true;
      this.#controller?.abort(leftEarly());
    }
    for (const call of this.#closers ?? []) call();
    this.#options.observer.onResponse?.(response.statusCode, this.#bytesIn, this.#bytesOut);
    this.#options.onEnd(this);
  }
}

function leftEarly(): DOMException {
  return new DOMException("The client left before the response was sent", "AbortError");
}
