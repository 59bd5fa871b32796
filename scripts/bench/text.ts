/**
 * Candidates for text: tokenizing, hostile texts, loading a vocabulary, and prompts through a cache of chunks.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { Tiktoken } from "tiktoken";
import { ChunkCache } from "../../kernels/tokenize/chunk_cache.ts";
import { compile } from "../../kernels/compile.ts";
import { compileVocabulary } from "../../kernels/tokenize/compile/vocabulary.ts";
import { createCachedEncoder } from "../../kernels/tokenize/cached_encode.ts";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { decodeVocabulary } from "../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../kernels/tokenize/file/encode.ts";
import { readTiktokenJson } from "../../kernels/tokenize/formats/tiktoken.ts";
import type { TextMode } from "../../kernels/tokenize/model.ts";
import { Session } from "../../runtime/session.ts";
import type { TokenizePlan } from "../../kernels/tokenize/plan/plan.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { corpus, type NamedText } from "../text/corpus.ts";
import type { Candidate } from "./measure.ts";
import type { TextCandidate } from "./text_sizes.ts";

/** A vocabulary with its compiled table file, and the tokenizer that it is compared to. */
export interface BenchVocabulary {
  /** Tables decoded from `file`. */
  readonly tables: Vocabulary;
  /** The compiled table file. */
  readonly file: Uint8Array;
  /** The same encoding in tiktoken's WebAssembly. */
  readonly peer: Tiktoken;
}

/** Compiles one of tiktoken's encodings. */
export async function benchVocabulary(name: string): Promise<BenchVocabulary> {
  const path = new URL(`../../node_modules/tiktoken/encoders/${name}.json`, import.meta.url);
  const json = JSON.parse(readFileSync(path, "utf8"));
  const file = encodeVocabulary(await compileVocabulary(readTiktokenJson(json, name)));
  const peer = new Tiktoken(json.bpe_ranks, json.special_tokens, json.pat_str);
  return { tables: decodeVocabulary(file), file, peer };
}

/** First texts of a corpus: at least `bytes` of UTF-8, up to one document more. */
export function mixedTexts(bytes: number, documents: readonly NamedText[] = corpus()): string[] {
  const texts: string[] = [];
  const utf8 = new TextEncoder();
  let total = 0;
  for (const { text } of documents) {
    if (total >= bytes) break;
    texts.push(text);
    total += utf8.encode(text).length;
  }
  return texts;
}

/** Total bytes of texts as UTF-8. */
export function bytesOf(texts: readonly string[]): number {
  const utf8 = new TextEncoder();
  return texts.reduce((sum, text) => sum + utf8.encode(text).length, 0);
}

async function sessionOf(
  tables: Vocabulary,
  mode: TextMode,
  checksum: "crc32c" | "link",
): Promise<Session<TokenizePlan>> {
  const device = createModelDevice();
  const plan = compile({ steps: [{ op: "tokenize", mode }] }, { vocabulary: tables, device, checksum });
  return await Session.open(plan, device, { vocabulary: tables });
}

/** tiktoken and each tokenizer of this library, for texts of any size. */
export async function sizeCandidates({ tables, peer }: BenchVocabulary): Promise<TextCandidate[]> {
  const encoder = createEncoder(tables);
  const stateful = await sessionOf(tables, "stateful", "link");
  const overlap = await sessionOf(tables, "overlap", "link");
  return [
    { name: "tiktoken, WebAssembly", run: (texts) => texts.forEach((text) => peer.encode_ordinary(text)) },
    { name: "createEncoder()", run: (texts) => texts.forEach((text) => encoder.encode(text)) },
    { name: "stateful", run: (texts) => stateful.runMany(texts) },
    { name: "overlap", run: (texts) => overlap.runMany(texts) },
  ];
}

/** tiktoken and each tokenizer of this library, on the same texts. */
export async function tokenizeCandidates(
  { tables, peer }: BenchVocabulary,
  texts: readonly string[],
): Promise<Candidate[]> {
  const encoder = createEncoder(tables);
  const stateful = await sessionOf(tables, "stateful", "link");
  const sealed = await sessionOf(tables, "stateful", "crc32c");
  const overlap = await sessionOf(tables, "overlap", "link");
  return [
    { name: "tiktoken, WebAssembly", run: () => texts.forEach((text) => peer.encode_ordinary(text)) },
    { name: "createEncoder()", run: () => texts.forEach((text) => encoder.encode(text)) },
    { name: "model device, stateful", run: async () => void await stateful.runMany(texts) },
    { name: "model device, stateful, CRC-32C", run: async () => void await sealed.runMany(texts) },
    { name: "model device, overlap of 32", run: async () => void await overlap.runMany(texts) },
  ];
}

/** Texts of about a megabyte each on which simple tokenizers are slow. */
export const HOSTILE: Readonly<Record<string, string>> = {
  "spaces": " ".repeat(2 ** 20),
  "line feeds": "\n".repeat(2 ** 20),
  "spaces and line feeds": " \n".repeat(2 ** 19),
  "one letter": "a".repeat(2 ** 20),
  "digits": "1234567890".repeat(2 ** 17),
  "base64": Array.from({ length: 2 ** 20 }, (_, n) => base64Letter(n)).join(""),
  "one word of CJK": "漢字仮名交文".repeat(2 ** 16),
  "emoji": "👩‍👩‍👧‍👦".repeat(2 ** 16),
  "combining marks": "a\u0301\u0327".repeat(2 ** 18),
  "signs": "=-".repeat(2 ** 19),
  "one sign": "-".repeat(2 ** 20),
  "runs of signs": `${"#".repeat(283)}\t12~~`.repeat(3600),
};

/** Pseudorandom letter of base64. */
function base64Letter(n: number): string {
  const mixed = Math.imul(n ^ (n >>> 7), 0x9e3779b1) >>> 26;
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[mixed]!;
}

/** Hostile texts, and mixed text first, through `createEncoder()` or one session on the model device. */
export async function hostileCandidates(
  { tables }: BenchVocabulary,
  mixed: readonly string[],
  mode: TextMode | "encoder",
): Promise<(Candidate & { readonly bytes: number })[]> {
  const encoder = createEncoder(tables);
  const session = mode === "encoder" ? null : await sessionOf(tables, mode, "link");
  const candidate = (name: string, texts: readonly string[]) => ({
    name,
    bytes: bytesOf(texts),
    run: session === null
      ? () => texts.forEach((text) => encoder.encode(text))
      : async () => void await session.runMany(texts),
  });
  return [
    candidate("mixed texts", mixed),
    ...Object.entries(HOSTILE).map(([name, text]) => candidate(name, [text])),
  ];
}

/** Loading of a compiled table file up to the ids of a first text. */
export function openCandidates({ file }: BenchVocabulary): Candidate[] {
  const copy = new Uint8Array(file.length);
  return [
    { name: `memcpy of ${(file.length / 1e6).toFixed(2)} MB`, run: () => copy.set(file) },
    { name: "decodeVocabulary()", run: () => void decodeVocabulary(file) },
    {
      name: "decodeVocabulary(), createEncoder() and a first text",
      run: () => void createEncoder(decodeVocabulary(file)).encode("Hello, world"),
    },
  ];
}

/** Effect of a cache on one kind of prompts. */
export interface CacheRow {
  /** Kind of the prompts. */
  readonly name: string;
  /** Total bytes of the prompts. */
  readonly bytes: number;
  /** Share of the bytes that the cache held, 0 to 1. */
  readonly hit: number;
  /** Time without a cache, divided by the time with it. */
  readonly faster: number;
  /** Bytes of memory that the cache occupies at the end. */
  readonly held: number;
}

/**
 * Runs prompts through a cache that is empty at the start of each kind.
 *
 * @param vocabulary Vocabulary of both encoders.
 */
export function cacheRows({ tables }: BenchVocabulary): CacheRow[] {
  const encoder = createEncoder(tables);
  return Object.entries(promptKinds()).map(([name, prompts]) => {
    // Both encoders are warmed up first; the timed cache is empty.
    prompts.forEach((prompt) => encoder.encode(prompt));
    const warm = createCachedEncoder(new ChunkCache(tables));
    prompts.forEach((prompt) => warm.encode(prompt));
    const { cache, encode } = createCachedEncoder(new ChunkCache(tables));
    const time = (run: (text: string) => unknown) => {
      const begun = performance.now();
      prompts.forEach(run);
      return performance.now() - begun;
    };
    const plain = time(encoder.encode);
    const cached = time(encode);
    const { bytesHit, bytesLooked, held } = cache.stats;
    return { name, bytes: bytesOf(prompts), hit: bytesHit / bytesLooked, faster: plain / cached, held };
  });
}

/** Prompts by kind, made from the corpus. */
function promptKinds(): Record<string, string[]> {
  const documents = corpus().map(({ text }) => text.slice(0, 6000)).filter((text) => text.length > 3000);
  const some = documents.slice(0, 40);
  let seed = 7;
  const below = (limit: number) => {
    seed = Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    return seed % limit;
  };
  const edited = some.slice(0, 10).flatMap((document) => {
    let text = document;
    return Array.from({ length: 12 }, () => {
      const at = below(text.length - 60);
      text = `${text.slice(0, at)}${some[below(some.length)]!.slice(100, 100 + below(60))}${
        text.slice(at + below(60))
      }`;
      return text;
    });
  });
  const system = documents[3]!;
  return {
    "one system prompt, 120 questions": Array.from(
      { length: 120 },
      (_, n) => `${system}\n\nQuestion ${n}: ${documents[n % documents.length]!.slice(500, 900)}\n`,
    ),
    "a chat that grows by a turn, 40 times": Array.from(
      { length: 40 },
      (_, turns) => documents.slice(0, turns + 1).map((text) => `\n\nUser: ${text.slice(0, 300)}\n`).join(""),
    ),
    "10 documents, 12 edits one after another": edited,
    "templates with other fields, 120": Array.from(
      { length: 120 },
      (_, n) =>
        `Summarise for customer ${n}.\n\n${documents[n % 8]!.slice(0, 2500)}\n\nName: customer ${n}\n\n${
          documents[8 + n % 5]!.slice(0, 1500)
        }`,
    ),
    "texts that have nothing in common": documents.slice(0, 120),
  };
}
