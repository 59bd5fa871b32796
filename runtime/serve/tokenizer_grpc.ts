/**
 * gRPC server of a tokenizer service on a Unix socket, for llm-d's router, which calls
 * `tokenization.TokenizationService`.
 *
 * @module
 */

import { createServer, type Socket } from "node:net";
import { loadWith } from "../../kernels/tabular/optional.ts";
import { checkInteger } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { checkOptions } from "../option_checks.ts";
import { listen } from "./connections.ts";
import { createCalls } from "./grpc_calls.ts";
import { decodeRequest, SERVICE, tokenizationMethods } from "./grpc_methods.ts";
import { encodeMessage } from "./grpc_wire.ts";
import { requireServed } from "./http_server.ts";
import type { TokenizerService } from "./tokenizer_types.ts";
import { claimSocket } from "./unix_socket.ts";

/** Socket and limits of a gRPC server. */
export interface GrpcOptions {
  /** Path of the Unix socket. One that an ended server left is replaced. */
  readonly socket: string;
  /** Maximum bytes of a request. Default 16 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Maximum bytes of all requests that are answered at once. Default 64 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** Maximum connections; a further one is closed. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** Maximum calls of one connection at once. Default 128. */
  readonly maxStreams?: number | undefined;
  /** Maximum milliseconds in which a request arrives. Default 30,000. */
  readonly receiveTimeoutMs?: number | undefined;
  /** Called with errors that are defects, which clients see as status INTERNAL without details. */
  readonly onDefect?: ((error: unknown) => void) | undefined;
}

/** gRPC server that listens. */
export interface GrpcServer extends AsyncDisposable {
  /** Address that clients of gRPC take: `unix:` and the path. */
  readonly url: string;
  /**
   * Accepts no more calls, finishes those that run, closes the service, and ends.
   *
   * @param options Timeout after which calls are aborted. Default 30,000 ms.
   */
  readonly close: (options?: WaitOptions) => Promise<void>;
}

/** Milliseconds in which responses are sent after the last call has ended. */
const CLOSE_MS = 5000;

/**
 * Listens, and answers calls by a service. It needs the optional package @grpc/grpc-js.
 *
 * @param service Tokenizer. The server closes it.
 * @param options Socket and limits.
 * @throws {OnpathError} `file` if the package is not installed; `size` if the service is none, or an option is outside
 * its limits; `device` if the socket cannot be used.
 *
 * @example
 * ```ts ignore
 * import { createTokenizerService, serveTokenizerGrpc } from "onpath/serve";
 *
 * const service = createTokenizerService({ vocabulary, name: "meta-llama/Llama-3.1-8B" });
 * await using server = await serveTokenizerGrpc(service, { socket: "/run/tokenizer/grpc.sock" });
 * ```
 */
export async function serveTokenizerGrpc(
  service: TokenizerService,
  options: GrpcOptions,
): Promise<GrpcServer> {
  requireServed(service, "encode", "createTokenizerService");
  checkOptions("serve a tokenizer by gRPC", options, {
    socket: { kind: "string", isRequired: true },
    onDefect: { kind: "function" },
  });
  const { socket: path, maxConnections = 1024, maxStreams = 128, receiveTimeoutMs = 30_000 } = options;
  const { maxMessageBytes = 16 * 2 ** 20, maxBufferedBytes = 64 * 2 ** 20, onDefect } = options;
  checkInteger("maximum bytes of a request", maxMessageBytes, 1, 2 ** 30);
  checkInteger("maximum bytes of all requests", maxBufferedBytes, 1, 2 ** 34);
  checkInteger("maximum of connections", maxConnections, 1, 65_536);
  checkInteger("maximum of calls of a connection", maxStreams, 1, 65_536);
  checkInteger("receive timeout in milliseconds", receiveTimeoutMs, 1, 3_600_000);
  const grpc = await loadWith("@grpc/grpc-js", () => import("@grpc/grpc-js"));

  const methods = tokenizationMethods(service);
  const calls = createCalls(grpc, {
    service: SERVICE,
    methods: Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        async (bytes, wait) => encodeMessage(await method.answer(decodeRequest(method, bytes), wait)),
      ]),
    ),
    maxMessageBytes,
    maxBufferedBytes,
    maxStreams,
    receiveTimeoutMs,
    observer: service.observer,
    onDefect,
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= maxConnections) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A reset connection ends its calls; the error has no other listener.
    socket.on("error", () => socket.destroy());
    calls.take(socket);
  });
  const claim = await claimSocket(path);
  await listen(server, { path });

  const close = async (wait: WaitOptions): Promise<void> => {
    const isStopped = new Promise<void>((resolve) => server.close(() => resolve()));
    const drained = calls.drain();
    try {
      await service.close(wait);
      await bounded("calls", drained, wait);
    } finally {
      // Connections end by themselves once their responses are sent.
      await bounded("connections", isStopped, { timeoutMs: CLOSE_MS }).catch(() => calls.destroy());
      for (const socket of sockets) socket.destroy();
      await isStopped;
      await claim.release();
    }
  };
  let closed: Promise<void> | undefined;
  const closeOnce = (wait: WaitOptions = {}) => closed ??= close(wait);
  try {
    await claim.mark();
  } catch (error) {
    await closeOnce();
    throw error;
  }
  return { url: `unix:${path}`, close: closeOnce, [Symbol.asyncDispose]: () => closeOnce() };
}
