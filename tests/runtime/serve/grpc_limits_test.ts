/** Limits of the gRPC server: deadlines, cancelled calls, queues, connections, sockets, hostile clients and the end. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http2 from "node:http2";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { STATUS } from "../../../runtime/serve/grpc_status.ts";
import { type GrpcServer, serveTokenizerGrpc } from "../../../runtime/serve/tokenizer_grpc.ts";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";
import type { TokenizerService } from "../../../runtime/serve/tokenizer_types.ts";
import { createPrometheus } from "../../../scripts/serve/prometheus.ts";
import { refusal } from "../../support/failure.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";
import { grpcClient, withGrpc } from "./grpc_client.ts";

const gpt2 = await vocabulary("gpt2");

/** A service whose calls end when the test ends them. */
function heldService(service: TokenizerService) {
  const waits: { signal: AbortSignal; timeoutMs: number; end: () => void }[] = [];
  const count: TokenizerService["count"] = (_, wait) =>
    new Promise((resolve, reject) => {
      const { signal, timeoutMs } = wait as { signal: AbortSignal; timeoutMs: number };
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      waits.push({ signal, timeoutMs, end: () => resolve({ count: 0, max_model_len: null }) });
    });
  return { service: { ...service, count }, waits };
}

/** Waits until a condition holds, for at most a minute. */
async function until(holds: () => boolean): Promise<void> {
  for (let count = 0; count < 6000; count++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert(holds());
}

Deno.test("serveTokenizerGrpc() passes deadlines and cancelled calls on, and finishes what runs at its end", async () => {
  const folder = mkdtempSync(join(tmpdir(), "onpath-"));
  const metrics = createPrometheus({ process: false });
  const { service, waits } = heldService(
    createTokenizerService({ vocabulary: gpt2, observer: metrics.observer }),
  );
  const server = await serveTokenizerGrpc(service, { socket: join(folder, "grpc") });
  const client = grpcClient(server.url);
  try {
    const cancel = new AbortController();
    const cancelled = client.ask("InitializeTokenizer", {}, { signal: cancel.signal });
    await until(() => waits.length === 1);
    assert(waits[0]!.timeoutMs > 50_000 && waits[0]!.timeoutMs <= 60_000, String(waits[0]!.timeoutMs));
    cancel.abort();
    assert.equal((await cancelled).code, STATUS.CANCELLED);
    await until(() => waits[0]!.signal.aborted);
    assert.equal(
      (await client.ask("InitializeTokenizer", {}, { deadline: Date.now() + 50 })).code,
      STATUS.DEADLINE_EXCEEDED,
    );
    await until(() => waits.every(({ signal }) => signal.aborted));

    const running = client.ask("InitializeTokenizer", {});
    await until(() => waits.length === 3);
    const closed = server.close();
    const late = await client.ask("Tokenize", { input: "a" }, { deadline: Date.now() + 5000 });
    assert([STATUS.UNAVAILABLE, STATUS.DEADLINE_EXCEEDED].includes(late.code), JSON.stringify(late));
    waits[2]!.end();
    assert.equal((await running).success, true);
    await closed;
    const text = await metrics.source.text();
    for (const [status, count] of [["OK", 1], ["CANCELLED", 2]]) {
      const line = `onpath_grpc_responses_total{method="InitializeTokenizer",status="${status}"} ${count}`;
      assert(text.includes(line), text);
    }
  } finally {
    client.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
});

Deno.test("serveTokenizerGrpc() answers many calls of many clients at once, each with its own ids", async () => {
  await withGrpc(async (_, server) => {
    const clients = Array.from({ length: 4 }, () => grpcClient(server.url));
    const encoder = createEncoder(gpt2);
    const answers = await Promise.all(
      Array.from(
        { length: 200 },
        (_, at) => clients[at % 4]!.ask("RenderCompletion", { prompt: `call ${at}` }),
      ),
    );
    for (const [at, { tokenIds }] of answers.entries()) {
      assert.deepEqual([...tokenIds], [...encoder.encode(`call ${at}`)]);
    }
    for (const client of clients) client.close();
  });
});

Deno.test("serveTokenizerGrpc() refuses calls beyond the queue, and connections beyond their maximum", async () => {
  await withGrpc(async (client) => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => client.ask("Tokenize", { input: "a" })),
    );
    const codes = new Set(answers.map(({ code = STATUS.OK }) => code));
    assert(codes.has(STATUS.OK), [...codes].join());
    assert(
      [...codes].every((code) => code === STATUS.OK || code === STATUS.RESOURCE_EXHAUSTED),
      [...codes].join(),
    );
  }, { maxQueue: 2 });
  await withGrpc(
    async (client, server) => {
      assert.equal((await client.ask("Tokenize", { input: "a" })).success, true);
      const second = connect(server.url.slice("unix:".length));
      second.on("error", () => {});
      await once(second, "close");
      assert.equal((await client.ask("Tokenize", { input: "a" })).success, true);
    },
    {},
    { maxConnections: 1 },
  );
  await withGrpc(
    async (client) => {
      const { code, details } = await client.ask("Tokenize", { input: "a".repeat(100) });
      assert.deepEqual([code, /bytes of bodies are held/.test(details)], [STATUS.UNAVAILABLE, true]);
      assert.equal((await client.ask("Tokenize", { input: "a".repeat(60) })).success, true);
    },
    {},
    { maxBufferedBytes: 64 },
  );
});

Deno.test("serveTokenizerGrpc() outlives clients that send no HTTP/2, stall or vanish", async () => {
  await withGrpc(
    async (client, server) => {
      const path = server.url.slice("unix:".length);
      const junk = connect(path);
      junk.on("error", () => {});
      junk.resume();
      junk.end("GET / HTTP/1.1\r\n\r\n");
      await once(junk, "close");
      const vanishing = connect(path);
      vanishing.on("error", () => {});
      await once(vanishing, "connect");
      vanishing.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      vanishing.destroy();
      assert.equal((await client.ask("Tokenize", { input: "a" })).success, true);

      const session = http2.connect("http://localhost", { createConnection: () => connect(path) });
      const stalled = session.request({
        ":method": "POST",
        ":path": "/tokenization.TokenizationService/Tokenize",
        "content-type": "application/grpc",
        te: "trailers",
      });
      stalled.write(Uint8Array.of(0, 0, 0, 0, 9, 10));
      const [head] = await once(stalled, "response");
      assert.deepEqual(
        [head["grpc-status"], /did not arrive in 200 ms/.test(decodeURI(head["grpc-message"]))],
        [String(STATUS.DEADLINE_EXCEEDED), true],
      );
      session.destroy();
      assert.equal((await client.ask("Tokenize", { input: "a" })).success, true);
    },
    {},
    { receiveTimeoutMs: 200 },
  );
});

Deno.test("serveTokenizerGrpc() leaves a socket that is in use and a file that is none", async () => {
  const folder = mkdtempSync(join(tmpdir(), "onpath-"));
  const serve = (socket: string) =>
    serveTokenizerGrpc(createTokenizerService({ vocabulary: gpt2 }), { socket });
  try {
    const path = join(folder, "used");
    const other = createServer().listen(path);
    await once(other, "listening");
    await assert.rejects(serve(path), refusal("device", /another server listens there/));
    other.close();
    writeFileSync(join(folder, "file"), "kept");
    await assert.rejects(serve(join(folder, "file")), refusal("device", /a file that is no socket/));
    const wrong = serveTokenizerGrpc as (service: unknown, options: unknown) => Promise<GrpcServer>;
    await assert.rejects(
      wrong({}, { socket: path }),
      refusal("size", /what createTokenizerService\(\) makes/),
    );
    await assert.rejects(wrong(createTokenizerService({ vocabulary: gpt2 }), {}), refusal("size", /socket/));
    await assert.rejects(
      wrong(createTokenizerService({ vocabulary: gpt2 }), { socket: path, maxMessageBytes: 0 }),
      refusal("size"),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("serveTokenizerGrpc() refuses a socket that is no string", async () => {
  const service = { encode: () => {} } as unknown as TokenizerService;
  for (const socket of [undefined, 5, null]) {
    await assert.rejects(
      serveTokenizerGrpc(service, { socket } as never),
      refusal("size", /^Cannot serve a tokenizer by gRPC: socket is .+, expected a string$/),
    );
  }
});
