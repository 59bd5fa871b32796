import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { digestsOfCpu } from "./cpu_digest.ts";

Deno.test("Node computes on the host what Deno and the reference compute, bit for bit", async () => {
  const entry = fileURLToPath(new URL("./cpu_digest.ts", import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { digestsOfCpu } from ${JSON.stringify(entry)}; console.log(digestsOfCpu());`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
  });
  const { stdout, stderr, status } = spawnSync("node", ["--input-type=module", "-"], {
    input: outputFiles[0]!.text,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  const expected = digestsOfCpu();
  const [executor, reference] = expected.split(" ");
  assert.equal(executor, reference);
  assert.equal(stdout.trim(), expected);
});
