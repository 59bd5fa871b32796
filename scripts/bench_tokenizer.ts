/**
 * Prints the CPU time of the tokenizer service and of many streams.
 *
 * The chat has 50 turns through the service, in a process of its own, by HTTP over a Unix socket, beside encoding each
 * prompt anew by tiktoken's WebAssembly in this process. Both are counted from the first turn to the last, without the
 * load of the vocabulary and without the client. A server lives for long, so chats of 3,000 requests come before, in
 * which V8 compiles its code; the first of them is printed too. The service runs in Deno, and in Node from the bundle of
 * the npm package. The streams are pushes of a session on the model, beside the encoder
 * in a loop.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { get_encoding } from "tiktoken";
import { compile } from "../kernels/compile.ts";
import { createEncoder } from "../kernels/tokenize/encode.ts";
import type { Vocabulary } from "../kernels/tokenize/vocabulary.ts";
import { createModelDevice } from "../runtime/device/model.ts";
import { Session } from "../runtime/session.ts";
import { median } from "./bench/measure.ts";
import { loadVocabulary } from "./io/vocabulary.ts";
import { bundleCommand, stopBundler } from "../npm/bundle.ts";
import { markdownTable } from "./io/markdown.ts";
import { corpus } from "./text/corpus.ts";

const TURNS = 50;
const TURN_UNITS = [200, 1000, 4000] as const;
const STREAMS = 1000;
const PUSHES = 4;
const PUSH_UNITS = 60;
const ROUNDS = 9;
const WARM_CHATS = 60;

/** Seconds of CPU time of this process. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Text of the corpus that no call had before. */
function freshSource(): (units: number) => string {
  const all = corpus().map(({ text }) => text).join("\n");
  let at = 1_000_000;
  return (units) => {
    at += units;
    if (at + units > all.length) at = units;
    return structuredClone(all.slice(at, at + units).toWellFormed());
  };
}

/** A client that keeps its connection. */
function client(socketPath: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, body?: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request({ socketPath, agent, path, method }, async (response) => {
        const parts: Uint8Array[] = [];
        for await (const part of response) parts.push(part);
        resolve(new TextDecoder().decode(await new Blob(parts as BlobPart[]).arrayBuffer()));
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return { ask, close: () => agent.destroy() };
}

/** Seconds of CPU time of all threads of a process, to the nanosecond; Linux alone has it. */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((each) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${each}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended.
      return 0;
    }
  });
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e9;
}

/** Program that runs the command, and its arguments. */
type Runtime = readonly [program: string, ...args: string[]];

/** The command in Deno, and in Node, as a bundle beside the packages of the checkout. */
async function runtimes(): Promise<readonly (readonly [name: string, command: Runtime])[]> {
  const bundle = join(import.meta.dirname!, "../out/bench/onpath.js");
  await bundleCommand(join(import.meta.dirname!, ".."), "scripts/offload.ts", bundle);
  await stopBundler();
  return [
    ["Deno", [process.execPath, "run", "-A", "--no-check", "scripts/offload.ts"]],
    ["Node", ["node", bundle]],
  ];
}

/** Starts a service in a process of its own. */
async function startService(runtime: Runtime, name: string, socket: string): Promise<ChildProcess> {
  const [program, ...command] = runtime;
  const options = ["--vocab", name, "--special", "none", "--socket", socket];
  const child = spawn(program, [...command, "tokenizer", "serve", "--json", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout!, "data", { signal: AbortSignal.timeout(120_000) });
  return child;
}

/** Runs chats of one length of turns; returns CPU seconds of the service and of tiktoken, and bytes encoded. */
async function chat(
  name: string,
  pid: number,
  socket: string,
  units: number,
  fresh: (units: number) => string,
  { rounds = ROUNDS, compares = true }: { readonly rounds?: number; readonly compares?: boolean } = {},
) {
  const tiktoken = get_encoding(name as "cl100k_base");
  const { ask, close } = client(socket);
  const metric = async (metric: string) =>
    Number(new RegExp(`^${metric} (.*)$`, "m").exec(await ask("GET", "/metrics"))![1]);
  const post = async (path: string, body: unknown) => JSON.parse(await ask("POST", path, body));
  const times: { service: number; tiktoken: number }[] = [];
  let bytes = 0, promptBytes = 0;
  for (let round = 0; round < rounds; round++) {
    const turns = Array.from({ length: TURNS }, () => `user: ${fresh(units)}\nassistant: `);
    const bytesBefore = await metric("onpath_tokenizer_encoded_bytes_total");
    const before = cpuOf(pid);
    const { session } = await post("/sessions", {});
    let ids: number[] = [];
    for (const append of turns) {
      const { kept, tokens } = await post(`/sessions/${session}`, { append }) as {
        kept: number;
        tokens: number[];
      };
      ids.length = kept;
      for (const id of tokens) ids.push(id);
    }
    const service = cpuOf(pid) - before;
    bytes = await metric("onpath_tokenizer_encoded_bytes_total") - bytesBefore;
    if (!compares) continue;
    const start = cpuSeconds();
    let prompt = "";
    let last: Uint32Array = new Uint32Array(0);
    for (const turn of turns) {
      prompt += turn;
      last = tiktoken.encode_ordinary(prompt);
    }
    times.push({ service, tiktoken: cpuSeconds() - start });
    prompt = "";
    promptBytes = turns.reduce((sum, turn) => sum + Buffer.byteLength(prompt += turn), 0);
    assert.deepEqual(ids, [...last]);
    ids = [];
  }
  close();
  tiktoken.free();
  return { times, bytes, promptBytes };
}

/** Requests a second of CPU time by streams of a session, and by the encoder in a loop. */
async function streams(vocabulary: Vocabulary, fresh: (units: number) => string) {
  const device = createModelDevice();
  const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
  const session = await Session.open(plan, device, { vocabulary });
  const encoder = createEncoder(vocabulary);
  const rates: { streams: number; encoder: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const texts = Array.from(
      { length: STREAMS },
      () => Array.from({ length: PUSHES }, () => fresh(PUSH_UNITS)),
    );
    const requests = STREAMS * (PUSHES + 1);
    let start = cpuSeconds();
    const found = await Promise.all(texts.map(async (parts) => {
      const stream = session.stream();
      const ids: number[] = [];
      for (const part of parts) for (const id of await stream.push(part)) ids.push(id);
      for (const id of await stream.end()) ids.push(id);
      return ids;
    }));
    const streamSeconds = cpuSeconds() - start;
    start = cpuSeconds();
    const expected = texts.map((parts) => {
      const stream = encoder.stream();
      const ids: number[] = [];
      for (const part of parts) for (const id of stream.push(part)) ids.push(id);
      for (const id of stream.end()) ids.push(id);
      return ids;
    });
    rates.push({ streams: requests / streamSeconds, encoder: requests / (cpuSeconds() - start) });
    assert.deepEqual(found, expected);
  }
  await device.close();
  return rates;
}

const fresh = freshSource();
const NAME = "cl100k_base";
const folder = mkdtempSync(join(tmpdir(), "onpath-"));
const rows: string[][] = [];
try {
  for (const [runtime, command] of await runtimes()) {
    const socket = join(folder, runtime);
    const child = await startService(command, NAME, socket);
    const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
    const ratio = (time: { service: number; tiktoken: number }) => time.service / time.tiktoken;
    const first = await chat(NAME, child.pid!, socket, TURN_UNITS[0], fresh, { rounds: 1 });
    const cold = percent(ratio(first.times[0]!));
    await chat(NAME, child.pid!, socket, TURN_UNITS[0], fresh, { rounds: WARM_CHATS, compares: false });
    for (const units of TURN_UNITS) {
      const { times, bytes, promptBytes } = await chat(NAME, child.pid!, socket, units, fresh);
      const spread = `${percent(Math.min(...times.map(ratio)))} to ${percent(Math.max(...times.map(ratio)))}`;
      rows.push([
        runtime,
        String(units),
        percent(median(times.map(ratio))),
        spread,
        units === TURN_UNITS[0] ? cold : "",
        percent(bytes / promptBytes),
      ]);
    }
    child.kill("SIGTERM");
    await once(child, "exit");
  }
} finally {
  rmSync(folder, { recursive: true });
}
const head = [
  "service in",
  "units a turn",
  "CPU time to tiktoken's",
  `of ${ROUNDS} chats`,
  "the very first chat",
  "bytes encoded to the prompts'",
];
console.log(markdownTable(head, ["left", "right", "right", "right", "right", "right"], rows));
const vocabulary = await loadVocabulary(NAME);
const rates = await streams(vocabulary, fresh);
const whole = (value: number) => Math.round(value).toLocaleString("en-US");
console.log(
  `\n${STREAMS} streams of ${PUSHES} pushes and an end: ${
    whole(median(rates.map((rate) => rate.streams)))
  } requests a second ` +
    `of CPU (${rates.map((rate) => whole(rate.streams)).join(", ")}); the encoder in a loop: ${
      whole(median(rates.map((rate) => rate.encoder)))
    }`,
);
