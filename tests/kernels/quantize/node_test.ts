import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { digestOfAll } from "./node_digest.ts";

Deno.test("Node computes the codes and values of all inputs that Deno computes, bit for bit", async () => {
  const entry = fileURLToPath(new URL("./node_digest.ts", import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { digestOfAll } from ${JSON.stringify(entry)}; console.log(digestOfAll());`,
      resolveDir: ".",
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
  assert.equal(stdout.trim(), digestOfAll());
});
