/**
 * Tokenizer as a service, without HTTP: requests and responses in the shapes of vLLM's `/tokenize` and
 * `/detokenize`, and sessions of prompts that grow. A bounded queue takes the requests.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createAppender } from "../../kernels/tokenize/append/appender.ts";
import { createEncoder, type TokenEncoder } from "../../kernels/tokenize/encode.ts";
import { checkCharacters } from "../../kernels/tokenize/text_parts.ts";
import { createTokenizer } from "../../kernels/tokenize/tokenizer/tokenizer.ts";
import { requireVocabulary, type Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { checkOptions } from "../option_checks.ts";
import { type Batcher, createBatcher, type OptionalLimits } from "./batcher.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { busy } from "./failures.ts";
import type { ModelCounts } from "./handler_types.ts";
import type { ServeObserver } from "./observer.ts";
import { createSessions, type SessionAnswer, type SessionLimits } from "./tokenizer_sessions.ts";

/** A message of a chat, in the form that chat templates take. */
export type ChatMessage = Readonly<Record<string, unknown>>;

/** Options of {@linkcode createTokenizerService}. */
export interface TokenizerServiceOptions extends OptionalLimits<SessionLimits> {
  /** Vocabulary of the ids. */
  readonly vocabulary: Vocabulary;
  /** Name in metrics, and `model` of requests that name one. Default: the vocabulary's. */
  readonly name?: string | undefined;
  /** Special tokens recognised in prompts. Default `"all"`, as in vLLM; `"none"` if users write the prompts. */
  readonly special?: "all" | "none" | readonly string[] | undefined;
  /** Value of `max_model_len` in responses; null if absent. */
  readonly maxModelLength?: number | undefined;
  /** Renders the messages of a chat as a prompt, such as by @huggingface/jinja. Without it, messages are refused. */
  readonly renderChat?:
    | ((messages: readonly ChatMessage[], options: { readonly addGenerationPrompt: boolean }) => string)
    | undefined;
  /** Maximum requests in the queue. Default 256. */
  readonly maxQueue?: number | undefined;
  /** Maximum milliseconds of a request. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Callbacks for metrics. */
  readonly observer?: ServeObserver | undefined;
  /** Clock of queues and sessions. */
  readonly clock?: Clock | undefined;
}

/** Request to tokenize: a prompt, or the messages of a chat. */
export interface TokenizeRequest {
  /** Name of the model, if it is checked. */
  readonly model?: string | null | undefined;
  /** Text. */
  readonly prompt?: string | undefined;
  /** Messages, in place of a prompt. */
  readonly messages?: readonly ChatMessage[] | undefined;
  /** Whether ids such as [CLS] or BOS are added. Default true for a prompt, false for messages. */
  readonly add_special_tokens?: boolean | undefined;
  /** Whether the template begins a reply. Default true. */
  readonly add_generation_prompt?: boolean | undefined;
  /** Whether the response has the text of each token. */
  readonly return_token_strs?: boolean | null | undefined;
}

/** Response to {@linkcode TokenizeRequest}. */
export interface TokenizeResponse {
  /** Number of ids. */
  readonly count: number;
  /** Context length of the model, or null. */
  readonly max_model_len: number | null;
  /** Ids; absent in the response to `count`. */
  readonly tokens?: readonly number[] | undefined;
  /** Text of each token; bytes that are no UTF-8 alone become U+FFFD. */
  readonly token_strs?: readonly string[] | undefined;
}

/** State that metrics show. */
export interface TokenizerStats {
  /** Sessions that are open. */
  readonly sessions: number;
  /** Bytes of text that were tokenized. */
  readonly encodedBytes: number;
  /** Ids that were made. */
  readonly tokens: number;
}

/** Requests for one vocabulary, taken through a bounded queue. */
export interface TokenizerService extends AsyncDisposable {
  /** Vocabulary of the ids. */
  readonly vocabulary: Vocabulary;
  /** Callbacks for metrics, which the HTTP server calls too. */
  readonly observer: ServeObserver;
  /**
   * Tokenizes a prompt or a chat.
   *
   * @throws {OnpathError} `pipeline` if there is no prompt, or no template for messages; `file` if the prompt has a
   * lone surrogate; `plan` if the model is another; `busy`; `timeout`; the signal's reason.
   */
  readonly tokenize: (request: TokenizeRequest, wait?: WaitOptions) => Promise<TokenizeResponse>;
  /** Counts the ids of a prompt or a chat. */
  readonly count: (request: TokenizeRequest, wait?: WaitOptions) => Promise<TokenizeResponse>;
  /**
   * Decodes ids.
   *
   * @throws {OnpathError} `size` if an id is not in use.
   */
  readonly detokenize: (
    request: { readonly model?: string | null | undefined; readonly tokens: readonly number[] },
    wait?: WaitOptions,
  ) => Promise<{ readonly prompt: string }>;
  /** Begins a prompt that grows. */
  readonly open: (request: TokenizeRequest, wait?: WaitOptions) => Promise<SessionAnswer>;
  /** Appends to a prompt. `at` is the length that it has, in bytes, if that is checked. */
  readonly append: (
    session: string,
    request: { readonly append: string; readonly at?: number | undefined },
    wait?: WaitOptions,
  ) => Promise<SessionAnswer>;
  /** Returns all ids of a prompt that grows. */
  readonly read: (session: string, wait?: WaitOptions) => Promise<SessionAnswer>;
  /** Ends a prompt that grows. */
  readonly end: (session: string, wait?: WaitOptions) => Promise<void>;
  /** Returns the state of the queue, as a handler's. */
  readonly counts: () => ModelCounts[];
  /** Returns what was done so far. */
  readonly stats: () => TokenizerStats;
  /** Refuses new requests, and finishes those that run. */
  readonly close: (wait?: WaitOptions) => Promise<void>;
}

/** Requests that run between two looks at the network. */
const MAX_BATCH = 32;

/**
 * Creates a service.
 *
 * @param options Vocabulary, special tokens and limits.
 * @throws {OnpathError} `size` if an option is wrong or a limit outside its own; `table` if the vocabulary is none;
 * `pipeline` if a special token is unknown.
 *
 * @example
 * ```ts
 * import { compileVocabulary, readTiktoken } from "onpath";
 * import { createTokenizerService } from "onpath/serve";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const ranks = [...units, `${btoa("ab")} 256`].join("\n");
 * const source = readTiktoken(ranks, "tiny", { pattern: " ?\\p{L}+|\\P{L}", special: {} });
 * await using service = createTokenizerService({ vocabulary: await compileVocabulary(source) });
 * assert.deepEqual((await service.tokenize({ prompt: "cab" })).tokens, [99, 256]);
 * assert.equal((await service.detokenize({ tokens: [99, 256] })).prompt, "cab");
 * const { session } = await service.open({ prompt: "ab a" });
 * const { kept, tokens } = await service.append(session, { append: "b" });
 * assert.deepEqual([kept, tokens], [2, [256]]);
 * ```
 */
export function createTokenizerService(options: TokenizerServiceOptions): TokenizerService {
  checkOptions("create a tokenizer service", options, {
    renderChat: { kind: "function" },
    observer: { kind: "object" },
    clock: { kind: "object" },
  });
  const { vocabulary, special = "all", maxModelLength, renderChat, observer = {}, clock = SYSTEM_CLOCK } =
    options;
  requireVocabulary(vocabulary);
  if (maxModelLength !== undefined) checkInteger("maximum length of a model", maxModelLength, 1, 2 ** 31 - 1);
  const { name = vocabulary.name, maxQueue = 256, timeoutMs: longestMs = 30_000 } = options;
  checkInteger("maximum of requests in the queue", maxQueue, 1, 65_536);
  checkInteger("timeout in milliseconds", longestMs, 1, 3_600_000);
  const limits: SessionLimits = {
    maxSessions: checkInteger("maximum of sessions", options.maxSessions ?? 1024, 1, 2 ** 20),
    maxSessionBytes: checkInteger(
      "maximum bytes of a session",
      options.maxSessionBytes ?? 4 * 2 ** 20,
      1,
      2 ** 30,
    ),
    sessionIdleMs: checkInteger(
      "idle milliseconds of a session",
      options.sessionIdleMs ?? 600_000,
      0,
      2 ** 31,
    ),
  };
  const tokenizer = createTokenizer(vocabulary);
  const encoders = {
    around: createEncoder(vocabulary, { special, around: true }),
    bare: createEncoder(vocabulary, { special }),
  };
  const sessions = createSessions(createAppender(vocabulary, { special }), limits, clock);
  const done = { encodedBytes: 0, tokens: 0 };
  const queue: Batcher<() => unknown, unknown> = createBatcher({
    name,
    maxBatch: MAX_BATCH,
    maxDelayMs: 0,
    maxQueue,
    maxRunning: 1,
    clock,
    run: (calls) => Promise.resolve(calls.map(attempt)),
    onBatch: (items, ms) => observer.onBatch?.({ model: name, items, ms }),
  });
  const active = new Set<Promise<unknown>>();
  let isClosing = false;
  let closed: Promise<void> | undefined;

  /** Runs a call in its turn. */
  const take = async <Result>(call: () => Result, wait: WaitOptions = {}): Promise<Result> => {
    if (isClosing) throw busy("the server is closing", 503);
    const start = clock.now();
    let outcome = "ok", queueMs = 0;
    const timeoutMs = Math.min(wait.timeoutMs ?? longestMs, longestMs);
    const running = queue.submit([call], {
      ...wait,
      timeoutMs,
      onStart: () => queueMs = clock.now() - start,
    });
    const settled = running.then(() => {}, () => {});
    active.add(settled);
    try {
      return (await running)[0] as Result;
    } catch (error) {
      outcome = wait.signal?.aborted ? "aborted" : error instanceof OnpathError ? error.code : "unexpected";
      throw error;
    } finally {
      active.delete(settled);
      observer.onRequest?.({ model: name, outcome, items: 1, queueMs, totalMs: clock.now() - start });
    }
  };

  const checkModel = (model: string | null | undefined): void => {
    if (model === undefined || model === null || model === name) return;
    throw new OnpathError(
      "pipeline",
      `Cannot take a request for model ${JSON.stringify(model.slice(0, 64))}: this is ${name}`,
      {
        expected: name,
      },
    );
  };
  const promptOf = (
    { model, prompt, messages, add_generation_prompt: begins = true }: TokenizeRequest,
  ): string => {
    checkModel(model);
    if ((prompt === undefined) === (messages === undefined)) {
      throw new OnpathError("pipeline", "Cannot tokenize a request: expected either a prompt or messages");
    }
    if (prompt !== undefined) return checkCharacters("prompt", prompt);
    if (renderChat === undefined) {
      throw new OnpathError(
        "pipeline",
        "Cannot tokenize messages: this server has no chat template, send a prompt",
      );
    }
    return checkCharacters("chat", renderChat(messages!, { addGenerationPrompt: begins }));
  };
  const isAround = ({ add_special_tokens: adds, messages }: TokenizeRequest) =>
    adds ?? messages === undefined;
  const encode = (request: TokenizeRequest): Uint32Array => {
    const text = promptOf(request);
    const encoder: TokenEncoder = isAround(request) ? encoders.around : encoders.bare;
    const ids = encoder.encode(text);
    done.encodedBytes += Buffer.byteLength(text);
    done.tokens += ids.length;
    return ids;
  };
  const noted = (answer: SessionAnswer): SessionAnswer => {
    done.encodedBytes += answer.encoded_bytes;
    done.tokens += answer.tokens.length;
    return answer;
  };
  const lengths = { max_model_len: maxModelLength ?? null };

  const close = async (wait: WaitOptions): Promise<void> => {
    isClosing = true;
    queue.hurry();
    await bounded("requests", Promise.all(active), wait);
  };
  const closeOnce = (wait: WaitOptions = {}) => closed ??= close(wait);
  return {
    vocabulary,
    observer,
    tokenize: (request, wait) =>
      take(() => {
        const ids = encode(request);
        const strings = request.return_token_strs === true
          ? { token_strs: Array.from(ids, (id) => tokenizer.decode([id])) }
          : {};
        return { count: ids.length, ...lengths, tokens: Array.from(ids), ...strings };
      }, wait),
    count: (request, wait) => take(() => ({ count: encode(request).length, ...lengths }), wait),
    detokenize: ({ model, tokens }, wait) =>
      take(() => {
        checkModel(model);
        return { prompt: tokenizer.decode(tokens) };
      }, wait),
    open: (request, wait) => take(() => noted(sessions.open(promptOf(request), isAround(request))), wait),
    append: (session, { append, at }, wait) =>
      take(() => noted(sessions.append(session, checkCharacters("prompt", append), at)), wait),
    read: (session, wait) => take(() => sessions.read(session), wait),
    end: (session, wait) => take(() => sessions.close(session), wait),
    counts: () => [{ model: name, ...queue.counts() }],
    stats: () => ({ sessions: sessions.count(), ...done }),
    close: closeOnce,
    [Symbol.asyncDispose]: () => closeOnce(),
  };
}

/** Result of a call, or its error if the request caused it. */
function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof OnpathError) return error;
    throw error;
  }
}
