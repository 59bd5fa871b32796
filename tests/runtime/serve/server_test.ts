import assert from "node:assert/strict";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { offload } from "../../../runtime/offload.ts";
import { requestInference } from "../../../runtime/serve/client.ts";
import { createHandler } from "../../../runtime/serve/handler.ts";
import { serve } from "../../../runtime/serve/server.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { refusal } from "../../support/failure.ts";
import {
  ask,
  heldModel,
  IMAGE_BYTES,
  imageOf,
  imageTensor,
  numbersBody,
  post,
  SHAPE,
  smallModel,
  smallPlan,
  withServer,
  writeRaw,
} from "./helpers.ts";

Deno.test("serve() gives the values of a library call, as JSON, as binary data, and for a body of pixels", async () => {
  const image = imageOf(5);
  await using device = createModelDevice();
  const { output } = await offload(
    smallPlan(),
    tensor(image, { dtype: "u8", shape: SHAPE, layout: "HWC" }),
    device,
  );
  await withServer([smallModel()], async (server) => {
    const input = { name: "image", datatype: "UINT8", shape: SHAPE, data: [...image] };
    const { status, json, headers } = await post(
      server,
      "small",
      JSON.stringify({ id: "q", inputs: [input] }),
    );
    assert.equal(status, 200);
    assert.match(headers.get("content-type")!, /^application\/json/);
    assert.deepEqual(json, {
      model_name: "small",
      model_version: "1",
      id: "q",
      outputs: [{ name: "output", datatype: "FP32", shape: [3, 8, 8], data: [...output.data] }],
    });
    const { outputs: [binary], id } = await requestInference(`${server.url}/v2/models/small`, {
      id: "b",
      inputs: [imageTensor(image)],
    });
    assert.deepEqual([id, binary!.shape, binary!.data], ["b", [3, 8, 8], output.data]);
    const raw = await fetch(`${server.url}/v2/models/small/versions/1/infer`, {
      method: "POST",
      headers: { "Inference-Header-Content-Length": "0" },
      body: image,
    });
    const bytes = new Uint8Array(await raw.arrayBuffer());
    const head = Number(raw.headers.get("inference-header-content-length"));
    assert.equal(raw.headers.get("content-type"), "application/octet-stream");
    assert.deepEqual(new Float32Array(bytes.slice(head).buffer), output.data);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes.subarray(0, head))).outputs[0].shape, [
      1,
      3,
      8,
      8,
    ]);
  });
});

Deno.test("serve() answers 64 clients at once, each with its own values, in batches", async () => {
  const sizes: number[] = [];
  const observer = { onBatch: ({ items }: { items: number }) => sizes.push(items) };
  await using device = createModelDevice();
  const plan = smallPlan();
  const wanted = await Promise.all(
    [...Array(8).keys()].map(async (seed) =>
      (await offload(plan, tensor(imageOf(seed), { dtype: "u8", shape: SHAPE, layout: "HWC" }), device))
        .output.data
    ),
  );
  await withServer([smallModel()], async (server) => {
    const url = `${server.url}/v2/models/small`;
    const clients = [...Array(64).keys()].map(async (client) => {
      for (let round = 0; round < 3; round++) {
        const seed = (client + round) % 8;
        const { outputs: [found] } = await requestInference(url, { inputs: [imageTensor(imageOf(seed))] });
        assert.deepEqual(found!.data, wanted[seed]);
      }
    });
    await Promise.all(clients);
    assert.equal(sizes.reduce((sum, size) => sum + size, 0), 192);
    assert(sizes.length < 192 && Math.max(...sizes) <= 16, `${sizes}`);
  }, { observer });
});

Deno.test("serve() refuses bad requests, each with its status and one sentence", async () => {
  await withServer([smallModel(), heldModel()], async (server) => {
    const cases: [path: string, init: RequestInit, status: number, error: RegExp][] = [
      [
        "v2/models/none/infer",
        { method: "POST", body: "{}" },
        404,
        /"none": it is unknown, expected small version 1, held/,
      ],
      ["v2/models/small/versions/9/infer", { method: "POST", body: "{}" }, 404, /"small" version "9"/],
      ["v2/models/none", {}, 404, /"none"/],
      ["v2/models/none/ready", {}, 404, /"none"/],
      ["", {}, 404, /nothing is at this path/],
      ["v2/models", {}, 404, /nothing is at this path/],
      ["v2/models/small/versions", {}, 404, /nothing is at this path/],
      ["metrics", {}, 404, /no metrics/],
      ["v2/models/%ff/infer", { method: "POST" }, 400, /percent encoding/],
      ["v2", { method: "POST", body: "{}" }, 405, /expected GET or HEAD/],
      ["v2/models/small/infer", {}, 405, /expected POST/],
      ["v2/models/small/infer", { method: "DELETE" }, 405, /expected POST/],
      ["v2/models/small/infer", { method: "POST" }, 400, /not JSON in UTF-8/],
      ["v2/models/small/infer", { method: "POST", body: "{" }, 400, /not JSON/],
      ["v2/models/small/infer", { method: "POST", body: "null" }, 400, /Cannot read request/],
      ["v2/models/small/infer", { method: "POST", body: "{}" }, 400, /request.inputs/],
      ["v2/models/small/infer", { method: "POST", body: '{"inputs":[]}' }, 400, /request.inputs/],
      [
        "v2/models/small/infer",
        { method: "POST", body: numbersBody(1) },
        400,
        /input "x" is unknown, expected image/,
      ],
      [
        "v2/models/small/infer",
        { method: "POST", body: "{}", headers: { "content-encoding": "gzip" } },
        415,
        /compressed/,
      ],
      [
        "v2/models/small/infer",
        { method: "POST", body: "{}", headers: { "inference-header-content-length": "3" } },
        400,
        /has 3 bytes by/,
      ],
      [
        "v2/models/small/infer",
        { method: "POST", body: "{}", headers: { "inference-header-content-length": "-1" } },
        400,
        /no whole number/,
      ],
      [
        "v2/models/small/infer",
        { method: "POST", body: "ab", headers: { "inference-header-content-length": "0" } },
        400,
        /multiple of 2304/,
      ],
    ];
    for (const [path, init, status, error] of cases) {
      const answer = await fetch(`${server.url}/${path}`, init);
      const json = await answer.json();
      const what = `${init.method ?? "GET"} ${path} ${init.body ?? ""}`;
      assert.equal(answer.status, status, `${what}: ${JSON.stringify(json)}`);
      assert.deepEqual(Object.keys(json), ["error"], what);
      assert.match(json.error, error, what);
      assert.match(json.error, /^Cannot [^\n]+$/, what);
      if (status === 405) assert(answer.headers.get("allow"), what);
    }
  });
});

Deno.test("serve() answers health and readiness by the handler's state", async () => {
  const model = heldModel();
  let startModel!: () => void;
  const starts = new Promise<void>((resolve) => startModel = resolve);
  let listens!: () => void;
  const listening = new Promise<void>((resolve) => listens = resolve);
  const start = () => {
    listens();
    return starts;
  };
  const handler = createHandler({ models: [{ ...model, start }] });
  const port = await freePort();
  const opening = serve(handler, { port });
  await listening;
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
    return [answer.status, await answer.json()];
  };
  assert.deepEqual(await get("v2/health/live"), [200, { live: true }]);
  assert.deepEqual(await get("v2/health/ready"), [503, { live: true, ready: false }]);
  assert.deepEqual(await get("v2/models/held/ready"), [503, { name: "held", ready: false }]);
  const early = await fetch(`http://127.0.0.1:${port}/v2/models/held/infer`, {
    method: "POST",
    body: numbersBody(1),
  });
  assert.deepEqual([early.status, early.headers.get("retry-after")], [503, "1"]);
  await early.body?.cancel();
  startModel();
  const server = await opening;
  assert.deepEqual(await get("v2/health/ready"), [200, { live: true, ready: true }]);
  assert.deepEqual(await get("v2/models/held/versions/1/ready/"), [200, { name: "held", ready: true }]);
  assert.deepEqual(await get("v2?x=1"), [200, {
    name: "onpath",
    version: "0",
    extensions: ["binary_tensor_data"],
  }]);
  await server.close();
});

/** Port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = await serve(createHandler({ models: [] }), { port: 0 });
  await server.close();
  return server.port;
}

Deno.test("serve() names a port that is taken, and ends where a model cannot start", async () => {
  await withServer([heldModel()], async ({ port }) => {
    const other = createHandler({ models: [heldModel()] });
    await assert.rejects(serve(other, { port }), refusal("device", new RegExp(`listen on port ${port}`)));
  });
  const model = heldModel();
  const broken = createHandler({
    models: [{ ...model, start: () => Promise.reject(new OnpathError("table", "Cannot load")) }],
  });
  await assert.rejects(serve(broken, { port: 0 }), refusal("table", /Cannot load/));
});

Deno.test("serve() hides the message of a defect, and reports the defect", async () => {
  const defects: unknown[] = [];
  const model = { ...heldModel(), run: () => Promise.reject(new TypeError("secret is undefined")) };
  const handler = createHandler({ models: [model] });
  await using server = await serve(handler, { port: 0, onDefect: (error) => defects.push(error) });
  const { status, json } = await post(server, "held", numbersBody(1));
  assert.deepEqual([status, json], [500, {
    error: "Cannot answer: the server has a defect, its log has the details",
  }]);
  assert(defects[0] instanceof TypeError);
  const { json: device } = await post(server, "held", "[]");
  assert.match(String(device["error"]), /^Cannot read request/);
});

Deno.test("serve() answers HEAD without a body, and what is not HTTP with 400 or 431", async () => {
  await withServer([heldModel()], async (server) => {
    const head = await ask(`${server.url}/v2/health/live`, { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
    assert.match(
      await writeRaw(server.port, "\0\x01\x02\r\n\r\n"),
      // Without Retry-After, which asks for the same request again.
      /^HTTP\/1.1 400 (?!.*Retry-After).*Cannot read a request/s,
    );
    const both =
      "POST /v2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert.match(await writeRaw(server.port, both), /^HTTP\/1.1 400 /);
    const long = `GET /v2 HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n\r\n`;
    assert.match(await writeRaw(server.port, long), /^HTTP\/1.1 4(00|31) /);
  });
});

Deno.test("serve() gives metrics as text", async () => {
  const metrics = { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("up 1\n") };
  await withServer([heldModel()], async (server) => {
    const answer = await fetch(`${server.url}/metrics`);
    assert.deepEqual([answer.status, answer.headers.get("content-type"), await answer.text()], [
      200,
      metrics.contentType,
      "up 1\n",
    ]);
  }, { metrics });
});

Deno.test("serve() passes the context of the headers to the span", async () => {
  const contexts: unknown[] = [];
  const span = { setAttribute() {}, recordException() {}, setStatus() {}, end() {} };
  const tracer = { startSpan: (_: string, __: unknown, context: unknown) => (contexts.push(context), span) };
  await withServer([smallModel()], async (server) => {
    await post(server, "small", new Uint8Array(IMAGE_BYTES - 1), { "inference-header-content-length": "0" });
    const headers = { "inference-header-content-length": "0", traceparent: "00-1-2-01" };
    const answer = await fetch(`${server.url}/v2/models/small/infer`, {
      method: "POST",
      body: imageOf(1),
      headers,
    });
    await answer.arrayBuffer();
    assert.deepEqual(contexts, ["00-1-2-01"]);
  }, { tracer, contextOf: (headers) => headers["traceparent"] });
});

Deno.test("serve() sends elements that are the same bytes as often as a model returns them", async () => {
  const same = new TextEncoder().encode("same");
  const model = {
    ...heldModel("texts"),
    outputs: [{ name: "y", datatype: "BYTES" as const, shape: [-1] }],
    begin: () => ({
      items: [1],
      join:
        () => [{ name: "y", datatype: "BYTES" as const, shape: [3], data: [same, new Uint8Array(1), same] }],
    }),
    run: () => Promise.resolve([1]),
  };
  await withServer([model], async (server) => {
    const input = { name: "x", datatype: "INT32", shape: [1], data: Int32Array.of(1) } as const;
    const { outputs } = await requestInference(`${server.url}/v2/models/texts`, { inputs: [input] });
    const texts = (outputs[0]!.data as Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes));
    assert.deepEqual(texts, ["same", "\0", "same"]);
  });
});

Deno.test("serve() takes its address before the handler is made, and is not ready until then", async () => {
  let isCalled = false;
  const server = await serve(createHandler({ models: [smallModel()] }), { port: 0, host: "127.0.0.7" });
  const { port } = server;
  await assert.rejects(
    serve(() => {
      isCalled = true;
      return Promise.reject(new Error("unreachable"));
    }, { port, host: "127.0.0.7" }),
    refusal("device", /Cannot listen on port/),
  );
  assert(!isCalled);
  await server.close();
  // While the handler is made, requests are answered on the address.
  let finish!: () => void;
  const later = serve(async () => {
    await new Promise<void>((resolve) => finish = resolve);
    return createHandler({ models: [smallModel()] });
  }, { port, host: "127.0.0.7" });
  const url = `http://127.0.0.7:${port}`;
  const status = async (path: string, body?: string) => {
    const answer = await fetch(`${url}/${path}`, body === undefined ? {} : { method: "POST", body });
    await answer.body?.cancel();
    return answer.status;
  };
  // The maker runs once the server listens.
  while (finish === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(
    [
      await status("v2/health/live"),
      await status("v2/health/ready"),
      await status("v2/models/small/ready"),
      await status("v2/models/small/infer", numbersBody(1)),
    ],
    [200, 503, 503, 503],
  );
  finish();
  const ready = await later;
  assert.equal(await status("v2/health/ready"), 200);
  assert.equal(await status("v2/models/small/ready"), 200);
  await ready.close();
  // A maker that fails frees the address again, and its error is the caller's.
  const failed = serve(() => Promise.reject(new OnpathError("file", "Cannot read it")), {
    port,
    host: "127.0.0.7",
  });
  await assert.rejects(failed, refusal("file", /^Cannot read it$/));
  await assert.rejects(
    serve(() => Promise.resolve({} as never), { port, host: "127.0.0.7" }),
    refusal("size"),
  );
  const free = await serve(createHandler({ models: [smallModel()] }), { port, host: "127.0.0.7" });
  await free.close();
});
