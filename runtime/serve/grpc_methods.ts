/**
 * Methods of `tokenization.TokenizationService`, which llm-d's router calls, by a tokenizer service.
 *
 * Fields and their numbers are those of `api/tokenizerpb/tokenizer.proto` of llm-d/llm-d-kv-cache, of June 2026.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { WaitOptions } from "../../serialize/wait.ts";
import { refuse } from "./failures.ts";
import { decodeMessage, type FieldValue, type Message, type Shape } from "./grpc_wire.ts";
import type { ChatMessage, TokenizerService } from "./tokenizer_types.ts";

/** Package and name of the service. */
export const SERVICE = "tokenization.TokenizationService";

/** A method: the fields of its request, and the fields of its response. */
export interface GrpcMethod {
  readonly request: Shape;
  readonly answer: (request: Message, wait: WaitOptions) => Promise<readonly FieldValue[]>;
}

const CONTENT_PART: Shape = { 1: ["type", "text"], 2: ["text", "text"], 3: ["image_url", "any"] };
const CHAT_MESSAGE: Shape = {
  1: ["role", "text"],
  2: ["content", "text"],
  3: ["content_parts", CONTENT_PART, true],
  4: ["tool_calls_json", "text"],
};
const TURN: Shape = { 1: ["messages", CHAT_MESSAGE, true] };

/** Maximum messages of a chat. */
const MAX_MESSAGES = 65_536;

/**
 * Creates the methods.
 *
 * @param service Tokenizer that answers.
 */
export function tokenizationMethods(service: TokenizerService): Readonly<Record<string, GrpcMethod>> {
  return {
    Tokenize: {
      request: { 1: ["input", "text"], 2: ["model_name", "text"], 3: ["add_special_tokens", "bool"] },
      answer: async ({ input = "", model_name, add_special_tokens = false }, wait) => {
        const { ids, offsets } = await service.encode({
          prompt: input as string,
          model: modelOf(model_name),
          add_special_tokens: add_special_tokens as boolean,
          offsets: true,
        }, wait);
        return [[1, ids], [2, true], [4, offsets!]];
      },
    },
    RenderChatTemplate: {
      request: {
        1: ["conversation_turns", TURN, true],
        2: ["tools", "any", true],
        3: ["documents", "any", true],
        4: ["chat_template", "text"],
        5: ["return_assistant_tokens_mask", "bool"],
        6: ["continue_final_message", "bool"],
        7: ["add_generation_prompt", "bool"],
        8: ["chat_template_kwargs", "any", true],
        9: ["model_name", "text"],
      },
      answer: async (request, wait) => {
        refuseUnbuilt(request, [
          "tools",
          "documents",
          "chat_template",
          "return_assistant_tokens_mask",
          "continue_final_message",
          "chat_template_kwargs",
        ]);
        const turns = request["conversation_turns"] as readonly Message[];
        const text = await service.render({
          messages: messagesOf(turns.flatMap(({ messages }) => messages as Message[])),
          model: modelOf(request["model_name"]),
          add_generation_prompt: request["add_generation_prompt"] === true,
        }, wait);
        return [[1, text], [2, true]];
      },
    },
    InitializeTokenizer: {
      request: {
        1: ["model_name", "text"],
        2: ["enable_thinking", "bool"],
        3: ["add_generation_prompt", "bool"],
      },
      // A server has one vocabulary, loaded at its start, so this only compares the name.
      answer: async ({ model_name }, wait) => {
        try {
          await service.count({ prompt: "", model: modelOf(model_name) }, wait);
          return [[1, true]];
        } catch (error) {
          if (error instanceof OnpathError && error.code === "pipeline") return [[2, error.message]];
          throw error;
        }
      },
    },
    RenderChatCompletion: {
      request: {
        1: ["model_name", "text"],
        2: ["messages", CHAT_MESSAGE, true],
        3: ["tools_json", "text"],
        4: ["chat_template", "text"],
        5: ["add_generation_prompt", "bool"],
        6: ["continue_final_message", "bool"],
        7: ["chat_template_kwargs", "text"],
      },
      answer: async (request, wait) => {
        refuseUnbuilt(request, ["chat_template", "continue_final_message"]);
        const { ids } = await service.encode({
          messages: messagesOf(request["messages"] as readonly Message[]),
          model: modelOf(request["model_name"]),
          add_generation_prompt: request["add_generation_prompt"] !== false,
          tools: jsonOf(request, "tools_json", Array.isArray) as readonly unknown[] | undefined,
          chat_template_kwargs: jsonOf(request, "chat_template_kwargs", isRecord) as
            | Record<string, unknown>
            | undefined,
        }, wait);
        return [[1, `chatcmpl-${crypto.randomUUID()}`], [2, ids], [4, true]];
      },
    },
    RenderCompletion: {
      request: { 1: ["model_name", "text"], 2: ["prompt", "text"] },
      answer: async ({ model_name, prompt = "" }, wait) => {
        const { ids } = await service.encode({ prompt: prompt as string, model: modelOf(model_name) }, wait);
        return [[1, `cmpl-${crypto.randomUUID()}`], [2, ids], [3, true]];
      },
    },
  };
}

/**
 * Decodes a request of a method.
 *
 * @throws {OnpathError} `file` if it is malformed.
 */
export function decodeRequest(method: GrpcMethod, bytes: Uint8Array): Message {
  return decodeMessage(bytes, method.request);
}

/** Name of a model; an empty one, which is protobuf's default, is not checked. */
function modelOf(name: unknown): string | undefined {
  return name === "" ? undefined : name as string | undefined;
}

/** Refuses fields that would change the result, and are not built. */
function refuseUnbuilt(request: Message, names: readonly string[]): void {
  for (const name of names) {
    const value = request[name];
    const isAbsent = value === undefined || value === false || value === "" ||
      (Array.isArray(value) && value.length === 0);
    if (!isAbsent) {
      throw refuse(501, "pipeline", `Cannot render a chat with ${name}: it is not built`, { field: name });
    }
  }
}

/** Messages in the form that templates take. */
function messagesOf(messages: readonly Message[]): ChatMessage[] {
  if (messages.length > MAX_MESSAGES) {
    throw refuse(
      413,
      "size",
      `Cannot render a chat of ${messages.length} messages: expected at most ${MAX_MESSAGES}`,
      { messages: messages.length, most: MAX_MESSAGES },
    );
  }
  return messages.map((message) => {
    const { role = "", content = null, content_parts } = message;
    const parts = content_parts as readonly Message[];
    const calls = jsonOf(message, "tool_calls_json", Array.isArray) as readonly unknown[] | undefined;
    return {
      role,
      content: parts.length === 0 ? content : textOf(parts),
      ...(calls === undefined || calls.length === 0 ? {} : { tool_calls: calls.map(withArguments) }),
    };
  });
}

/** Text of a content in parts. Their texts are joined by line breaks, as vLLM does for templates that take strings. */
function textOf(parts: readonly Message[]): string {
  return parts.map(({ type, text = "", image_url }) => {
    if (type === "text" && image_url === undefined) return text;
    throw refuse(501, "pipeline", "Cannot render a chat with images: only content of type text is built");
  }).join("\n");
}

/** A call of a tool whose arguments are values: OpenAI's protocol has them as JSON, and templates expect values. */
function withArguments(call: unknown): unknown {
  const { function: called } = Object(call) as { readonly function?: unknown };
  const { arguments: given } = Object(called) as { readonly arguments?: unknown };
  if (typeof given !== "string") return call;
  const values = given === "" ? {} : parseField("arguments of a tool call", given);
  return { ...(call as object), function: { ...(called as object), arguments: values } };
}

/** JSON in a field; undefined if it is absent or empty. */
function jsonOf(message: Message, name: string, isRight: (value: unknown) => boolean): unknown {
  const text = message[name] as string | undefined;
  if (text === undefined || text === "") return undefined;
  const value = parseField(name, text);
  if (value === null || isRight(value)) return value ?? undefined;
  throw new OnpathError("pipeline", `Cannot read ${name}: it is JSON of another type`, { field: name });
}

function parseField(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OnpathError("pipeline", `Cannot read ${name}: it is not JSON`, { field: name }, { cause });
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === "object" && !Array.isArray(value);
}
