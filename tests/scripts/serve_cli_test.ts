import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { offloadAll } from "../support/cli.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

Deno.test("offload serve answers with metrics until SIGTERM, and ends with exit code 0", async () => {
  const args = ["run", "-A", "--quiet", "--no-check", "scripts/offload.ts", "serve"];
  const options = ["--pipeline", "examples/pipeline.json", "--shape", "48,64,3", "--port", "0", "--json"];
  const child = spawn(Deno.execPath(), [...args, ...options], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const started = new Promise<{ url: string }>((resolve) => {
    let text = "";
    child.stdout!.on("data", (part: Uint8Array) => {
      text += new TextDecoder().decode(part);
      if (text.endsWith("}\n")) resolve(JSON.parse(text));
    });
  });
  try {
    const { url } = await started;
    const headers = { "Inference-Header-Content-Length": "0" };
    const body = new Uint8Array(48 * 64 * 3);
    const answer = await fetch(`${url}/v2/models/image/infer`, { method: "POST", headers, body });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    assert.match(metrics, /^onpath_requests_total\{model="image",outcome="ok"\} 1$/m);
  } finally {
    // Not child.kill(), after which Deno reports the signal in place of the exit code.
    Deno.kill(child.pid!, "SIGTERM");
  }
  assert.equal(await ended, 0);
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
