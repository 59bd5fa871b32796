import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { get_encoding } from "tiktoken";

/** Runs the command line. */
async function offload(args: readonly string[], input = "") {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "scripts/offload.ts", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("tokenize and vocab: a compiled table file gives tiktoken's ids, from stdin and from a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "onpath-vocab-"));
  const peer = get_encoding("r50k_base");
  try {
    const tables = join(folder, "r50k.vocab");
    const made = await offload(["vocab", "r50k_base", "--output", tables, "--json"]);
    assert.equal(made.code, 0, made.stderr);
    const { fileBytes, idLimit, special } = JSON.parse(made.stdout);
    assert.equal((await Deno.stat(tables)).size, fileBytes);
    assert.deepEqual([idLimit, special], [50257, 1]);
    const text = "Größe: 12345 – 漢字\n\n  <|endoftext|> end";
    const expected = { plain: peer.encode_ordinary(text), special: peer.encode(text, "all") };
    const fromStdin = await offload(["tokenize", "--vocab", tables, "--json"], text);
    assert.deepEqual(JSON.parse(fromStdin.stdout).ids, Array.from(expected.plain));
    const file = join(folder, "text.txt");
    await writeFile(file, text);
    const fromFile = await offload(["tokenize", "--vocab", tables, "--special", "--input", file, "--json"]);
    assert.deepEqual(JSON.parse(fromFile.stdout).ids, Array.from(expected.special));
    const shown = await offload(["tokenize", "--vocab", tables, "--most", "3", "a b c d e"]);
    assert.match(shown.stdout, /not shown\s+2 tokens/);
  } finally {
    peer.free();
    await rm(folder, { recursive: true });
  }
});

Deno.test("tokenize refuses what it cannot read, in one sentence", async () => {
  const both = await offload(["tokenize", "text", "--input", "deno.json"]);
  assert.equal(both.code, 2);
  assert.match(both.stderr, /either a text or --input/);
  const none = await offload(["tokenize", "text", "--vocab", "missing.vocab"]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /^error: Cannot read missing\.vocab: /);
  const other = await offload(["tokenize", "text", "--vocab", "README.md"]);
  assert.match(other.stderr, /expected a tokenizer\.json, a rank file/);
});
