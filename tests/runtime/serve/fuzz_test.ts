import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { encodeMessage } from "../../../runtime/serve/response.ts";
import type { InferenceServer } from "../../../runtime/serve/server.ts";
import { sized } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { imageOf, imageTensor, smallModel, withServer, writeRaw } from "./helpers.ts";

/** Posts over a few kept connections. */
function send(server: InferenceServer, agent: Agent, body: Uint8Array, headers: Record<string, string>) {
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const url = `${server.url}/v2/models/small/infer`;
    const sent = request(url, {
      method: "POST",
      agent,
      headers: { ...headers, "Content-Length": String(body.length) },
    }, (answer) => {
      let text = "";
      answer.on("data", (part: Uint8Array) => text += new TextDecoder().decode(part));
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

Deno.test("serve() answers every mutated body with 200 or one sentence, and serves on", async () => {
  const next = random(16);
  const below = (limit: number) => next() % limit;
  const tensor = imageTensor(imageOf(1));
  const messages = [true, false].map((isBinary) =>
    encodeMessage({ id: "f" }, "inputs", [tensor], () => isBinary)
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const statuses = new Map<number, number>();
  await withServer([smallModel()], async (server) => {
    const one = async () => {
      const { parts, jsonBytes } = messages[below(2)]!;
      let body = new Uint8Array(parts.flatMap((part) => [...part]));
      let head = jsonBytes;
      // Most changes hit the JSON's beginning, where the structure is.
      for (let change = below(4); change >= 0; change--) {
        const at = below(below(10) < 8 ? Math.min(160, body.length) : body.length);
        const kind = below(6);
        if (kind === 0) body[at] = below(256);
        else if (kind === 1) body = body.slice(0, at);
        else if (kind === 2) {
          body = new Uint8Array([...body.subarray(0, at), ...body.subarray(at + below(20))]);
        } else if (kind === 3) {
          body = new Uint8Array([
            ...body.subarray(0, at),
            ...'[{]},:"-1e9 0null'.slice(below(15)).split("").map((c) => c.charCodeAt(0)),
            ...body.subarray(at),
          ]);
        } else if (kind === 4) head = below(2 * body.length + 1);
        else body[at] = 48 + below(10);
        if (body.length === 0) body = Uint8Array.of(below(256));
      }
      const headers = head === undefined ? {} : { "Inference-Header-Content-Length": String(head) };
      const { status, text } = await send(server, agent, body, headers);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert([200, 400, 413].includes(status), `${status} ${text}`);
      if (status !== 200) assert.match(JSON.parse(text).error, /^Cannot [^\n]+$/);
    };
    const count = sized(20_000, 600);
    for (let round = 0; round < count; round += 4) await Promise.all([one(), one(), one(), one()]);
    const good = messages[0]!;
    const { status } = await send(server, agent, new Uint8Array(good.parts.flatMap((part) => [...part])), {
      "Inference-Header-Content-Length": String(good.jsonBytes),
    });
    assert.equal(status, 200);
    assert(statuses.get(400)! > count / 4, "mutations are noticed");
  });
  agent.destroy();
});

Deno.test("serve() survives bytes that are not HTTP, and requests that end early", async () => {
  const next = random(17);
  const below = (limit: number) => next() % limit;
  const valid = "POST /v2/models/small/infer HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
  await withServer([smallModel()], async (server) => {
    for (let round = 0; round < sized(2000, 100); round++) {
      const bytes = new TextEncoder().encode(valid);
      for (let change = below(3); change >= 0; change--) bytes[below(bytes.length)] = below(256);
      await writeRaw(server.port, bytes.subarray(0, below(bytes.length + 1)));
    }
    const answer = await fetch(`${server.url}/v2/health/ready`);
    assert.deepEqual(await answer.json(), { live: true, ready: true });
  });
});
