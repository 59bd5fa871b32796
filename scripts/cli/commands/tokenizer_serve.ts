/**
 * `tokenizer serve`: answers requests for a vocabulary until it is interrupted.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { serveTokenizerGrpc } from "../../../runtime/serve/tokenizer_grpc.ts";
import { serveTokenizer } from "../../../runtime/serve/tokenizer_server.ts";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";
import type { TokenizerService } from "../../../runtime/serve/tokenizer_types.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { loadChatTemplate } from "../../serve/chat_template.ts";
import { createPrometheus } from "../../serve/prometheus.ts";
import { warmUp } from "../../serve/warm_up.ts";
import { named } from "../../../serialize/excerpt.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { SERVICE } from "../../../runtime/serve/grpc_methods.ts";
import { type Context, print, printJson } from "../context.ts";
import { describeFailure } from "../failures.ts";
import { factTable } from "../text.ts";
import type { TokenizerServeOptions } from "./tokenizer_serve_options.ts";

/** Bytes of a MiB. */
const MIB = 2 ** 20;

/** Milliseconds in which requests end after an interruption. */
const DRAIN_MS = 30_000;

/**
 * Serves a vocabulary.
 *
 * @param options Options of the command line.
 * @param context Provides the abort signal, which ends the server.
 */
export async function serveVocabulary(options: TokenizerServeOptions, { signal }: Context): Promise<void> {
  const { vocab, name, special, chatTemplate, maxModelLen, socket, grpc, host, port, maxQueue, maxSessions } =
    options;
  const { timeout: timeoutMs, maxBody = 16, json = false } = options;
  const grpcSocket = grpc === undefined ? undefined : grpcPath(grpc);
  const metrics = createPrometheus({ process: true });
  let vocabulary!: Vocabulary, service!: TokenizerService;
  const open = async () => {
    vocabulary = await loadVocabulary(vocab, { signal });
    const renderChat = chatTemplate === undefined ? undefined : await loadChatTemplate(chatTemplate, signal);
    service = createTokenizerService({
      vocabulary,
      name,
      special,
      maxModelLength: maxModelLen,
      renderChat,
      maxQueue,
      maxSessions,
      timeoutMs,
      observer: metrics.observer,
    });
    metrics.watch(service);
    metrics.watchTokenizer(service);
    await warmUp(vocabulary, signal);
    return service;
  };
  const onDefect = (error: unknown) => void process.stderr.write(describeFailure(error, json).text);
  // An address that is taken is known before the vocabulary has been loaded and warmed up.
  const server = await serveTokenizer(open, {
    socket,
    host,
    port,
    maxBodyBytes: maxBody * MIB,
    maxJsonBytes: maxBody * MIB,
    maxBufferedBytes: 4 * maxBody * MIB,
    metrics: metrics.source,
    onDefect,
  });
  // Errors of the start close what listens already.
  const calls = grpcSocket === undefined ? undefined : await serveTokenizerGrpc(service, {
    socket: grpcSocket,
    maxMessageBytes: maxBody * MIB,
    maxBufferedBytes: 4 * maxBody * MIB,
    onDefect,
  }).catch(async (error) => {
    await server.close();
    throw error;
  });
  if (json) printJson({ url: server.url, ...(calls && { grpc: calls.url }), vocabulary: vocabulary.name });
  else {
    print(factTable([
      ["vocabulary", `${vocabulary.name}, ${vocabulary.idLimit} ids`],
      [
        "serving",
        `/tokenize, /detokenize, /count, /sessions and /metrics at ${server.url}; SIGINT or SIGTERM ends`,
      ],
      ...(calls === undefined ? [] : [["gRPC", `${calls.url}, ${SERVICE}`] as const]),
    ]));
  }
  if (!signal.aborted) await once(signal, "abort");
  await Promise.all([server.close({ timeoutMs: DRAIN_MS }), calls?.close({ timeoutMs: DRAIN_MS })]);
}

/** Path of an address of gRPC: `unix:path` or `unix:///path`. */
function grpcPath(address: string): string {
  const path = /^unix:(?:\/\/(?=\/))?(.+)$/.exec(address)?.[1];
  if (path !== undefined) return path;
  throw new OnpathError(
    "size",
    `Cannot serve gRPC at ${named(address)}: expected unix: and the path of a socket`,
    { address },
  );
}
