/** The tokenizer service by gRPC: ids, offsets and statuses for a real client, in Deno and in Node. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeText } from "../../../kernels/tokenize/detokenize.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { tokenizationMethods } from "../../../runtime/serve/grpc_methods.ts";
import { decodeMessage, encodeMessage } from "../../../runtime/serve/grpc_wire.ts";
import { STATUS } from "../../../runtime/serve/grpc_status.ts";
import type { TokenizerService, TokenizerServiceOptions } from "../../../runtime/serve/tokenizer_types.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { bundleForNode } from "../../support/node_run.ts";
import { random } from "../../support/random.ts";
import { corpusSlice, hostileText } from "../../support/texts.ts";
import { tokenizerJson, vocabulary } from "../../kernels/tokenize/vocabularies.ts";
import { type GrpcClient, grpcClient, withGrpc } from "./grpc_client.ts";

const gpt2 = await vocabulary("gpt2");
const { Tokenizer: Peer } = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** Texts that differ in every way that a tokenizer or protobuf could miss. */
function texts(): string[] {
  const next = random(7);
  return [
    "",
    "Hello, world!",
    "naïve café — 東京 😀 ok <|endoftext|>",
    "\u0000",
    ...corpusSlice(5000).map(({ text }) => text.slice(0, 300)),
    ...Array.from({ length: 40 }, () => hostileText(next)),
  ].map((text) => text.toWellFormed());
}

for (const name of ["gpt2", "bert"] as const) {
  Deno.test(`serveTokenizerGrpc() gives a grpc-js client the ids and offsets of tokenizers for ${name}`, async () => {
    const made = await vocabulary(name);
    const peer = Peer.fromString(JSON.stringify(tokenizerJson(name)));
    await withGrpc(async (client) => {
      for (const input of texts()) {
        for (const addSpecialTokens of [false, true]) {
          const expected = await peer.encode(input, null, { addSpecialTokens });
          const answer = await client.ask("Tokenize", { input, modelName: "org/gpt2", addSpecialTokens });
          assert.deepEqual([...answer.inputIds], expected.getIds(), JSON.stringify(input));
          assert.deepEqual([...answer.offsetPairs], expected.getOffsets().flat(), JSON.stringify(input));
          assert.deepEqual([answer.success, answer.errorMessage], [true, ""]);
          if (!addSpecialTokens) continue;
          const rendered = await client.ask("RenderCompletion", { prompt: input });
          assert.deepEqual([...rendered.tokenIds], expected.getIds());
          assert.deepEqual([rendered.success, /^cmpl-[\da-f-]{36}$/.test(rendered.requestId)], [true, true]);
        }
      }
    }, { vocabulary: made });
  });
}

/** A template that shows all that it is given. */
const showAll: TokenizerServiceOptions["renderChat"] = (messages, { addGenerationPrompt, ...rest }) =>
  `${JSON.stringify(messages)} ${JSON.stringify(rest)} ${addGenerationPrompt}`;

Deno.test("RenderChatCompletion gives a template the messages, tools and variables of the request", async () => {
  const encoder = createEncoder(gpt2, { special: "all" });
  await withGrpc(async (client) => {
    const calls = [{ id: "a", type: "function", function: { name: "f", arguments: '{"x": [1]}' } }, {
      id: "b",
      function: { name: "g", arguments: "" },
    }];
    const answer = await client.ask("RenderChatCompletion", {
      modelName: "org/gpt2",
      messages: [
        { role: "user", content: "Hello" },
        { role: "assistant", toolCallsJson: JSON.stringify(calls) },
        { role: "user", contentParts: [{ type: "text", text: "two" }, { type: "text", text: "parts" }] },
        { role: "user", content: "" },
      ],
      toolsJson: '[{"type": "function"}]',
      chatTemplateKwargs: '{"enable_thinking": false}',
    });
    const expected = showAll([
      { role: "user", content: "Hello" },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "a", type: "function", function: { name: "f", arguments: { x: [1] } } },
          { id: "b", function: { name: "g", arguments: {} } },
        ],
      },
      { role: "user", content: "two\nparts" },
      { role: "user", content: "" },
    ], {
      addGenerationPrompt: true,
      tools: [{ type: "function" }],
      variables: { enable_thinking: false },
    });
    assert.equal(decodeText(gpt2, answer.tokenIds), expected);
    assert.deepEqual([...answer.tokenIds], [...encoder.encode(expected)]);
    assert.match(answer.requestId, /^chatcmpl-/);

    const messages = [{ role: "user", content: "a" }];
    const bare = showAll(messages, { addGenerationPrompt: false });
    const without = await client.ask("RenderChatCompletion", { messages, addGenerationPrompt: false });
    assert.deepEqual([...without.tokenIds], [...encoder.encode(bare)]);
    const conversationTurns = [{ messages }, { messages }];
    assert.deepEqual(
      await client.ask("RenderChatTemplate", { conversationTurns, addGenerationPrompt: true }),
      {
        renderedPrompt: showAll([...messages, ...messages], { addGenerationPrompt: true }),
        success: true,
        errorMessage: "",
      },
    );
  }, { renderChat: showAll });
});

Deno.test("InitializeTokenizer compares the name of the model", async () => {
  await withGrpc(async (client) => {
    for (const modelName of ["org/gpt2", ""]) {
      const answer = await client.ask("InitializeTokenizer", { modelName, addGenerationPrompt: true });
      assert.deepEqual(answer, { success: true, errorMessage: "" });
    }
    const { success, errorMessage } = await client.ask("InitializeTokenizer", { modelName: "org/other" });
    assert.deepEqual([success, errorMessage], [
      false,
      'Cannot take a request for model "org/other": this is org/gpt2',
    ]);
  });
});

Deno.test("serveTokenizerGrpc() answers what is wrong by one status and sentence each, and keeps the connection", async () => {
  const user = { role: "user", content: "a" };
  await withGrpc(
    async (client) => {
      const cases: [
        code: number,
        details: RegExp,
        method: Parameters<GrpcClient["ask"]>[0],
        fields: object,
      ][] = [
        [STATUS.INVALID_ARGUMENT, /this is org\/gpt2/, "Tokenize", { input: "a", modelName: "x" }],
        [STATUS.RESOURCE_EXHAUSTED, /larger than max/, "Tokenize", { input: "a".repeat(5000) }],
        [STATUS.UNIMPLEMENTED, /./, "Absent", {}],
        [STATUS.INVALID_ARGUMENT, /tools_json: it is not JSON/, "RenderChatCompletion", {
          messages: [user],
          toolsJson: "[",
        }],
        [STATUS.INVALID_ARGUMENT, /JSON of another type/, "RenderChatCompletion", {
          messages: [user],
          toolsJson: "{}",
        }],
        [
          STATUS.INVALID_ARGUMENT,
          /chat_template_kwargs: it is JSON of another type/,
          "RenderChatCompletion",
          { messages: [user], chatTemplateKwargs: "[]" },
        ],
        [STATUS.UNIMPLEMENTED, /with chat_template: it is not built/, "RenderChatCompletion", {
          chatTemplate: "{{",
        }],
        [STATUS.UNIMPLEMENTED, /continue_final_message/, "RenderChatCompletion", {
          continueFinalMessage: true,
        }],
        [STATUS.UNIMPLEMENTED, /with tools/, "RenderChatTemplate", { tools: [{ value: "" }] }],
        [STATUS.UNIMPLEMENTED, /with images/, "RenderChatCompletion", {
          messages: [{ role: "user", contentParts: [{ type: "image_url", imageUrl: { url: "data:" } }] }],
        }],
        [STATUS.INVALID_ARGUMENT, /arguments of a tool call: it is not JSON/, "RenderChatCompletion", {
          messages: [{ role: "a", toolCallsJson: '[{"function":{"arguments":"{"}}]' }],
        }],
      ];
      for (const [code, details, method, fields] of cases) {
        const answer = await client.ask(method, fields);
        assert.deepEqual([answer.code, details.test(answer.details)], [code, true], JSON.stringify(answer));
      }
      const malformed: [bytes: number[], details: RegExp][] = [
        [[0x0a, 5, 65], /breaks off near byte 2/],
        [[0x0a, 1, 0xff], /is not UTF-8/],
        [[0x0b], /wire type 3/],
        [[0x08, 1], /wire type 0/],
        [[0x80], /number breaks off/],
      ];
      for (const [bytes, details] of malformed) {
        const answer = await client.send(Uint8Array.from(bytes));
        assert.deepEqual(
          [answer.code, details.test(answer.details)],
          [STATUS.INVALID_ARGUMENT, true],
          answer.details,
        );
      }
      assert.deepEqual([...(await client.ask("Tokenize", { input: "a" })).inputIds], [64]);
    },
    { renderChat: showAll },
    { maxMessageBytes: 4096 },
  );
  await withGrpc(async (client) => {
    const answer = await client.ask("RenderChatCompletion", { messages: [user] });
    assert.deepEqual([answer.code, /no chat template/.test(answer.details)], [STATUS.INVALID_ARGUMENT, true]);
  });
});

Deno.test("serveTokenizerGrpc() shows a defect without its details", async () => {
  const defects: unknown[] = [];
  const renderChat = () => {
    throw new TypeError("a secret");
  };
  await withGrpc(
    async (client) => {
      const { code, details } = await client.ask("RenderChatCompletion", { messages: [] });
      assert.deepEqual([code, details.includes("secret")], [STATUS.INTERNAL, false]);
    },
    { renderChat },
    { onDefect: (error) => void defects.push(String(error)) },
  );
  assert.deepEqual(defects, ["TypeError: a secret"]);
});

Deno.test("decodeMessage() refuses any malformed bytes by one error, and reads what encodeMessage() writes", () => {
  const service = { name: "a" } as unknown as TokenizerService;
  const shapes = Object.values(tokenizationMethods(service)).map(({ request }) => request);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...shapes), (bytes, shape) => {
      try {
        decodeMessage(bytes, shape);
      } catch (error) {
        assert(error instanceof OnpathError && error.code === "file", String(error));
      }
    }),
    { numRuns: 20_000 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.boolean(), (written, isSet) => {
    const bytes = encodeMessage([[1, written], [2, isSet]]);
    const expected = { ...(written !== "" && { text: written }), ...(isSet && { flag: true }) };
    assert.deepEqual(decodeMessage(bytes, { 1: ["text", "text"], 2: ["flag", "bool"] }), expected);
  }));
});

const hasNode = (() => {
  try {
    execFileSync("node", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "serveTokenizerGrpc() gives the same ids under Node, and ends there",
  ignore: !hasNode,
  fn: async () => {
    const main = await bundleForNode(new URL("grpc_node_main.ts", import.meta.url));
    const folder = mkdtempSync(join(tmpdir(), "onpath-"));
    const file = join(folder, "gpt2.vocab"), socket = join(folder, "grpc");
    try {
      writeFileSync(file, encodeVocabulary(gpt2));
      const child = spawn("node", [main, file, socket], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      await once(child.stdout, "data", { signal: AbortSignal.timeout(60_000) });
      const client = grpcClient(`unix:${socket}`);
      const encoder = createEncoder(gpt2, { special: "all" });
      for (const input of texts()) {
        const { inputIds } = await client.ask("Tokenize", { input });
        assert.deepEqual([...inputIds], [...encoder.encode(input)]);
      }
      assert.equal(
        (await client.ask("Tokenize", { input: "a", modelName: "x" })).code,
        STATUS.INVALID_ARGUMENT,
      );
      // First the client: Deno's nghttp2 may abort the process where a server of Node ends an open connection.
      client.close();
      child.stdin.end();
      const [code] = await once(child, "close");
      assert.deepEqual([code, existsSync(socket)], [0, false]);
    } finally {
      rmSync(main);
      rmSync(folder, { recursive: true });
    }
  },
});
