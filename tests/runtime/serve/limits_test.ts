import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { createHandler } from "../../../runtime/serve/handler.ts";
import { serve, type ServeOptions } from "../../../runtime/serve/server.ts";
import { refusal } from "../../support/failure.ts";
import { ask, heldModel, numbersBody, post, withServer } from "./helpers.ts";

/** Waits until a state is reached; the runner's own timeout bounds it. */
async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setTimeout(resolve, 1));
}

Deno.test("serve() answers 429 with Retry-After when a queue is full, and takes requests again afterwards", async () => {
  const model = heldModel();
  await withServer([model], async (server, handler) => {
    const running = post(server, "held", numbersBody(1));
    await model.started(1);
    const queued = post(server, "held", numbersBody(2, 3));
    await until(() => handler.counts()[0]!.waiting === 2);
    const full = await post(server, "held", numbersBody(4));
    assert.deepEqual([full.status, full.headers.get("retry-after")], [429, "1"]);
    assert.match(String(full.json["error"]), /2 of at most 2 items are queued/);
    const never = await post(server, "held", numbersBody(1, 2, 3));
    assert.deepEqual([never.status, never.headers.get("retry-after")], [400, null]);
    model.batches[0]!.end();
    await model.started(2);
    model.batches[1]!.end();
    assert.deepEqual((await Promise.all([running, queued])).map(({ status }) => status), [200, 200]);
    const next = post(server, "held", numbersBody(5));
    await model.started(3);
    model.batches[2]!.end();
    assert.equal((await next).status, 200);
  }, { maxQueue: 2, maxDelayMs: 0 });
});

Deno.test("serve() aborts the batch of a client that leaves, and keeps those of others", async () => {
  const model = heldModel();
  await withServer([model], async (server, handler) => {
    const other = post(server, "held", numbersBody(1));
    await model.started(1);
    const leave = (count: number) => {
      const sent = request(`${server.url}/v2/models/held/infer`, { method: "POST", agent: false });
      sent.on("error", () => {});
      sent.end(numbersBody(...new Array(count).fill(2)));
      return sent;
    };
    const queued = leave(3);
    await until(() => handler.counts()[0]!.waiting === 3);
    queued.destroy();
    await until(() => handler.counts()[0]!.waiting === 0);
    model.batches[0]!.end();
    assert.equal((await other).status, 200);
    const running = leave(1);
    await model.started(2);
    running.destroy();
    await until(() => model.batches[1]!.signal.aborted);
    await until(() => handler.counts()[0]!.running === 0);
  }, { maxDelayMs: 0 });
});

Deno.test("serve() answers 504 at the request's timeout", async () => {
  const model = heldModel();
  await withServer([model], async (server) => {
    const body = JSON.parse(numbersBody(1));
    const { status, json } = await post(
      server,
      "held",
      JSON.stringify({ ...body, parameters: { timeout: 1000 } }),
    );
    assert.equal(status, 504);
    assert.match(String(json["error"]), /Cannot wait longer for model held: 1 ms/);
  });
});

Deno.test("serve() takes a body of its maximum, and answers 413 to one byte more, announced or in chunks", async () => {
  const model = heldModel();
  const json = numbersBody(1);
  const most = json.length;
  const longest = 2 * most + 1;
  await withServer([model], async (server) => {
    const url = `${server.url}/v2/models/held/infer`;
    const sent = [post(server, "held", json), ask(url, { chunks: [json.slice(0, 5), json.slice(5)] })];
    await model.started(1);
    model.batches[0]!.end();
    await model.started(2);
    model.batches[1]!.end();
    for (const { status } of await Promise.all(sent)) assert.equal(status, 200);
    const long = `${json} `;
    for (const headers of [{ "Content-Length": String(long.length) }, { "Transfer-Encoding": "chunked" }]) {
      const { status, text } = await ask(url, { headers: headers as Record<string, string>, chunks: [long] });
      assert.equal(status, 413, text);
      assert.match(text, new RegExp(`Cannot read a JSON of ${most + 1} bytes: expected at most ${most}`));
    }
    const raw = { "Inference-Header-Content-Length": "0" };
    // 400: an odd number of bytes is no whole INT32, but its length is accepted.
    for (const [bytes, status] of [[longest, 400], [longest + 1, 413]] as const) {
      const answer = await ask(url, {
        headers: { ...raw, "Content-Length": String(bytes) },
        chunks: [new Uint8Array(bytes)],
      });
      assert.equal(answer.status, status, answer.text);
    }
  }, { maxJsonBytes: most, maxBodyBytes: longest, maxDelayMs: 0, maxBatch: 1 });
});

Deno.test("serve() answers 413 before the body of a client that expects to be told", async () => {
  await withServer([heldModel()], async (server) => {
    const { status } = await ask(`${server.url}/v2/models/held/infer`, {
      headers: { "Content-Length": "99999999999", Expect: "100-continue" },
    }).catch((error) => ({ status: error.message }));
    assert.equal(status, 413);
  });
});

Deno.test("serve() answers 503 when the bodies that it holds exceed their maximum", async () => {
  const model = heldModel();
  const body = numbersBody(1);
  await withServer([model], async (server) => {
    const first = post(server, "held", body);
    await model.started(1);
    const { status, headers, json } = await post(server, "held", body);
    assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
    assert.match(
      String(json["error"]),
      new RegExp(`${body.length} of ${2 * body.length - 1} bytes of bodies are held`),
    );
    model.batches[0]!.end();
    assert.equal((await first).status, 200);
    const next = post(server, "held", body);
    await model.started(2);
    model.batches[1]!.end();
    assert.equal((await next).status, 200);
  }, { maxBufferedBytes: 2 * body.length - 1, maxDelayMs: 0 });
});

Deno.test("serve() answers 408 to a client that sends its request too slowly, and closes", async () => {
  await withServer([heldModel()], async (server) => {
    for (
      const start of [
        "POST /v2/models/held/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
        "GET /v2 HTTP/1.1\r\nHo",
      ]
    ) {
      const text = await new Promise<string>((resolve) => {
        const socket = connect(server.port, "127.0.0.1", () => socket.write(start));
        let text = "";
        socket.on("data", (part: Uint8Array) => text += new TextDecoder().decode(part));
        socket.on("error", () => {});
        socket.on("close", () => resolve(text));
      });
      assert.match(text, /^HTTP\/1.1 408 .*it did not arrive in time/s);
    }
  }, { receiveTimeoutMs: 50 });
});

Deno.test("serve() drops a client that does not take its response in time", async () => {
  const values = new Array(2_000_000).fill(0);
  const model = {
    ...heldModel(),
    begin: () => ({
      items: [],
      join: () => [
        {
          name: "y",
          datatype: "INT32",
          shape: [values.length],
          data: new Int32Array(values.length),
        } as const,
      ],
    }),
  };
  const statuses: number[] = [];
  await withServer([model], async (server) => {
    const closed = new Promise<number>((resolve) => {
      const body = numbersBody(1).replace("{", '{"parameters":{"binary_data_output":true},');
      const socket = connect(server.port, "127.0.0.1", () => {
        socket.pause();
        socket.write(
          `POST /v2/models/held/infer HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      });
      let bytes = 0;
      // Reads only once the server has given up.
      void until(() => statuses.length > 0).then(() => socket.resume());
      socket.on("data", (part: Uint8Array) => bytes += part.length);
      socket.on("error", () => {});
      socket.on("close", () => resolve(bytes));
    });
    assert(await closed < 8_000_000, "the response was cut");
  }, { sendTimeoutMs: 50, observer: { onResponse: (status) => statuses.push(status) } });
});

Deno.test("serve() answers 503 to connections beyond their maximum, and takes others after one has ended", async () => {
  await withServer([heldModel()], async (server) => {
    const first = connect(server.port, "127.0.0.1");
    await new Promise<void>((resolve) => first.on("connect", () => resolve()));
    const live = () => ask(`${server.url}/v2/health/live`, { method: "GET" });
    const { status, headers } = await live();
    assert.deepEqual([status, headers["retry-after"]], [503, "1"]);
    first.destroy();
    let answer = await live();
    while (answer.status === 503) answer = await live();
    assert.equal(answer.status, 200);
  }, { maxConnections: 1 });
});

Deno.test("InferenceServer.close() finishes what runs, refuses bodies that still arrive, and accepts nothing new", async () => {
  const model = heldModel();
  const handler = createHandler({ models: [model], maxDelayMs: 0 });
  const server = await serve(handler, { port: 0 });
  const running = post(server, "held", numbersBody(7));
  await model.started(1);
  const slow = new Promise<number>((resolve, reject) => {
    const sent = request(`${server.url}/v2/models/held/infer`, {
      method: "POST",
      agent: false,
      headers: { "Content-Length": "100" },
    }, (answer) => {
      resolve(answer.statusCode!);
      sent.destroy();
    });
    sent.on("error", reject);
    sent.write("{");
  });
  // The body's first byte has arrived when a later request was answered.
  await fetch(`${server.url}/v2`).then((answer) => answer.text());
  const closed = server.close();
  await assert.rejects(fetch(`${server.url}/v2/health/live`));
  model.batches[0]!.end();
  const { status, json } = await running;
  assert.deepEqual([status, (json["outputs"] as { data: number[] }[])[0]!.data], [200, [14]]);
  assert.equal(await slow, 503);
  await closed;
  await server.close();
  assert.equal(model.closes, 1);
});

Deno.test("serve() refuses options outside their limits", async () => {
  const wrong = [
    { port: 65_536 },
    { port: -1 },
    { maxConnections: 0 },
    { receiveTimeoutMs: 0 },
    { sendTimeoutMs: 3_600_001 },
    { maxBodyBytes: 0 },
    { maxJsonBytes: NaN },
    { maxBufferedBytes: 2 ** 34 + 1 },
  ];
  for (const options of wrong) {
    await assert.rejects(
      serve(createHandler({ models: [] }), { port: 0, ...options }),
      refusal("size"),
      JSON.stringify(options),
    );
  }
  const kinds = [null, 5, { host: 5 }, { socket: null }, { metrics: "text" }, { onDefect: {} }, {
    version: 2,
  }];
  for (const options of kinds as ServeOptions[]) {
    await assert.rejects(
      serve(createHandler({ models: [] }), options),
      refusal("size", /^Cannot start a server: .*, expected an? /),
    );
  }
});
