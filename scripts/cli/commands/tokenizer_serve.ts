/**
 * `tokenizer serve`: answers requests for a vocabulary until it is interrupted.
 *
 * @module
 */

import { once } from "node:events";
import process from "node:process";
import { serveTokenizer } from "../../../runtime/serve/tokenizer_server.ts";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";
import { loadVocabulary } from "../../io/vocabulary.ts";
import { loadChatTemplate } from "../../serve/chat_template.ts";
import { createPrometheus } from "../../serve/prometheus.ts";
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
  const { vocab, name, special, chatTemplate, maxModelLen, socket, host, port, maxQueue, maxSessions } =
    options;
  const { timeout: timeoutMs, maxBody = 16, json = false } = options;
  const vocabulary = await loadVocabulary(vocab, { signal });
  const renderChat = chatTemplate === undefined ? undefined : await loadChatTemplate(chatTemplate, signal);
  const metrics = createPrometheus({ process: true });
  const service = createTokenizerService({
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
  const server = await serveTokenizer(service, {
    socket,
    host,
    port,
    maxBodyBytes: maxBody * MIB,
    maxJsonBytes: maxBody * MIB,
    maxBufferedBytes: 4 * maxBody * MIB,
    metrics: metrics.source,
    onDefect: (error) => process.stderr.write(describeFailure(error, json).text),
  });
  if (json) printJson({ url: server.url, vocabulary: vocabulary.name });
  else {
    print(factTable([
      ["vocabulary", `${vocabulary.name}, ${vocabulary.idLimit} ids`],
      [
        "serving",
        `${server.url}/tokenize, /detokenize, /count, /sessions and /metrics; SIGINT or SIGTERM ends`,
      ],
    ]));
  }
  if (!signal.aborted) await once(signal, "abort");
  await server.close({ timeoutMs: DRAIN_MS });
}
