/**
 * Hugging Face's tokenizer.json: byte-level BPE (GPT-2, Llama 3, Qwen), BPE with byte fallback (Llama 2),
 * WordPiece (BERT) and Unigram (T5, XLM-R). A feature that onpath does not reproduce exactly is rejected by name.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import { parseWith } from "../../schema.ts";
import { checkName, MAX_ID_BYTES } from "../file/meta.ts";
import { checkJoined, readNormalizer } from "../../text_normalize/hf.ts";
import { readPreTokenizer } from "../../text_normalize/hf_pre_tokenizer.ts";
import { byteStrings } from "../compile/strings.ts";
import type { VocabularySource } from "../source.ts";
import type { SpecialToken } from "../vocabulary.ts";
import { fromByteLevel } from "./byte_level.ts";
import { type DecoderParts, readDecoder } from "./hf_decoder.ts";
import { byteToken, readBpeModel, readWordPieceModel } from "./hf_models.ts";
import { TOKENIZER_JSON, type TokenizerJson } from "./hf_schema.ts";
import { readUnigramModel } from "./hf_unigram.ts";
import { readPostProcessor } from "./hf_templates.ts";

const UTF8 = new TextEncoder();

/**
 * Reads a tokenizer.json.
 *
 * @param json Parsed file.
 * @param name Name of the vocabulary.
 * @returns The vocabulary, not compiled.
 * @throws {OnpathError} `file` if it is malformed or needs an unsupported feature; the message names the feature.
 *
 * @example
 * ```ts
 * import { readTokenizerJson } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const json = { model: { type: "WordLevel", vocab: {} }, added_tokens: [] };
 * assert.throws(() => readTokenizerJson(json, "mine"), /WordLevel is not supported, expected BPE, WordPiece or Unigram/);
 * ```
 */
export function readTokenizerJson(json: unknown, name: string): VocabularySource {
  checkName(name);
  const file = parseWith(TOKENIZER_JSON, json, "file", `tokenizer.json of "${name}"`);
  for (const part of ["truncation", "padding"] as const) {
    if (file[part] !== undefined && file[part] !== null) {
      throw new OnpathError(
        "file",
        `Cannot read tokenizer.json of "${name}": ${part} is not supported; cut or pad the ids where they are used`,
        { name, part },
      );
    }
  }
  const type = file.model.type ?? ("merges" in file.model ? "BPE" : "unnamed");
  if (type !== "BPE" && type !== "WordPiece" && type !== "Unigram") {
    throw new OnpathError(
      "file",
      `Cannot read model of "${name}": ${excerpt(type)} is not supported, expected BPE, WordPiece or Unigram`,
      { name, type: excerpt(type) },
    );
  }
  const normalization = readNormalizer(file.normalizer);
  const { splitting, byteLevel, steps } = readPreTokenizer(file.pre_tokenizer, normalization);
  const decoder = readDecoder(file.decoder, name);
  const special = readAddedTokens(file, normalization.length + steps.length > 0, name);
  checkJoined([...normalization, ...steps]);
  const { model, texts } = readModel(type, file.model, byteLevel, name);
  return {
    name,
    model,
    normalization: [...normalization, ...steps],
    splitting,
    decoded: decodedTokens(texts, special, decoder),
    decoding: decoder.decoding,
    special,
    ...readPostProcessor(file.post_processor, name),
  };
}

/** Reads the model, and the texts of its tokens with their ids. */
function readModel(
  type: "BPE" | "WordPiece" | "Unigram",
  json: TokenizerJson["model"],
  byteLevel: boolean,
  name: string,
): { model: VocabularySource["model"]; texts: Iterable<readonly [string, number]> } {
  if (type === "Unigram") {
    const { unigram, texts } = readUnigramModel(json, name);
    return { model: { algorithm: "unigram", unigram }, texts: texts.map((text, id) => [text, id] as const) };
  }
  const model = type === "BPE"
    ? { algorithm: "bpe" as const, bpe: readBpeModel(json, byteLevel, name) }
    : { algorithm: "wordpiece" as const, wordPiece: readWordPieceModel(json, name) };
  return { model, texts: Object.entries(json["vocab"] as Record<string, number>) };
}

function readAddedTokens(file: TokenizerJson, normalizes: boolean, name: string): SpecialToken[] {
  return file.added_tokens.map((token) => {
    const rule = token.single_word ? "single_word" : token.normalized && normalizes ? "normalized" : null;
    if (rule !== null) {
      throw new OnpathError(
        "file",
        `Cannot read added token "${excerpt(token.content)}" of "${name}": ${rule} is not supported`,
        { name, token: token.content, rule },
      );
    }
    const strip = token.lstrip && token.rstrip
      ? "both"
      : token.lstrip
      ? "left"
      : token.rstrip
      ? "right"
      : null;
    const kept = { text: token.content, id: token.id, ...(strip !== null && { strip } as const) };
    return token.special ? kept : { ...kept, isSkipped: false };
  });
}

/** Computes the bytes of each id. An added token takes precedence over the model's token of the same id. */
function decodedTokens(
  texts: Iterable<readonly [string, number]>,
  special: readonly SpecialToken[],
  { byteLevel, byteFallback, replace }: DecoderParts,
): VocabularySource["decoded"] {
  const textOf = new Map<number, string>();
  for (const [text, id] of texts) textOf.set(id, text);
  for (const { text, id } of special) textOf.set(id, text);
  const decode = (text: string) => {
    const bytes = byteLevel ? fromByteLevel(text) : byteFallback ? byteToken(text) : null;
    if (bytes !== null || replace === null) return bytes ?? UTF8.encode(text);
    // The size of the result is checked before it is created.
    const times = text.split(replace.from).length - 1;
    if (text.length + times * replace.to.length > MAX_ID_BYTES) {
      throw new OnpathError(
        "file",
        `Cannot read decoder: token "${excerpt(text)}" would become more than ${MAX_ID_BYTES} bytes`,
      );
    }
    return UTF8.encode(text.replaceAll(replace.from, replace.to));
  };
  return {
    strings: byteStrings(Array.from(textOf.values(), decode)),
    ids: Int32Array.from(textOf.keys()),
  };
}
