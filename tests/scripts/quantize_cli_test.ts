import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeTensors } from "../../scripts/io/safetensors.ts";
import { readSafetensors } from "../../scripts/io/safetensors_read.ts";
import { METHOD_NAMES } from "../../scripts/quantize/methods.ts";
import { syntheticTensors } from "../../scripts/quantize/synthetic_cache.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { offloadAll } from "../support/cli.ts";
import { checkSelfContained } from "../support/markup.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/offload.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end in a folder. */
function offloadCli(cwd: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const command = ["run", "-A", "--quiet", "--no-check", SCRIPT, ...args];
    const env = { ...Deno.env.toObject(), NO_COLOR: "1", COLUMNS: "120" };
    execFile(
      Deno.execPath(),
      command,
      { cwd, encoding: "utf8", timeout: 60_000, env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      },
    );
  });
}

/** Runs a test in a folder of its own. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function writeTensors(path: string, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  await writeFile(path, new Uint8Array(encodeTensors(tensors).flatMap((chunk) => [...chunk])));
}

async function readEntries(path: string) {
  const { entries } = readSafetensors(new Uint8Array(await readFile(path)), path);
  return new Map([...entries].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
}

/** A cache of two layers with a tensor each, in blocks of 32 tokens. */
function layeredCache(): Map<string, Tensor> {
  const sizes = { layers: 2, blocks: 2, heads: 2, tokens: 32, channels: 64 };
  const names = ["model.{layer}.k", "model.{layer}.v"];
  return syntheticTensors({ dtype: "f16", layout: "BLNHC", content: "separate", sizes, names }, 1).tensors;
}

const NAMED = ["--layout", "BLNHC", "--keys", "model.{layer}.k", "--values", "model.{layer}.v"];

Deno.test("quantize shows a made-up cache without a file: bytes, losses, and the worst heads", () =>
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await offloadCli(
      folder,
      ...["quantize", "--synthetic", "2,2,64,64", "--method", "kivi2", "--heads", "3"],
    );
    assert.deepEqual([code, stderr], [0, ""]);
    for (
      const fact of [
        "synthetic, seed 1",
        "2 layers x 2 heads x 64 tokens x 64 channels; bf16, layout LBHNC",
        "KIVI of 2 bits, groups of 32 tokens",
        "65,536 bytes (64.0 KiB) to 12,288 bytes (12.0 KiB), 5.33 times smaller; 4,096 of them are metadata",
        "The 3 worst of 4 heads of k:",
        "top-1",
      ]
    ) assert(stdout.replaceAll(/\s+/g, " ").includes(fact), `${fact}\n${stdout}`);
    assert.deepEqual(await readdir(folder), []);
  }));

Deno.test("quantize and dequantize take a file there and back, with its names, shapes and types", () =>
  inFolder(async (folder) => {
    const path = (name: string) => join(folder, name), tensors = layeredCache();
    const more = new Map([...tensors, ["other", tensor(Uint8Array.of(1), { dtype: "u8", shape: [1] })]]);
    await writeTensors(path("cache.safetensors"), more);
    const there = await offloadCli(
      folder,
      ...[
        "quantize",
        "cache.safetensors",
        ...NAMED,
        "--method",
        "uint8",
        "--group",
        "32",
        "--stored",
        "bf16",
      ],
      ...["--output", "small.safetensors", "--report", "report.html"],
    );
    assert.deepEqual([there.code, there.stderr], [0, ""]);
    assert.match(there.stdout, /not used\s+1 more tensors/);
    const small = await readEntries(path("small.safetensors"));
    assert.deepEqual([...small.keys()].sort(), [
      ...["k.0.codes", "k.0.scales", "k.0.zeros", "k.1.codes", "k.1.scales", "k.1.zeros"],
      ...["v.0.codes", "v.0.scales", "v.0.zeros", "v.1.codes", "v.1.scales", "v.1.zeros"],
    ]);
    assert.deepEqual(small.get("k.1.scales"), { dtype: "BF16", shape: [2, 128] });
    checkSelfContained(await readFile(path("report.html"), "utf8"));
    const back = await offloadCli(
      folder,
      "dequantize",
      "small.safetensors",
      "--output",
      "back.safetensors",
      "--json",
    );
    assert.deepEqual([back.code, back.stderr], [0, ""]);
    assert.equal(JSON.parse(back.stdout).tensors.length, 4);
    await writeTensors(path("named.safetensors"), tensors);
    assert.deepEqual(
      await readEntries(path("back.safetensors")),
      await readEntries(path("named.safetensors")),
    );
    const again = await offloadCli(
      folder,
      ...["quantize", "back.safetensors", ...NAMED, "--method", "mxint8", "--json"],
    );
    const { parts } = JSON.parse(again.stdout);
    assert(parts[0].total.values.snr > 30, "the values came back");
    assert.deepEqual((await readdir(folder)).sort(), [
      ...["back.safetensors", "cache.safetensors", "named.safetensors", "report.html", "small.safetensors"],
    ]);
  }));

Deno.test("quantize --json has each layer and head, given queries, a pipeline file, and warnings", () =>
  inFolder(async (folder) => {
    const queries = tensor(new Float32Array(2 * 4 * 3 * 64).fill(1), { dtype: "f32", shape: [2, 4, 3, 64] });
    await writeTensors(join(folder, "q.safetensors"), new Map([["q", queries]]));
    const step = { op: "quantize", method: { kind: "mx", format: "mxfp4", axis: "tokens" } };
    await writeFile(join(folder, "p.json"), JSON.stringify({ steps: [step] }));
    const sizes = ["--synthetic", "2,2,64,64", "--seed", "7"];
    const { code, stdout, stderr } = await offloadCli(
      folder,
      ...["quantize", ...sizes, "--method", "p.json", "--values-method", "fp8", "--queries", "q.safetensors"],
      ...["--max-saturated", "0.2%", "--json"],
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const { parts: [k, v], warnings, cache, work, milliseconds } = JSON.parse(stdout);
    assert.deepEqual([k.method, v.method.kind], [step.method, "float"]);
    assert.deepEqual(k.heads.map(({ layer, head }: Record<string, number>) => [layer, head]), [
      ...[[0, 0], [0, 1], [1, 0], [1, 1]],
    ]);
    // Four heads of queries share two heads of keys.
    assert.equal(k.heads[0].logits.queries, 6);
    assert.equal(v.heads[0].logits, undefined);
    assert.equal(warnings.length, 4);
    assert.match(warnings[0], /^k, layer \d, head \d: \d+ of 4096 values .* saturate, above 0.2%/);
    assert.equal(cache.sizes.tokens, 64);
    assert(work.quantize.packets > 0 && milliseconds.report > 0);
  }));

Deno.test("quantize refuses wrong use and files that do not fit, in one sentence, and writes nothing", () =>
  inFolder(async (folder) => {
    const sizes = { layers: 1, blocks: 1, heads: 2, tokens: 48, channels: 64 };
    const { tensors } = syntheticTensors(
      { dtype: "bf16", layout: "LBHNC", content: "separate", sizes, names: ["k", "v"] },
      1,
    );
    await writeTensors(join(folder, "c.safetensors"), tensors);
    const nan = new Map(
      [...tensors].map(([name, each]) => [name, { ...each, data: each.data.slice() } as Tensor]),
    );
    nan.get("v")!.data[48 * 64 + 5] = 0x7fc0;
    await writeTensors(join(folder, "nan.safetensors"), nan);
    const whole = await readFile(join(folder, "c.safetensors"));
    await writeFile(join(folder, "cut.safetensors"), whole.subarray(0, whole.length - 1));
    const before = await readdir(folder);
    const cases: [code: number, message: RegExp, args: string[]][] = [];
    const refused = (code: number, message: RegExp, ...args: string[]) =>
      cases.push([code, message, [...args, "--output", "out.safetensors"]]);
    refused(2, /expected a file, or --synthetic/, "quantize");
    refused(2, /either a file or --synthetic, not both/, "quantize", "c.safetensors", "--synthetic");
    refused(2, /Expected four whole numbers/, "quantize", "--synthetic", "4,4");
    refused(
      2,
      /one of fp8, .* \(did you mean kivi[24]\?\)/,
      "quantize",
      "--synthetic",
      "--method",
      "kivi3",
    );
    refused(
      2,
      /--group: it has no options/,
      "quantize",
      "--synthetic",
      "--method",
      "mxfp4",
      "--group",
      "32",
    );
    refused(2, /expected one of LBHNC/, "quantize", "c.safetensors", "--layout", "LBNCH");
    refused(2, /groups of 32 do not divide the tokens/, "quantize", "c.safetensors", "--method", "kivi2");
    refused(1, /"keys" is missing, found "k", "v"/, "quantize", "c.safetensors", "--keys", "keys");
    refused(1, /tensors end at byte|bytes \d+ to \d+ of the data/, "quantize", "cut.safetensors");
    refused(2, /layer 0, head 1: token 0, channel 5/, "quantize", "nan.safetensors", "--method", "int4");
    refused(1, /is no quantized cache/, "dequantize", "c.safetensors");
    refused(1, /the folder .* is missing/, "quantize", "--synthetic", "--report", "none/report.html");
    refused(2, /Expected a name that ends in \.html/, "quantize", "--synthetic", "--report", "report.pdf");
    refused(2, /Expected a share/, "quantize", "--synthetic", "--max-saturated", "101%");
    refused(
      2,
      /--values names a tensor of its own/,
      "quantize",
      "c.safetensors",
      "--content",
      "mla",
      "--values",
      "v",
    );
    const ends = await offloadAll(folder, cases.map(([, , args]) => args));
    for (const [at, [code, message, args]] of cases.entries()) {
      const ended = ends[at]!;
      assert.equal(ended.code, code, `${args}: ${ended.stdout}${ended.stderr}`);
      assert.match(ended.stderr, message);
      assert.equal(ended.stdout, "");
    }
    assert.deepEqual(await readdir(folder), before);
  }));

Deno.test("quantize --help names every method", async () => {
  const { stdout } = await offloadCli(".", "quantize", "--help");
  for (const name of METHOD_NAMES) assert.match(stdout, new RegExp(`\\b${name}\\b`));
});
