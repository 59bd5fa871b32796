/** The tokenizer service: the shapes of vLLM, prompts that grow, limits, Unix sockets, and the end. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { get_encoding } from "tiktoken";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import type { HttpOptions, HttpServer } from "../../../runtime/serve/http_server.ts";
import type { InferenceHandler } from "../../../runtime/serve/handler_types.ts";
import { serve } from "../../../runtime/serve/server.ts";
import { serveTokenizer } from "../../../runtime/serve/tokenizer_server.ts";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";
import type { TokenizerService, TokenizerServiceOptions } from "../../../runtime/serve/tokenizer_types.ts";
import { createPrometheus } from "../../../scripts/serve/prometheus.ts";
import { refusal } from "../../support/failure.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";

const gpt2: Vocabulary = await vocabulary("gpt2");
const bert: Vocabulary = await vocabulary("bert");

/** Answer of a server. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // deno-lint-ignore no-explicit-any -- a test reads any field
  readonly json: any;
}

/** Sends a request to a port or a socket. */
function ask(server: HttpServer, method: string, path: string, body?: unknown): Promise<Answer> {
  const at = server.port === 0 ? { socketPath: server.url.slice("unix:".length) } : { port: server.port };
  return new Promise((resolve, reject) => {
    const sent = request({ ...at, method, path, agent: false }, async (response) => {
      const parts: Uint8Array[] = [];
      for await (const part of response) parts.push(part);
      const text = new TextDecoder().decode(await new Blob(parts as BlobPart[]).arrayBuffer());
      resolve({
        status: response.statusCode!,
        headers: response.headers,
        json: /^[{[]/.test(text) ? JSON.parse(text) : text,
      });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : body instanceof Uint8Array ? body : JSON.stringify(body));
  });
}

/** Runs a test with a server. */
async function withTokenizer(
  test: (server: HttpServer, service: TokenizerService) => Promise<void>,
  options: Partial<TokenizerServiceOptions> = {},
  http: HttpOptions = { port: 0 },
): Promise<void> {
  const service = createTokenizerService({ vocabulary: gpt2, ...options });
  const server = await serveTokenizer(service, http);
  try {
    await test(server, service);
  } finally {
    await server.close();
  }
}

/** Runs a test with a folder. */
async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "onpath-"));
  try {
    await test(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

Deno.test("serveTokenizer() answers /tokenize, /detokenize and /count in the shapes of vLLM", async () => {
  await withTokenizer(async (server) => {
    const prompt = "Hello, world! ’s<|endoftext|>";
    const tokens = [...createEncoder(gpt2, { special: "all" }).encode(prompt)];
    const { status, json } = await ask(server, "POST", "/tokenize", {
      model: "gpt2",
      prompt,
      return_token_strs: true,
    });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json).sort(), ["count", "max_model_len", "token_strs", "tokens"]);
    assert.deepEqual([json.tokens, json.count, json.max_model_len], [tokens, tokens.length, 1024]);
    assert.deepEqual(json.token_strs.slice(0, 3), ["Hello", ",", " world"]);
    assert.deepEqual((await ask(server, "POST", "/detokenize", { tokens })).json, { prompt });
    assert.deepEqual((await ask(server, "POST", "/count", { prompt })).json, {
      count: tokens.length,
      max_model_len: 1024,
    });
    assert.deepEqual((await ask(server, "GET", "/health")).status, 200);
  }, { maxModelLength: 1024 });
});

Deno.test("TokenizerService.tokenize() adds special tokens to a prompt, and not to a chat, by default", async () => {
  await using service = createTokenizerService({
    vocabulary: bert,
    renderChat: (messages, { addGenerationPrompt }) =>
      messages.map(({ content }) => content).join(" ") + (addGenerationPrompt ? " so" : ""),
  });
  const { before, after } = bert.around;
  const plain = (await service.tokenize({ prompt: "hello you so", add_special_tokens: false })).tokens!;
  assert.deepEqual((await service.tokenize({ prompt: "hello you so" })).tokens, [
    ...before,
    ...plain,
    ...after,
  ]);
  const messages = [{ role: "user", content: "hello" }, { role: "user", content: "you" }];
  assert.deepEqual((await service.tokenize({ messages })).tokens, plain);
  assert.equal((await service.count({ messages, add_generation_prompt: false })).count, plain.length - 1);
  assert.equal((await service.count({ messages, add_special_tokens: true })).count, plain.length + 2);
  await assert.rejects(service.tokenize({}), refusal("pipeline", /either a prompt or messages/));
  await assert.rejects(
    service.tokenize({ prompt: "a", model: "other" }),
    refusal("pipeline", /this is bert/),
  );
});

for (const around of [false, true]) {
  Deno.test(`serveTokenizer() grows a prompt by its new text alone${around ? ", between [CLS] and [SEP]" : ""}`, async () => {
    const made = around ? bert : gpt2;
    await withTokenizer(async (server, service) => {
      const encoder = createEncoder(made, { special: "all", around });
      let text = "The first turn of a chat is short.";
      const { json: opened } = await ask(server, "POST", "/sessions", {
        prompt: text,
        add_special_tokens: around,
      });
      const path = `/sessions/${opened.session}`;
      let tokens: number[] = opened.tokens;
      for (let turn = 0; turn < 20; turn++) {
        const append = ` Turn ${turn} asks for more, doesn't it?\n`;
        const { status, json } = await ask(server, "POST", path, {
          append,
          at: new TextEncoder().encode(text).length,
        });
        assert.equal(status, 200);
        assert(json.encoded_bytes < 4 * append.length, `${json.encoded_bytes} bytes for ${append.length}`);
        text += append;
        tokens = [...tokens.slice(0, json.kept), ...json.tokens];
        assert.deepEqual(tokens, [...encoder.encode(text)]);
        assert.equal(json.count, tokens.length);
        assert(json.final <= tokens.length);
      }
      assert.deepEqual((await ask(server, "GET", path)).json.tokens, tokens);
      assert.equal(service.stats().sessions, 1);
      assert.deepEqual((await ask(server, "DELETE", path)).json, { session: opened.session });
      assert.deepEqual([(await ask(server, "GET", path)).status, service.stats().sessions], [404, 0]);
    }, { vocabulary: made });
  });
}

Deno.test("a chat of 50 turns encodes less than a twentieth of its prompts' bytes, with tiktoken's ids", async () => {
  const made = await vocabulary("cl100k_base");
  const peer = get_encoding("cl100k_base");
  await using service = createTokenizerService({ vocabulary: made, special: "none" });
  const { session } = await service.open({ prompt: "" });
  let prompt = "", ids: number[] = [], prompts = 0, encoded = 0;
  for (let turn = 0; turn < 50; turn++) {
    const append = `user: In turn ${turn}, what's ${turn * 7919} + 12,345?  \n\nassistant: It's ${
      turn * 7919 + 12345
    }。\n`;
    prompt += append;
    const { kept, tokens, encoded_bytes } = await service.append(session, { append });
    ids = [...ids.slice(0, kept), ...tokens];
    assert.deepEqual(ids, [...peer.encode_ordinary(prompt)]);
    prompts += new TextEncoder().encode(prompt).length;
    encoded += encoded_bytes;
  }
  peer.free();
  assert.equal(service.stats().encodedBytes, encoded);
  assert(20 * encoded < prompts, `${encoded} bytes encoded, in place of ${prompts}`);
});

Deno.test("serveTokenizer() answers invalid requests by one clear error each, and keeps the session", async () => {
  await withTokenizer(async (server) => {
    const { json: { session, count } } = await ask(server, "POST", "/sessions", { prompt: "a b" });
    const path = `/sessions/${session}`;
    const cases: [status: number, error: RegExp, method: string, path: string, body?: unknown][] = [
      [400, /lone surrogate at index 2/, "POST", "/tokenize", { prompt: "ab\ud83d" }],
      [400, /lone surrogate at index 0/, "POST", path, { append: "\ude00" }],
      [
        400,
        /not JSON in UTF-8/,
        "POST",
        "/tokenize",
        Uint8Array.of(...new TextEncoder().encode('{"prompt":"'), 0xff, 0x22, 0x7d),
      ],
      [400, /not JSON in UTF-8/, "POST", "/count", new TextEncoder().encode("{")],
      [400, /request\.prompt/, "POST", "/tokenize", { prompt: 5 }],
      [400, /either a prompt or messages/, "POST", "/tokenize", { prompt: "a", messages: [] }],
      [400, /no chat template/, "POST", "/tokenize", { messages: [{ role: "user", content: "a" }] }],
      [400, /request\.tokens/, "POST", "/detokenize", { tokens: [1, "2"] }],
      [400, /id 999999/, "POST", "/detokenize", { tokens: [999999] }],
      [409, /at byte 2: its text has 3 bytes/, "POST", path, { append: "c", at: 2 }],
      [404, /session "none"/, "POST", "/sessions/none", { append: "c" }],
      [404, /nothing is at this path/, "POST", "/v1/tokenise", {}],
      [405, /expected POST/, "GET", "/tokenize"],
    ];
    for (const [status, error, method, target, body] of cases) {
      const answer = await ask(server, method, target, body);
      assert.deepEqual(
        [answer.status, error.test(answer.json.error)],
        [status, true],
        JSON.stringify([target, answer.json]),
      );
    }
    assert.equal((await ask(server, "GET", path)).json.count, count);
  });
});

Deno.test("createTokenizerService() bounds sessions and their text, and evicts idle ones only", async () => {
  let now = 0;
  const clock = { now: () => now, after: () => () => {} };
  await withTokenizer(async (server) => {
    const open = (prompt: string) => ask(server, "POST", "/sessions", { prompt });
    assert.equal((await open("é".repeat(5) + "a")).status, 413);
    const first = await open("a"), second = await open("é".repeat(5));
    assert.deepEqual([first.status, second.status], [200, 200]);
    assert.deepEqual(
      [(await open("é".repeat(5) + "a")).status],
      [429],
      "the number of sessions comes first",
    );
    assert.equal(
      (await ask(server, "POST", `/sessions/${second.json.session}`, { append: "a" })).status,
      413,
    );
    assert.equal((await ask(server, "POST", `/sessions/${second.json.session}`, { append: "" })).status, 200);
    const full = await open("b");
    assert.deepEqual([full.status, full.headers["retry-after"]], [429, "1"]);
    now = 1000;
    assert.equal((await ask(server, "POST", `/sessions/${second.json.session}`, { append: "" })).status, 200);
    assert.equal((await open("b")).status, 200);
    assert.equal((await ask(server, "GET", `/sessions/${first.json.session}`)).status, 404);
    assert.equal((await ask(server, "GET", `/sessions/${second.json.session}`)).status, 200);
  }, { maxSessions: 2, maxSessionBytes: 10, sessionIdleMs: 1000, clock });
});

Deno.test("TokenizerService refuses requests beyond its queue, and those after close()", async () => {
  const service = createTokenizerService({ vocabulary: gpt2, maxQueue: 2 });
  const asked = await Promise.allSettled(Array.from({ length: 5 }, () => service.count({ prompt: "a b" })));
  // One runs at once, and two are queued behind it.
  assert.deepEqual(asked.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "fulfilled",
    "rejected",
    "rejected",
  ]);
  assert.match(String((asked[4] as PromiseRejectedResult).reason), /2 of at most 2 items are queued/);
  const last = service.count({ prompt: "a b c" });
  await service.close();
  assert.equal((await last).count, 3);
  await assert.rejects(service.count({ prompt: "a" }), refusal("busy", /closing/));
  assert.throws(() => createTokenizerService({ vocabulary: gpt2, maxSessions: 0 }), refusal("size"));
});

Deno.test("serveTokenizer() takes other requests after a client that disconnects", async () => {
  const outcomes: string[] = [];
  await withTokenizer(async (server) => {
    const leave = async (body: string, length: number) => {
      const sent = request({
        port: server.port,
        method: "POST",
        path: "/tokenize",
        headers: { "Content-Length": length },
      });
      sent.on("error", () => {});
      await new Promise<void>((resolve) => sent.write(body, () => resolve()));
      sent.destroy();
    };
    await leave('{"prompt": "half a', 100_000);
    const whole = JSON.stringify({ prompt: "a b ".repeat(1000) });
    await leave(whole, whole.length);
    const { status, json } = await ask(server, "POST", "/count", { prompt: "a b" });
    assert.deepEqual([status, json.count], [200, 2]);
  }, { observer: { onRequest: ({ outcome }) => outcomes.push(outcome) } });
  assert(
    outcomes.includes("ok") && outcomes.every((outcome) => outcome === "ok" || outcome === "aborted"),
    outcomes.join(),
  );
});

Deno.test("serveTokenizer() listens on a Unix socket, and removes it at its end", async () => {
  await withFolder(async (folder) => {
    const socket = join(folder, "tokenizer.sock");
    await withTokenizer(
      async (server) => {
        assert.equal(server.url, `unix:${socket}`);
        assert.equal((await ask(server, "POST", "/count", { prompt: "a b" })).json.count, 2);
        const other = createTokenizerService({ vocabulary: gpt2 });
        await assert.rejects(
          serveTokenizer(other, { socket }),
          refusal("device", /another server listens there/),
        );
        assert.equal((await ask(server, "POST", "/count", { prompt: "a b" })).json.count, 2);
      },
      {},
      { socket },
    );
    assert.deepEqual([existsSync(socket), existsSync(`${socket}.onpath`)], [false, false]);
  });
});

Deno.test("serveTokenizer() replaces a stale socket of its own, and no other file", async () => {
  await withFolder(async (folder) => {
    const serve = (socket: string) =>
      serveTokenizer(createTokenizerService({ vocabulary: gpt2 }), { socket });
    const file = join(folder, "file");
    writeFileSync(file, "kept");
    await assert.rejects(serve(file), refusal("device", /a file that is no socket is there/));
    assert(existsSync(file));
    await assert.rejects(serve(join(folder, "x".repeat(120))), refusal("device", /expected 1 to 107/));

    // A program that is killed leaves its socket.
    const stale = join(folder, "stale");
    const script = `(await import("node:net")).createServer().listen(${
      JSON.stringify(stale)
    }, () => process.kill(process.pid, "SIGKILL"))`;
    assert.throws(() => execFileSync(process.execPath, ["eval", script], { stdio: "ignore" }));
    assert(existsSync(stale));
    await assert.rejects(serve(stale), refusal("device", /a socket of another program is there/));
    assert(existsSync(stale));
    const { ino } = lstatSync(stale);
    writeFileSync(`${stale}.onpath`, String(ino));
    const server = await serve(stale);
    assert.equal((await ask(server, "POST", "/count", { prompt: "a b" })).json.count, 2);
    await server.close();
    assert.equal(existsSync(stale), false);
    const foreign = createServer();
    await new Promise<void>((resolve) => foreign.listen(stale, resolve));
    await assert.rejects(serve(stale), refusal("device", /another server listens/));
    await new Promise((resolve) => foreign.close(resolve));
  });
});

Deno.test("createPrometheus() shows requests, sessions and bytes of a tokenizer", async () => {
  const metrics = createPrometheus({ process: false });
  await withTokenizer(
    async (server, service) => {
      metrics.watch(service);
      metrics.watchTokenizer(service);
      await ask(server, "POST", "/sessions", { prompt: "a b" });
      await ask(server, "POST", "/tokenize", { prompt: "é" });
      const { status, json } = await ask(server, "GET", "/metrics");
      assert.equal(status, 200);
      for (
        const line of ['onpath_requests_total{model="gpt2",outcome="ok"} 2', "onpath_tokenizer_sessions 1"]
      ) {
        assert(String(json).includes(line), json);
      }
      assert.match(String(json), /onpath_tokenizer_encoded_bytes_total [5-7]\n/);
    },
    { observer: metrics.observer },
    { port: 0, metrics: metrics.source },
  );
});

Deno.test("createTokenizerService(), serveTokenizer() and serve() refuse wrong arguments in one sentence", async () => {
  const create = createTokenizerService as (options: unknown) => TokenizerService;
  for (
    const [options, code, message] of [
      [
        undefined,
        "size",
        /Cannot create a tokenizer service: the options are undefined, expected an object$/,
      ],
      [{}, "table", /Cannot use a vocabulary that is undefined/],
      [
        { vocabulary: gpt2, renderChat: "template" },
        "size",
        /renderChat is of type string, expected a function$/,
      ],
      [{ vocabulary: gpt2, maxModelLength: -1 }, "size", /maximum length of a model/],
    ] as const
  ) assert.throws(() => create(options), refusal(code, message));
  for (const value of [undefined, {}, []]) {
    await assert.rejects(
      serveTokenizer(value as unknown as TokenizerService, { port: 0 }),
      refusal("size", /Cannot serve a value that is .*: expected what createTokenizerService\(\) makes$/),
    );
    await assert.rejects(
      serve(value as unknown as InferenceHandler, { port: 0 }),
      refusal("size", /Cannot serve a value that is .*: expected what createHandler\(\) makes$/),
    );
  }
});
