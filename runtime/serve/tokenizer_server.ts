/**
 * HTTP server of a tokenizer service: vLLM's `/tokenize` and `/detokenize`, `/count`, and `/sessions`.
 *
 * @module
 */

import { z } from "zod";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import { refuse } from "./failures.ts";
import {
  holdService,
  type HttpExchange,
  type HttpOptions,
  type HttpServer,
  sendMetrics,
  startHttp,
} from "./http_server.ts";
import { parseJson } from "./tensor_list.ts";
import type { TokenizeRequest, TokenizerService } from "./tokenizer_types.ts";

/** Maximum messages of a chat. */
const MAX_MESSAGES = 65_536;

/** Maximum tools of a chat. */
const MAX_TOOLS = 4096;

const model = z.string().nullish();
const tools = z.array(z.unknown()).max(MAX_TOOLS).nullish();
const variables = z.record(z.string(), z.unknown()).nullish();
const tokenizeRequest: Schema<TokenizeRequest> = z.object({
  model,
  prompt: z.string().optional(),
  messages: z.array(z.record(z.string(), z.unknown())).max(MAX_MESSAGES).optional(),
  add_special_tokens: z.boolean().optional(),
  add_generation_prompt: z.boolean().optional(),
  tools,
  chat_template_kwargs: variables,
  return_token_strs: z.boolean().nullish(),
});
const openRequest: Schema<TokenizeRequest> = z.object({
  model,
  prompt: z.string().optional(),
  messages: z.array(z.record(z.string(), z.unknown())).max(MAX_MESSAGES).optional(),
  add_special_tokens: z.boolean().optional(),
  add_generation_prompt: z.boolean().optional(),
  tools,
  chat_template_kwargs: variables,
}).transform((request) => request.messages === undefined ? { prompt: "", ...request } : request);

/** Addition to a session. Small ones are frequent, and a schema would cost as much as their tokens. */
function readAppend(json: unknown): { readonly append: string; readonly at?: number | undefined } {
  const { append, at } = Object(json) as { append?: unknown; at?: unknown };
  if (typeof append !== "string") {
    throw new OnpathError(
      "pipeline",
      `Cannot read request.append: it is ${kindOf(append)}, expected a string`,
    );
  }
  if (at === undefined) return { append };
  if (Number.isSafeInteger(at) && (at as number) >= 0) return { append, at: at as number };
  throw new OnpathError("pipeline", "Cannot read request.at: expected a whole number of at least 0");
}

/** Ids of a request, which no schema visits one by one. */
function readDetokenize(
  json: unknown,
): { readonly model?: string | null | undefined; readonly tokens: readonly number[] } {
  const { tokens, model: name } = Object(json) as { tokens?: unknown; model?: unknown };
  const isList = Array.isArray(tokens) && tokens.every((id) => Number.isSafeInteger(id));
  if (isList && (name === undefined || name === null || typeof name === "string")) {
    return { model: name, tokens };
  }
  throw new OnpathError("pipeline", "Cannot read request.tokens: expected a list of whole numbers");
}

/** Answers a request; `session` is empty where the path names none. */
type Answer = (json: unknown, session: string, wait: WaitOptions) => Promise<unknown>;

/** Path of one session. */
const SESSION_PATH = /^sessions\/([\w-]{1,64})$/;

/**
 * Listens, and answers requests by a service.
 *
 * @param source Tokenizer, which the server closes; or a function that makes it once the server listens.
 * @param options Address, or path of a Unix socket, and limits.
 * @throws {OnpathError} `size` if the service is none, or an option is outside its limits; `device` if the address cannot be used.
 *
 * @example
 * ```ts
 * import { compileVocabulary, readTiktoken } from "onpath";
 * import { createTokenizerService, serveTokenizer } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const source = readTiktoken(units.join("\n"), "tiny", { pattern: "\\p{L}+|\\P{L}", special: {} });
 * const service = createTokenizerService({ vocabulary: await compileVocabulary(source) });
 * await using server = await serveTokenizer(service, { port: 0 });
 * const answer = await fetch(`${server.url}/tokenize`, { method: "POST", body: JSON.stringify({ prompt: "ab" }) });
 * assert.deepEqual((await answer.json()).tokens, [97, 98]);
 * ```
 */
export async function serveTokenizer(
  source: TokenizerService | (() => Promise<TokenizerService>),
  options: HttpOptions = {},
): Promise<HttpServer> {
  const held = holdService(source, "tokenize", "createTokenizerService");
  const tokenizeOf = (json: unknown) => parseWith(tokenizeRequest, json, "pipeline", "request");
  const ofSession: Readonly<Record<string, Answer>> = {
    POST: (json, session, wait) => held.get().append(session, readAppend(json), wait),
    GET: (_, session, wait) => held.get().read(session, wait),
    DELETE: async (_, session, wait) => {
      await held.get().end(session, wait);
      return { session };
    },
  };
  const paths = new Map<string, Readonly<Record<string, Answer>>>([
    ["tokenize", { POST: (json, _, wait) => held.get().tokenize(tokenizeOf(json), wait) }],
    ["count", { POST: (json, _, wait) => held.get().count(tokenizeOf(json), wait) }],
    ["detokenize", { POST: (json, _, wait) => held.get().detokenize(readDetokenize(json), wait) }],
    ["sessions", {
      POST: (json, _, wait) => held.get().open(parseWith(openRequest, json, "pipeline", "request"), wait),
    }],
    ["health", {
      GET: () => {
        held.get();
        return Promise.resolve({});
      },
    }],
  ]);

  const answer = async ({ request, sender, body }: HttpExchange): Promise<void> => {
    const path = pathOf(request.url ?? "/");
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (path === "metrics" && method === "GET") return await sendMetrics(options.metrics, sender);
    const named = SESSION_PATH.exec(path);
    const methods = named === null ? paths.get(path) : ofSession;
    if (methods === undefined) {
      throw refuse(
        404,
        "plan",
        "Cannot answer: nothing is at this path, expected /tokenize, /detokenize, /count or /sessions",
      );
    }
    const respond = methods[method ?? ""];
    if (respond === undefined) {
      const allow = Object.keys(methods).join(", ");
      throw refuse(405, "pipeline", `Cannot answer: the method is wrong, expected ${allow}`, { allow });
    }
    const json = method === "POST" ? parseJson((await body()).bytes) : undefined;
    sender.json(200, await respond(json, named?.[1] ?? "", sender));
  };
  return await startHttp({
    get observer() {
      return held.find()?.observer ?? {};
    },
    answer,
    start: async () => void await held.make(),
    close: async (wait) => await held.find()?.close(wait),
  }, options);
}

/** Path of a URL without its query and the slashes around it; an expression costs as much as the whole lookup. */
function pathOf(url: string): string {
  const query = url.indexOf("?");
  let from = 0, to = query < 0 ? url.length : query;
  while (from < to && url[from] === "/") from++;
  while (to > from && url[to - 1] === "/") to--;
  return url.slice(from, to);
}
