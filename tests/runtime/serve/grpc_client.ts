/**
 * A client of `tokenization.TokenizationService` by @grpc/grpc-js, whose messages protobufjs encodes: neither shares
 * code with the server's messages.
 *
 * @module
 */

import {
  credentials,
  type Deadline,
  makeGenericClientConstructor,
  Metadata,
  type ServiceError,
} from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs/light.js";
import {
  type GrpcOptions,
  type GrpcServer,
  serveTokenizerGrpc,
} from "../../../runtime/serve/tokenizer_grpc.ts";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";
import type { TokenizerService, TokenizerServiceOptions } from "../../../runtime/serve/tokenizer_types.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";

// In proto2, fields that are set are sent, even if they have their default value.
const text = (id: number) => ({ type: "string", id });
const flag = (id: number) => ({ type: "bool", id });
const many = (type: string, id: number) => ({ type, id, rule: "repeated" });
const message = (fields: Record<string, { type: string; id: number }>) => ({ edition: "proto2", fields });

const root = protobuf.Root.fromJSON({
  nested: {
    TokenizeRequest: message({ input: text(1), modelName: text(2), addSpecialTokens: flag(3) }),
    TokenizeResponse: message({
      inputIds: many("uint32", 1),
      success: flag(2),
      errorMessage: text(3),
      offsetPairs: many("uint32", 4),
    }),
    ImageUrl: message({ url: text(1) }),
    ContentPart: message({
      type: text(1),
      text: text(2),
      imageUrl: { type: "ImageUrl", id: 3 },
    }),
    ChatMessage: message({
      role: text(1),
      content: text(2),
      contentParts: many("ContentPart", 3),
      toolCallsJson: text(4),
    }),
    ConversationTurn: message({ messages: many("ChatMessage", 1) }),
    Any: message({ value: text(1) }),
    RenderChatTemplateRequest: message({
      conversationTurns: many("ConversationTurn", 1),
      tools: many("Any", 2),
      chatTemplate: text(4),
      addGenerationPrompt: flag(7),
      modelName: text(9),
    }),
    RenderChatTemplateResponse: message({ renderedPrompt: text(1), success: flag(2), errorMessage: text(3) }),
    InitializeTokenizerRequest: message({
      modelName: text(1),
      enableThinking: flag(2),
      addGenerationPrompt: flag(3),
    }),
    InitializeTokenizerResponse: message({ success: flag(1), errorMessage: text(2) }),
    RenderChatCompletionRequest: message({
      modelName: text(1),
      messages: many("ChatMessage", 2),
      toolsJson: text(3),
      chatTemplate: text(4),
      addGenerationPrompt: flag(5),
      continueFinalMessage: flag(6),
      chatTemplateKwargs: text(7),
    }),
    RenderChatCompletionResponse: message({
      requestId: text(1),
      tokenIds: many("uint32", 2),
      success: flag(4),
      errorMessage: text(5),
    }),
    RenderCompletionRequest: message({ modelName: text(1), prompt: text(2) }),
    RenderCompletionResponse: message({
      requestId: text(1),
      tokenIds: many("uint32", 2),
      success: flag(3),
      errorMessage: text(4),
    }),
  },
});

const METHODS = [
  "Tokenize",
  "RenderChatTemplate",
  "InitializeTokenizer",
  "RenderChatCompletion",
  "RenderCompletion",
  "Absent",
] as const;

/** A response, with protobuf's defaults for absent fields; or the status of a failed call. */
// deno-lint-ignore no-explicit-any -- a test reads any field
export type GrpcReply = any;

/** Options of a call. */
export interface AskOptions {
  readonly deadline?: Deadline;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Client of one socket. */
export interface GrpcClient {
  /** Calls a method. A failed call becomes `{ code, details }`. */
  readonly ask: (method: typeof METHODS[number], fields: object, options?: AskOptions) => Promise<GrpcReply>;
  /** Calls `Tokenize` with any bytes as the request. */
  readonly send: (bytes: Uint8Array) => Promise<GrpcReply>;
  readonly close: () => void;
}

/** Opens a client. */
export function grpcClient(address: string): GrpcClient {
  const bytes = (value: Uint8Array) => Buffer.from(value);
  const definition = Object.fromEntries(METHODS.map((name) => [name, {
    path: `/tokenization.TokenizationService/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  }]));
  const Client = makeGenericClientConstructor(definition, "TokenizationService");
  const client = new Client(address, credentials.createInsecure(), {
    // A test that opens a server again connects at once.
    "grpc.initial_reconnect_backoff_ms": 50,
  });
  const send = (method: string, request: Uint8Array, options: AskOptions = {}): Promise<GrpcReply> =>
    new Promise((resolve) => {
      const { deadline = Date.now() + 60_000, signal } = options;
      const call = client[method]!(
        request,
        new Metadata(),
        { deadline },
        (error: ServiceError | null, value: Uint8Array) =>
          resolve(error === null ? value : { code: error.code, details: error.details }),
      );
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  const decode = (type: string, value: GrpcReply): GrpcReply =>
    value instanceof Uint8Array
      ? root.lookupType(type).toObject(root.lookupType(type).decode(value), { defaults: true, arrays: true })
      : value;
  return {
    ask: async (method, fields, options) => {
      const known = method === "Absent" ? "Tokenize" : method;
      const type = root.lookupType(`${known}Request`);
      const request = type.encode(type.fromObject(fields)).finish();
      return decode(`${known}Response`, await send(method, request, options));
    },
    send: async (request) => decode("TokenizeResponse", await send("Tokenize", request)),
    close: () => client.close(),
  };
}

const gpt2 = await vocabulary("gpt2");

/** Runs a test with a server in a folder of its own, and a client. */
export async function withGrpc(
  test: (client: GrpcClient, server: GrpcServer, service: TokenizerService) => Promise<void>,
  options: Partial<TokenizerServiceOptions> = {},
  limits: Partial<GrpcOptions> = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "onpath-"));
  const defects: unknown[] = [];
  const service = createTokenizerService({ vocabulary: gpt2, name: "org/gpt2", ...options });
  const socket = join(folder, "grpc");
  const onDefect = (error: unknown) => void defects.push(error);
  const server = await serveTokenizerGrpc(service, { socket, onDefect, ...limits });
  const client = grpcClient(server.url);
  try {
    await test(client, server, service);
  } finally {
    client.close();
    await server.close();
    assert.equal(existsSync(socket), false);
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(defects, []);
}
