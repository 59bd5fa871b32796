/**
 * Server of gRPC by @grpc/grpc-js, an optional package: unary calls, their time limits, statuses and the end.
 *
 * @module
 */

import type {
  sendUnaryData,
  ServerInterceptingCall,
  ServerInterceptingCallInterface,
  ServerUnaryCall,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { OnpathError } from "../../serialize/errors.ts";
import { MAX_TIMEOUT_MS, type WaitOptions } from "../../serialize/wait.ts";
import { type BodyBudget, createBudget } from "./body.ts";
import { notNow } from "./http_server.ts";
import { STATUS, type StatusName, statusNameOf } from "./grpc_status.ts";
import type { ServeObserver } from "./observer.ts";

/** Answers a request by a response, both as bytes. */
export type GrpcAnswer = (request: Uint8Array, wait: WaitOptions) => Promise<Uint8Array>;

/** Options of {@linkcode createCalls}. */
export interface CallOptions {
  /** Package and name of the service. */
  readonly service: string;
  /** Answers by the names of the methods. */
  readonly methods: Readonly<Record<string, GrpcAnswer>>;
  /** Maximum bytes of a request. */
  readonly maxMessageBytes: number;
  /** Maximum bytes of all requests that are answered at once. */
  readonly maxBufferedBytes: number;
  /** Maximum calls of one connection at once. */
  readonly maxStreams: number;
  /** Maximum milliseconds in which a request arrives. */
  readonly receiveTimeoutMs: number;
  /** Callbacks for metrics. */
  readonly observer: ServeObserver;
  /** Called with errors that are defects. */
  readonly onDefect: ((error: unknown) => void) | undefined;
}

/** Calls of all connections. */
export interface GrpcCalls {
  /** Serves a connection. */
  readonly take: (socket: Socket) => void;
  /** Takes no more calls; resolves once those that run have ended. */
  readonly drain: () => Promise<void>;
  /** Ends all calls and connections. */
  readonly destroy: () => void;
}

/** Milliseconds after which a connection without calls is closed; a client opens another at its next call. */
const MAX_IDLE_MS = 600_000;

/** The package, which is loaded at the first use. */
export type Grpc = Pick<
  typeof import("@grpc/grpc-js"),
  "Server" | "ServerCredentials" | "ServerInterceptingCall"
>;

/** Creates the server. It listens nowhere: connections are given to it. */
export function createCalls(grpc: Grpc, options: CallOptions): GrpcCalls {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_concurrent_streams": options.maxStreams,
    "grpc.max_connection_idle_ms": MAX_IDLE_MS,
    interceptors: [(_method, call) => limitReceive(grpc, call, options.receiveTimeoutMs)],
  });
  const budget = createBudget({
    maxBodyBytes: 0,
    maxJsonBytes: 0,
    maxBufferedBytes: options.maxBufferedBytes,
  });
  const state = { isClosing: false };
  const active = new Set<Promise<void>>();
  const bytesOf = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const [name, answer] of Object.entries(options.methods)) {
    definition[name] = {
      path: `/${options.service}/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytesOf,
      requestDeserialize: (bytes: Uint8Array) => bytes,
      responseSerialize: bytesOf,
      responseDeserialize: (bytes: Uint8Array) => bytes,
    };
    handlers[name] = (call: Call, reply: Reply) => {
      const running = answerCall(name, answer, call, reply, options, budget, state);
      active.add(running);
      void running.finally(() => active.delete(running));
    };
  }
  server.addService(definition, handlers);
  const injector = server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  return {
    take: (socket) => injector.injectConnection(socket),
    drain: async () => {
      state.isClosing = true;
      const isShut = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      // In Deno the server counts itself shut while calls run.
      await Promise.all(active);
      await isShut;
    },
    destroy: () => server.forceShutdown(),
  };
}

type Call = ServerUnaryCall<Uint8Array, Uint8Array>;
type Reply = sendUnaryData<Uint8Array>;

async function answerCall(
  name: string,
  answer: GrpcAnswer,
  call: Call,
  reply: Reply,
  { observer, onDefect }: CallOptions,
  budget: BodyBudget,
  state: { readonly isClosing: boolean },
): Promise<void> {
  const controller = new AbortController();
  call.on(
    "cancelled",
    () => controller.abort(new DOMException("The client cancelled the call", "AbortError")),
  );
  const bytesIn = call.request.length;
  let bytesOut = 0, held = 0;
  let status: StatusName = "OK";
  try {
    if (state.isClosing) throw notNow();
    budget.reserve(bytesIn);
    held = bytesIn;
    const timeoutMs = Math.min(MAX_TIMEOUT_MS, Math.max(0, Number(call.getDeadline()) - Date.now()));
    const response = await answer(call.request, { signal: controller.signal, timeoutMs });
    bytesOut = response.length;
    reply(null, response);
  } catch (error) {
    const isOurs = error instanceof OnpathError;
    if (!isOurs && !controller.signal.aborted) onDefect?.(error);
    status = controller.signal.aborted ? "CANCELLED" : statusNameOf(error);
    const details = isOurs
      ? error.message
      : "Cannot answer: the server has a defect, its log has the details";
    reply({ code: STATUS[status], details });
  } finally {
    budget.release(held);
    observer.onCall?.(name, status, bytesIn, bytesOut);
  }
}

/** Ends a call whose request does not arrive in time. */
function limitReceive(
  grpc: Grpc,
  call: ServerInterceptingCallInterface,
  limitMs: number,
): ServerInterceptingCall {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return new grpc.ServerInterceptingCall(call, {
    start: (next) => {
      timer = setTimeout(() => {
        const details = `Cannot read a request: it did not arrive in ${limitMs} ms`;
        call.sendStatus({ code: STATUS.DEADLINE_EXCEEDED, details });
      }, limitMs);
      next({
        onReceiveHalfClose: (pass) => {
          clearTimeout(timer);
          pass();
        },
        onCancel: () => clearTimeout(timer),
      });
    },
    sendStatus: (status, pass) => {
      clearTimeout(timer);
      pass(status);
    },
  });
}
