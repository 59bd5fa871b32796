/**
 * `deno task bench:text`: cost of tokenizing, as ratios to tiktoken's WebAssembly within one run. `--json` prints
 * JSON, `--only <section>` runs one section: sizes, tokenize, host, hostile, load, cache. `--corpus debian` takes the
 * texts of sizes and tokenize from Debian's packages, `--vocabulary` leaves out the other vocabularies.
 *
 * @module
 */

import Table from "cli-table3";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Candidate, measure, median, ratio, type Timing } from "./bench/measure.ts";
import {
  type BenchVocabulary,
  benchVocabulary,
  bytesOf,
  cacheRows,
  hostileCandidates,
  mixedTexts,
  openCandidates,
  sizeCandidates,
  tokenizeCandidates,
} from "./bench/text.ts";
import { measureSizes } from "./bench/text_sizes.ts";
import { hostCandidates } from "./bench/text_packets.ts";
import { corpus, type NamedText } from "./text/corpus.ts";
import { debianTexts } from "./text/debian.ts";

/** A table. Plain data. */
interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Approximate bytes of mixed text. */
const MIXED = 10_000_000;
const { values: { json, only, corpus: corpusName, vocabulary } } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    corpus: { type: "string", default: "packages" },
    vocabulary: { type: "string" },
  },
});
const CORPORA: Readonly<Record<string, () => NamedText[]>> = { packages: corpus, debian: debianTexts };
const documents = (): NamedText[] => {
  const found = CORPORA[corpusName];
  if (found !== undefined) return found();
  throw new Error(`Cannot read corpus ${corpusName}: the corpora are ${Object.keys(CORPORA).join(", ")}`);
};
const VOCABULARIES = ["r50k_base", "cl100k_base", "o200k_base"].filter((name) =>
  name === (vocabulary ?? name)
);
const known = new Map<string, Promise<BenchVocabulary>>();

function vocabularyOf(name: string): Promise<BenchVocabulary> {
  if (!known.has(name)) known.set(name, benchVocabulary(name));
  return known.get(name)!;
}

async function timed(title: string, candidates: readonly Candidate[], rounds?: number): Promise<Timing[]> {
  const timings = await measure(candidates, (done, total) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${title}: round ${done} of ${total}`);
  }, rounds);
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return timings;
}

async function tokenizeSection(name: string): Promise<Section> {
  const texts = mixedTexts(MIXED, documents());
  const bytes = bytesOf(texts);
  const title = `${name}, ${(bytes / 1e6).toFixed(1)} MB of mixed text, one thread`;
  const timings = await timed(title, await tokenizeCandidates(await vocabularyOf(name), texts), 3);
  return {
    title,
    head: ["", "MB/s", "ns a byte", "to tiktoken"],
    rows: timings.map((timing) => [
      timing.name,
      (bytes / median(timing.rounds)).toFixed(1),
      (1000 * median(timing.rounds) / bytes).toFixed(1),
      (1 / ratio(timing, timings[0]!)).toFixed(2),
    ]),
  };
}

async function sizesSection(name: string): Promise<Section> {
  const candidates = await sizeCandidates(await vocabularyOf(name));
  const rows = await measureSizes(candidates, documents());
  return {
    title: `${name}, fresh texts in every round, by CPU time: tiktoken's time to that of each`,
    head: ["characters a text", "tiktoken, ns a byte", ...candidates.slice(1).map(({ name }) => name)],
    rows: rows.map(({ size, nanoseconds, ratios }) => [
      size,
      nanoseconds[0]!.toFixed(0),
      ...ratios.slice(1).map((ratio) => ratio.toFixed(2)),
    ]),
  };
}

async function hostSection(name: string): Promise<Section> {
  const title = `${name}, the host's work beside tiktoken's, payloads of 1344 bytes`;
  const timings = await timed(title, hostCandidates(await vocabularyOf(name)));
  const share = (timing: Timing) => `${(100 * ratio(timing, timings[1]!)).toFixed(2)}%`;
  const rows = timings.map((timing) => [
    timing.name,
    median(timing.rounds).toFixed(0),
    ratio(timing, timings[0]!).toFixed(2),
    share(timing),
  ]);
  const [unpacked, together] = timings.slice(-2) as [Timing, Timing];
  const alone = { name: "", rounds: together.rounds.map((us, at) => Math.max(0, us - unpacked.rounds[at]!)) };
  rows.push([
    "the duplicates' removal alone",
    median(alone.rounds).toFixed(0),
    ratio(alone, timings[0]!).toFixed(2),
    share(alone),
  ]);
  return { title, head: ["", "µs", "to memcpy", "of tiktoken's time"], rows };
}

async function hostileSection(name: string, mode: "encoder" | "stateful" | "overlap"): Promise<Section> {
  const title = `${name}, ${
    mode === "encoder" ? "createEncoder()" : `model device, ${mode}`
  }: a byte of hostile text to one of mixed text`;
  const candidates = await hostileCandidates(await vocabularyOf(name), mixedTexts(2 ** 20), mode);
  const timings = await timed(title, candidates, 3);
  const perByte = timings.map(({ name, rounds }, at) => ({
    name,
    rounds: rounds.map((us) => 1000 * us / candidates[at]!.bytes),
  }));
  return {
    title,
    head: ["a megabyte of", "ns a byte", "to mixed"],
    rows: perByte.map((timing) => [
      timing.name,
      median(timing.rounds).toFixed(1),
      ratio(timing, perByte[0]!).toFixed(2),
    ]),
  };
}

async function loadSection(name: string): Promise<Section> {
  const title = `Loading the compiled table file of ${name}, from memory`;
  const timings = await timed(title, openCandidates(await vocabularyOf(name)));
  return {
    title,
    head: ["", "ms", "to memcpy"],
    rows: timings.map((timing) => [
      timing.name,
      (median(timing.rounds) / 1000).toFixed(2),
      ratio(timing, timings[0]!).toFixed(1),
    ]),
  };
}

async function cacheSection(name: string): Promise<Section> {
  return {
    title: `${name}, prompts through an empty cache of 64 MiB`,
    head: ["prompts", "KB", "bytes hit", "faster", "KB held"],
    rows: cacheRows(await vocabularyOf(name)).map(({ name, bytes, hit, faster, held }) => [
      name,
      (bytes / 1000).toFixed(0),
      `${(100 * hit).toFixed(1)}%`,
      faster.toFixed(2),
      (held / 1000).toFixed(0),
    ]),
  };
}

const SECTIONS: Readonly<Record<string, (() => Promise<Section>)[]>> = {
  sizes: VOCABULARIES.map((name) => () => sizesSection(name)),
  tokenize: VOCABULARIES.map((name) => () => tokenizeSection(name)),
  host: [() => hostSection("cl100k_base")],
  hostile: [
    () => hostileSection("cl100k_base", "encoder"),
    () => hostileSection("cl100k_base", "stateful"),
    () => hostileSection("cl100k_base", "overlap"),
  ],
  load: VOCABULARIES.map((name) => () => loadSection(name)),
  cache: [() => cacheSection("cl100k_base")],
};

function print({ title, head, rows }: Section): void {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  });
  for (const row of rows) table.push([...row]);
  console.log(`\n${title}\n${table.toString()}`);
}

const names = only === undefined ? Object.keys(SECTIONS) : [only];
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined) {
  console.error(`Cannot measure ${unknown}: the sections are ${Object.keys(SECTIONS).join(", ")}`);
  process.exitCode = 2;
} else {
  const done: Section[] = [];
  for (const name of names) {
    // One section at a time, because measurements at the same time disturb each other.
    for (const section of SECTIONS[name]!) {
      const made = await section();
      done.push(made);
      if (!json) print(made);
    }
  }
  if (json) console.log(JSON.stringify(done));
  else console.log("\nTimes are of this machine and this run; compare only the ratios between machines.");
}
