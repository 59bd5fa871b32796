import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { offloadAll } from "../support/cli.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What `offload serve --json` prints once it serves. */
interface Served {
  readonly url: string;
  readonly models: readonly { readonly name: string; readonly device: string }[];
}

/** Runs `offload serve` with the pipeline of the examples during `use`, and returns its exit code after SIGTERM. */
async function serving(
  options: readonly string[],
  environment: Record<string, string>,
  use: (served: Served) => Promise<void>,
): Promise<number | null> {
  const args = ["run", "-A", "--quiet", "--no-check", "scripts/offload.ts", "serve"];
  const model = ["--pipeline", "examples/pipeline.json", "--shape", "48,64,3", "--port", "0", "--json"];
  const child = spawn(Deno.execPath(), [...args, ...model, ...options], {
    cwd: ROOT,
    env: { ...Deno.env.toObject(), ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const started = new Promise<Served>((resolve) => {
    let text = "";
    child.stdout!.on("data", (part: Uint8Array) => {
      text += new TextDecoder().decode(part);
      if (text.endsWith("}\n")) resolve(JSON.parse(text));
    });
  });
  try {
    await use(await started);
  } finally {
    // Not child.kill(), after which Deno reports the signal in place of the exit code.
    Deno.kill(child.pid!, "SIGTERM");
  }
  return await ended;
}

const PIXELS = Uint8Array.from({ length: 48 * 64 * 3 }, (_, at) => (at * 7919) & 255);

/** Sends the pixels, and returns the bytes of the tensor. */
async function infer(url: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  const answer = await fetch(`${url}/v2/models/image/infer`, {
    method: "POST",
    headers: { "Inference-Header-Content-Length": "0", ...headers },
    body: PIXELS,
  });
  assert.equal(answer.status, 200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return bytes.slice(Number(answer.headers.get("Inference-Header-Content-Length")));
}

Deno.test("offload serve runs images on the cpu device or a named one, and ends with exit code 0", async () => {
  const tensors: Uint8Array[] = [];
  for (const [device, options] of [["cpu", []], ["rtl", ["--device", "rtl"]]] as const) {
    const code = await serving(options, {}, async ({ url, models }) => {
      assert.deepEqual(models.map(({ name, device }) => [name, device]), [["image", device]]);
      tensors.push(await infer(url));
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.match(metrics, /^onpath_requests_total\{model="image",outcome="ok"\} 1$/m);
    });
    assert.equal(code, 0);
  }
  assert.equal(tensors[0]!.length, 3 * 224 * 224 * 4);
  assert.deepEqual(tensors[0], tensors[1]);
});

Deno.test("offload serve --otel exports a span to a collector, as a child of the caller's", async () => {
  const { promise: exported, resolve } = Promise.withResolvers<string>();
  const collector = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const text = await request.text();
    if (new URL(request.url).pathname === "/v1/traces" && text.includes("infer image")) resolve(text);
    return Response.json({});
  });
  const environment = {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
    OTEL_BSP_SCHEDULE_DELAY: "50",
  };
  const trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331";
  try {
    const code = await serving(["--otel"], environment, async ({ url }) => {
      await infer(url, { traceparent: `00-${trace}-${parent}-01` });
      const { resourceSpans } = JSON.parse(await exported);
      const spans = resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: unknown[] }[] }) =>
        scopeSpans.flatMap(({ spans }) => spans)
      );
      const span = spans.find(({ name }: { name: string }) => name === "infer image");
      assert.deepEqual([span.traceId, span.kind, span.status.code], [trace, 2, 1]);
      const attributes = Object.fromEntries(
        span.attributes.map(({ key, value }: { key: string; value: Record<string, unknown> }) => [
          key,
          Object.values(value)[0],
        ]),
      );
      assert.equal(Number(attributes["onpath.items"]), 1);
      assert.match(span.parentSpanId, /^[0-9a-f]{16}$/);
    });
    assert.equal(code, 0);
  } finally {
    await collector.shutdown();
  }
});

Deno.test("offload serve refuses options without a model, and those that contradict each other", async () => {
  const both = ["--pipeline", "examples/pipeline.json", "--shape", "48,64,3", "--vocab", "r50k_base"];
  const ends = await offloadAll(ROOT, [
    ["serve", "--json"],
    ["serve", "--pipeline", "examples/pipeline.json", "--json"],
    ["serve", ...both, "--name", "x", "--json"],
    ["serve", ...both, "--predictor", "http://127.0.0.1:1/v2/models/x", "--json"],
  ]);
  assert.deepEqual(ends.map(({ code }) => code), [2, 2, 2, 2]);
  const wanted = [
    /expected --pipeline/,
    /go together/,
    /--name names one model/,
    /--predictor stands behind/,
  ];
  ends.forEach(({ stderr }, at) => assert.match(stderr, wanted[at]!));
});

Deno.test("offload serve and tokenizer serve end where the port is taken or the socket cannot be made", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  try {
    // All run in one process, which would stay if any of them left a timer or a listener.
    const ends = await offloadAll(ROOT, [
      // The port is taken before anything is read.
      ["serve", "--pipeline", "nosuch.json", "--shape", "48,64,3", "--port", `${port}`],
      ["tokenizer", "serve", "--vocab", "nosuch.vocab", "--port", `${port}`],
      ["tokenizer", "serve", "--vocab", "r50k_base", "--socket", "README.md"],
      ["tokenizer", "serve", "--vocab", "r50k_base", "--port", "0", "--grpc", "unix:README.md"],
      ["tokenizer", "serve", "--vocab", "r50k_base", "--port", "0", "--socket", "x"],
    ]);
    const wanted = [
      [1, new RegExp(`^error: Cannot listen on port ${port} of 127.0.0.1: another program listens there\n$`)],
      [1, new RegExp(`^error: Cannot listen on port ${port} of 127.0.0.1: another program listens there\n$`)],
      [1, /^error: Cannot listen on socket README\.md: a file that is no socket is there\n$/],
      [1, /^error: Cannot listen on socket README\.md: a file that is no socket is there\n$/],
      [2, /'--socket <path>' cannot be used with option '--port <number>'/],
    ] as const;
    ends.forEach(({ code, stderr }, at) => {
      assert.equal(code, wanted[at]![0]);
      assert.match(stderr, wanted[at]![1]);
    });
  } finally {
    other.close();
  }
});
