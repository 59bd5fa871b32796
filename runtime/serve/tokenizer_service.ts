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
import { requireVocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { named } from "../../serialize/excerpt.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { requireObject } from "../../serialize/require.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { checkOptions } from "../option_checks.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { busy } from "./failures.ts";
import { createSessions, type SessionAnswer, type SessionLimits } from "./tokenizer_sessions.ts";
import type {
  EncodedPrompt,
  TokenizeRequest,
  TokenizerService,
  TokenizerServiceOptions,
} from "./tokenizer_types.ts";
import { createWorkQueue, type QueueWait } from "./work_queue.ts";

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
  const queue = createWorkQueue({
    name,
    maxQueue,
    longestMs,
    clock,
    onBatch: (items, ms) => observer.onBatch?.({ model: name, items, ms }),
  });
  const active = new Set<Promise<unknown>>();
  let isClosing = false;
  let closed: Promise<void> | undefined;

  /** Runs a call in its turn. */
  const take = async <Result>(call: () => Result, wait: QueueWait = {}): Promise<Result> => {
    if (isClosing) throw busy("the server is closing", 503);
    const start = clock.now();
    let outcome = "ok", queueMs = 0;
    try {
      const running = queue.run(call, wait, () => queueMs = clock.now() - start);
      return running instanceof Promise ? await pending(running) : running;
    } catch (error) {
      outcome = wait.signal?.aborted ? "aborted" : error instanceof OnpathError ? error.code : "unexpected";
      throw error;
    } finally {
      observer.onRequest?.({ model: name, outcome, items: 1, queueMs, totalMs: clock.now() - start });
    }
  };
  /** A call in the queue, which `close()` waits for. */
  const pending = async <Result>(running: Promise<Result>): Promise<Result> => {
    const settled = running.then(() => {}, () => {});
    active.add(settled);
    try {
      return await running;
    } finally {
      active.delete(settled);
    }
  };

  const checkModel = (model: string | null | undefined): void => {
    if (model === undefined || model === null || model === name) return;
    throw new OnpathError(
      "pipeline",
      `Cannot take a request for model ${named(model)}: this is ${name}`,
      {
        expected: name,
      },
    );
  };
  const promptOf = (request: TokenizeRequest): string => {
    requireObject("tokenize", "the request is", request, "pipeline");
    const { prompt, messages } = request;
    checkModel(request.model);
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
    const rendered = renderChat(messages!, {
      addGenerationPrompt: request.add_generation_prompt ?? true,
      tools: request.tools ?? undefined,
      variables: request.chat_template_kwargs ?? undefined,
    });
    return checkCharacters("chat", rendered);
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
  /** Ids with offsets in code points. Ids around a text have none in it: 0 and 0, as in tokenizers. */
  const place = (request: TokenizeRequest): EncodedPrompt => {
    const text = promptOf(request);
    const rules = { allowedSpecial: special, disallowedSpecial: [] } as const;
    const { ids, starts, ends } = tokenizer.encodeWithOffsets(text, { ...rules, unit: "points" });
    const { before, after } = isAround(request) ? vocabulary.around : NONE;
    const all = new Uint32Array(before.length + ids.length + after.length);
    all.set(before);
    all.set(ids, before.length);
    all.set(after, before.length + ids.length);
    const offsets = new Uint32Array(2 * all.length);
    for (let at = 0; at < ids.length; at++) {
      offsets[2 * (before.length + at)] = starts[at]!;
      offsets[2 * (before.length + at) + 1] = ends[at]!;
    }
    done.encodedBytes += Buffer.byteLength(text);
    done.tokens += all.length;
    return { ids: all, offsets };
  };
  const noted = (answer: SessionAnswer): SessionAnswer => {
    done.encodedBytes += answer.encoded_bytes;
    done.tokens += answer.tokens.length;
    return answer;
  };
  const lengths = { max_model_len: maxModelLength ?? null };

  const close = async (wait: WaitOptions): Promise<void> => {
    isClosing = true;
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
    encode: (request, wait) =>
      take(
        () => request?.offsets === true ? place(request) : { ids: encode(request), offsets: undefined },
        wait,
      ),
    render: (request, wait) => take(() => promptOf(request), wait),
    count: (request, wait) => take(() => ({ count: encode(request).length, ...lengths }), wait),
    detokenize: (request, wait) =>
      take(() => {
        requireObject("detokenize", "the request is", request, "pipeline");
        const { model, tokens } = request;
        checkModel(model);
        return { prompt: tokenizer.decode(tokens) };
      }, wait),
    open: (request, wait) => take(() => noted(sessions.open(promptOf(request), isAround(request))), wait),
    append: (session, request, wait) =>
      take(() => {
        requireObject("append", "the request is", request, "pipeline");
        const { append, at } = request;
        return noted(sessions.append(session, checkCharacters("prompt", append), at));
      }, wait),
    read: (session, wait) => take(() => sessions.read(session), wait),
    end: (session, wait) => take(() => sessions.close(session), wait),
    counts: () => [{ model: name, ...queue.counts() }],
    stats: () => ({ sessions: sessions.count(), ...done }),
    close: closeOnce,
    [Symbol.asyncDispose]: () => closeOnce(),
  };
}

const NONE = { before: [], after: [] };
