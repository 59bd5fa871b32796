import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { get_encoding } from "tiktoken";
import { offloadAll } from "../support/cli.ts";
import type { Ended } from "../support/cli_child.ts";
import { IS_LONG_SUITE, longTest } from "../support/long.ts";

/** Runs the command line. */
async function offload(args: readonly string[], input = "") {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "scripts/offload.ts", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  // What is written and what is read go on beside each other: a pipe holds little.
  const write = async () => {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  };
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), write()]);
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
    if (!IS_LONG_SUITE) return;
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
  const [both, none, other] = await offloadAll(".", [
    ["tokenize", "text", "--input", "deno.json"],
    ["tokenize", "text", "--vocab", "missing.vocab"],
    ["tokenize", "text", "--vocab", "README.md"],
  ]) as [Ended, Ended, Ended];
  assert.equal(both.code, 2);
  assert.match(both.stderr, /either a text or --input/);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /^error: Cannot read missing\.vocab: /);
  assert.match(other.stderr, /expected a tokenizer\.json, a rank file/);
});

longTest(
  "normalize writes a text of any length as it comes, by steps or as a vocabulary asks for it",
  async () => {
    const plain = await offload(["normalize", "--steps", "nfkc,lower_case", "Ｆｕｌｌ ﬁ"]);
    assert.deepEqual([plain.code, plain.stdout], [0, "full fi"]);
    const text = "Cafe\u0301 ÜBER\u0000 ".repeat(40_000);
    const steps = JSON.stringify([{ op: "nfc" }, { op: "clean_text" }, {
      op: "replace",
      from: " ",
      to: "_",
    }]);
    const long = await offload(["normalize", "--steps", steps], text);
    assert.equal(long.stdout, "Café_ÜBER_".repeat(40_000));
    const counted = await offload(["normalize", "--steps", "nfd", "--json", "é"]);
    assert.deepEqual(JSON.parse(counted.stdout), {
      steps: [{ op: "nfd" }],
      device: null,
      bytesIn: 2,
      bytesOut: 3,
    });
    const device = ["--device", "model", "--payload", "1000"];
    const through = await offload(["normalize", "--steps", steps, ...device], text);
    assert.equal(through.stdout, long.stdout);
    const sent = await offload(["normalize", "--steps", "nfd", "--json", ...device], text);
    const { device: name, packets, bytesIn } = JSON.parse(sent.stdout);
    assert.deepEqual([name, bytesIn], ["model", new TextEncoder().encode(text).length]);
    assert(packets >= bytesIn / 1000, `${packets} packets`);
    for (
      const [args, code, message] of [
        [["normalize", "x"], 2, /either --steps <steps> or --vocab/],
        [["normalize", "--steps", "nfq", "x"], 2, /steps\.0\.op/],
        [["normalize", "--steps", "nfc", "--payload", "9", "x"], 2, /--payload requires --device/],
        [
          ["normalize", "--steps", "nfc", "--device", "rtl", "x"],
          1,
          /the RTL has no kernel for text normalisation/,
        ],
        [["normalize", "--steps", "nfc", "--input", "missing.txt"], 1, /^error: Cannot read missing\.txt/],
      ] as const
    ) {
      const refused = await offload(args);
      assert.equal(refused.code, code);
      assert.match(refused.stderr, message);
    }
  },
);

longTest(
  "tokenize goes through devices: the RTL where it fits, the model and why, chunks explained",
  async () => {
    const text = "The quick brown fox jumps over the lazy dog. 12345 times";
    const peer = get_encoding("r50k_base");
    const expected = Array.from(peer.encode_ordinary(text));
    peer.free();
    const rtl = JSON.parse((await offload(["tokenize", "--vocab", "r50k_base", "--json", text])).stdout);
    assert.deepEqual([rtl.device, rtl.instead, rtl.mode], ["rtl", undefined, "stateful"]);
    assert.deepEqual(rtl.ids, expected);
    assert(rtl.report.counters.cycles > 100);
    assert.deepEqual([rtl.starts[0], rtl.ends.at(-1)], [0, text.length]);
    const explained = ["tokenize", "--vocab", "r50k_base", "--explain", "--device", "model", text];
    const model = JSON.parse((await offload([...explained, "--json"])).stdout);
    assert.deepEqual(model.ids, expected);
    const { chunks } = model;
    assert(chunks.length > 2 && model.overlap === 14);
    const kept = chunks.flatMap(({ tokens }: { tokens: { id: number; removed: string | null }[] }) =>
      tokens.filter(({ removed }) => removed === null).map(({ id }) => id)
    );
    assert.deepEqual(kept, expected, "what is not removed is the whole");
    const shown = (await offload(explained)).stdout;
    assert(shown.includes("chunk 1, bytes 15 to 44, kept from byte 15\n  [ fox jumps ove]r the lazy dog"));
    assert(shown.includes("( fox) | ( jumps) |  over"));
    const large = await offload(["tokenize", "--vocab", "cl100k_base", text]);
    assert.match(large.stdout, /not rtl\s+Cannot load vocabulary "cl100k_base" into the RTL/);
    const contradiction = await offload(["tokenize", "--explain", "--mode", "stateful", text]);
    assert.equal(contradiction.code, 2);
  },
);

longTest("plan shows and saves text plans, and run refuses them by name with what to do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "onpath-text-plan-"));
  try {
    const [tokens, texts] = [join(folder, "tokens.json"), join(folder, "texts.json")];
    await writeFile(tokens, JSON.stringify({ steps: [{ op: "tokenize" }] }));
    await writeFile(texts, JSON.stringify({ steps: [{ op: "normalize_text", steps: [{ op: "nfc" }] }] }));
    const file = join(folder, "text.plan");
    const shown = await offload(["plan", tokens, "--vocab", "r50k_base", "--output", file]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /workload +tokenize[^]*vocabulary +r50k_base[^]*written/);
    const json = await offload(["plan", texts, "--json", "--payload", "100"]);
    assert.equal(json.code, 0, json.stderr);
    const plan = JSON.parse(json.stdout);
    assert.deepEqual([plan.format, plan.workload, plan.packets.request], [
      "onpath.plan",
      "text_normalize",
      100,
    ]);
    const output = join(folder, "out.npy");
    const run = await offload(["run", "--plan", file, "--input", "x.png", "--output", output]);
    assert.equal(run.code, 2);
    assert.match(
      run.stderr,
      /^error: Cannot run plan \d+: it is a plan of tokenize.*use the command tokenize --vocab/,
    );
    for (
      const [args, message] of [
        [[tokens], /requires --vocab/],
        [[texts, "--vocab", "r50k_base"], /--vocab is for pipelines with tokenize/],
        [[texts, "--shape", "3,3,3"], /--shape is for image pipelines/],
      ] as const
    ) {
      const refused = await offload(["plan", ...args]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, message);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
