/**
 * Requests and responses of a tokenizer service, in the shapes of vLLM.
 *
 * @module
 */

import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import type { OptionalLimits } from "./batcher.ts";
import type { Clock } from "./clock.ts";
import type { ModelCounts } from "./handler_types.ts";
import type { ServeObserver } from "./observer.ts";
import type { SessionAnswer, SessionLimits } from "./tokenizer_sessions.ts";

/** A message of a chat, in the form that chat templates take. */
export type ChatMessage = Readonly<Record<string, unknown>>;

/** Variables of a chat template beside the messages. */
export interface RenderOptions {
  /** Whether the template begins a reply. */
  readonly addGenerationPrompt: boolean;
  /** Tools that the model may call; absent if there are none. */
  readonly tools?: readonly unknown[] | undefined;
  /** Further variables, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** Renders the messages of a chat as a prompt. */
export type RenderChat = (messages: readonly ChatMessage[], options: RenderOptions) => string;

/** Options of `createTokenizerService()`. */
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
  readonly renderChat?: RenderChat | undefined;
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
  /** Tools that the model may call, for the template. */
  readonly tools?: readonly unknown[] | null | undefined;
  /** Further variables of the template. */
  readonly chat_template_kwargs?: Readonly<Record<string, unknown>> | null | undefined;
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

/** Ids of a prompt without a copy. */
export interface EncodedPrompt {
  /** One id a token, with those around the text. */
  readonly ids: Uint32Array;
  /** By id: offset of its first code point, and its exclusive end; 0 and 0 for ids around a text. Absent if not asked. */
  readonly offsets: Uint32Array | undefined;
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
  /**
   * Returns the ids of a prompt or a chat as `tokenize` does, in a typed array.
   *
   * @param offsets True for the place of each id, in code points as tokenizers counts; about three times the work.
   */
  readonly encode: (
    request: TokenizeRequest & { readonly offsets?: boolean | undefined },
    wait?: WaitOptions,
  ) => Promise<EncodedPrompt>;
  /**
   * Renders the messages of a chat as a prompt.
   *
   * @throws {OnpathError} `pipeline` if there is no template, or it refuses the messages.
   */
  readonly render: (request: TokenizeRequest, wait?: WaitOptions) => Promise<string>;
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
