/**
 * HTTP server on `node:http`, whatever it serves: connections, bodies, limits, and the end.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { checkInteger, kindOf, OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { checkOptions } from "../option_checks.ts";
import type { OptionalLimits } from "./batcher.ts";
import { type BodyLimits, checkBodyHead, createBudget, readBody } from "./body.ts";
import { limitConnections, listen, refuseUnreadable, stopListening } from "./connections.ts";
import { busy, refuse } from "./failures.ts";
import type { ServeObserver } from "./observer.ts";
import { createSender, type Sender, type SenderOptions } from "./sender.ts";
import { claimSocket } from "./unix_socket.ts";

/** Text of metrics in the form of Prometheus. */
export interface MetricsSource {
  /** Media type of the text. */
  readonly contentType: string;
  /** Collects the text. */
  readonly text: () => Promise<string>;
}

/** Address and limits of a server. */
export interface HttpOptions extends OptionalLimits<BodyLimits> {
  /** Port, or 0 for a free one. Default 8000. */
  readonly port?: number | undefined;
  /** Address to listen on. Default 127.0.0.1: this machine alone. */
  readonly host?: string | undefined;
  /** Path of a Unix socket to listen on, in place of a port. One that an ended server left is replaced. */
  readonly socket?: string | undefined;
  /** Maximum connections; a further one gets status 503. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** Maximum milliseconds in which a request arrives. Default 30,000. */
  readonly receiveTimeoutMs?: number | undefined;
  /** Maximum milliseconds in which a client takes a response. Default 60,000. */
  readonly sendTimeoutMs?: number | undefined;
  /** Text at `/metrics`. */
  readonly metrics?: MetricsSource | undefined;
  /** Called with errors that are defects, which clients see as status 500 without details. */
  readonly onDefect?: ((error: unknown) => void) | undefined;
}

/** Server that listens. */
export interface HttpServer extends AsyncDisposable {
  /** Port; 0 on a Unix socket. */
  readonly port: number;
  /** Start of its URLs, such as `http://127.0.0.1:8000`; `unix:` and the path on a Unix socket. */
  readonly url: string;
  /**
   * Accepts no more connections, finishes the requests that run, closes what it serves, and ends.
   *
   * @param options Timeout after which requests are aborted. Default 30,000 ms.
   */
  readonly close: (options?: WaitOptions) => Promise<void>;
}

/** A request, and the means to answer it. */
export interface HttpExchange {
  /** Request, whose body is unread. */
  readonly request: IncomingMessage;
  /** Its response. */
  readonly sender: Sender;
  /**
   * Reads the body, within the limits. Its memory counts until the response is sent.
   *
   * @throws {OnpathError} As `checkBodyHead` and `readBody`.
   */
  readonly body: () => Promise<{ readonly bytes: Uint8Array; readonly jsonBytes: number | undefined }>;
}

/** What a server serves. */
export interface HttpService {
  /** Callbacks for metrics. */
  readonly observer: ServeObserver;
  /** Answers a request. An error becomes the response. */
  readonly answer: (exchange: HttpExchange) => void | Promise<void>;
  /** Opens what is served; requests may arrive before that. */
  readonly start: () => Promise<void>;
  /** Finishes the requests that run, and refuses others. */
  readonly close: (wait: WaitOptions) => Promise<void>;
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
 * Listens, and answers requests.
 *
 * @param service What is served. The server starts and closes it.
 * @param options Address and limits.
 * @throws {OnpathError} `size` if an option is outside its limits; `device` if the address cannot be used; the error
 * of a service that cannot start.
 */
export async function startHttp(service: HttpService, options: HttpOptions): Promise<HttpServer> {
  checkHttpOptions(options);
  const { port = 8000, host = "127.0.0.1", socket, maxConnections = 1024 } = options;
  const { receiveTimeoutMs = 30_000, sendTimeoutMs = 60_000, onDefect } = options;
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
  const senders = createSlots();
  let closed: Promise<void> | undefined;
  const senderOptions: SenderOptions = {
    // A service may be made after the first request has arrived.
    get observer() {
      return service.observer;
    },
    isLast: () => closed !== undefined,
    onEnd: senders.remove,
  };

  const answer = async (
    request: IncomingMessage,
    response: ServerResponse,
    proceed: () => void,
  ): Promise<void> => {
    const sender = createSender(request, response, senderOptions);
    senders.add(sender);
    const body: HttpExchange["body"] = async () => {
      const head = checkBodyHead(request, limits);
      proceed();
      const bytes = await readBody(request, head, limits, budget);
      sender.onClose(() => budget.release(bytes.length));
      sender.received(bytes.length);
      return { bytes, jsonBytes: head.jsonBytes };
    };
    try {
      await service.answer({ request, sender, body });
    } catch (error) {
      if (!(error instanceof OnpathError) && !sender.hasLeft) onDefect?.(error);
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
  const claim = socket === undefined ? undefined : await claimSocket(socket);
  await listen(server, socket === undefined ? { port, host } : { path: socket });
  // One timer for all responses: a timer of each would cost more than the rest of a small one. It starts after the
  // last step that can fail without a close, or it would keep the process of a server that never listened.
  const slow = setInterval(() => {
    const limit = performance.now() - sendTimeoutMs;
    for (const sender of senders.all()) {
      if (sender.sentAt !== undefined && sender.sentAt <= limit) sender.destroy();
    }
  }, Math.min(CHECK_MS, sendTimeoutMs));
  server.on("close", () => clearInterval(slow));
  const { port: found, family } = socket === undefined
    ? server.address() as AddressInfo
    : { port: 0, family: "unix" };

  const close = async (wait: WaitOptions): Promise<void> => {
    const ended = stopListening(server);
    try {
      await service.close(wait);
    } finally {
      // Requests that still arrive are refused; responses are sent within the timeout.
      for (const sender of senders.all()) sender.failure(notNow());
      const isEnded = await bounded("connections", ended, { timeoutMs: CLOSE_MS }).then(
        () => true,
        () => false,
      );
      if (!isEnded) server.closeAllConnections();
      await ended;
      await claim?.release();
    }
  };
  const closeOnce = (wait: WaitOptions = {}) => closed ??= close(wait);
  try {
    await claim?.mark();
    await service.start();
  } catch (error) {
    await closeOnce();
    throw error;
  }
  return {
    port: found,
    url: socket === undefined
      ? `http://${family === "IPv6" ? `[${host}]` : host}:${found}`
      : `unix:${socket}`,
    close: closeOnce,
    [Symbol.asyncDispose]: () => closeOnce(),
  };
}

/**
 * Creates the list of responses that are not sent yet. It is no set: one that is written with each request grows anew
 * every few of them, and the memory that it leaves keeps what it held until the next full collection.
 */
function createSlots() {
  const slots: Sender[] = [];
  return {
    all: (): readonly Sender[] => [...slots],
    add: (sender: Sender): void => {
      sender.slot = slots.push(sender) - 1;
    },
    remove: ({ slot }: Sender): void => {
      const last = slots.pop()!;
      if (last.slot === slot) return;
      slots[slot] = last;
      last.slot = slot;
    },
  };
}

/** Checks the options whose values are not numbers. */
function checkHttpOptions(options: unknown): void {
  checkOptions("start a server", options, {
    host: { kind: "string" },
    socket: { kind: "string" },
    metrics: { kind: "object" },
    onDefect: { kind: "function" },
  });
}

/** Creates the error of a server that is starting or closing. */
export function notNow(): OnpathError {
  return busy("the server is starting or closing", 503);
}

/** Answers with metrics. */
export async function sendMetrics(metrics: MetricsSource | undefined, sender: Sender): Promise<void> {
  if (metrics === undefined) throw refuse(404, "plan", "Cannot answer: this server has no metrics");
  sender.text(metrics.contentType, await metrics.text());
}

/**
 * Checks that a value is what a server answers by, which callers without types may get wrong.
 *
 * @param value Value from outside.
 * @param method A method that it must have.
 * @param maker Name of the function that makes it.
 * @throws {OnpathError} `size` if it lacks the method.
 */
export function requireServed(value: unknown, method: string, maker: string): void {
  if (typeof (Object(value) as Record<string, unknown>)[method] === "function") return;
  throw new OnpathError(
    "size",
    `Cannot serve a value that is ${kindOf(value)}: expected what ${maker}() makes`,
    { method },
  );
}

/** What a server answers by: at hand, or made once the server has its address. */
type Served<T> = T | (() => Promise<T>);

/** Holder of what is served. */
export interface HeldService<T> {
  /** Returns it; undefined while it is made. */
  readonly find: () => T | undefined;
  /**
   * Returns it.
   *
   * @throws {OnpathError} `busy` with status 503 while it is made.
   */
  readonly get: () => T;
  /** Makes it, if it is not at hand. */
  readonly make: () => Promise<T>;
}

/**
 * Holds what is served. A server thus takes its address first, and answers "not ready" while vocabularies load.
 *
 * @param source Value from outside, or the function that makes it.
 * @param method A method that it must have.
 * @param maker Name of the function that makes it.
 * @throws {OnpathError} `size` if it lacks the method.
 */
export function holdService<T extends object>(
  source: Served<T>,
  method: string,
  maker: string,
): HeldService<T> {
  let held: T | undefined;
  const hold = (value: T): T => {
    requireServed(value, method, maker);
    return held = value;
  };
  if (typeof source !== "function") hold(source);
  return {
    find: () => held,
    get: () => {
      if (held === undefined) throw notNow();
      return held;
    },
    make: async () => held ?? hold(await (source as () => Promise<T>)()),
  };
}
