/**
 * Unigram of a tokenizer.json: T5, XLM-R and other models of SentencePiece.
 *
 * @module
 */

import { z } from "zod";
import { OnpathError } from "../../../serialize/errors.ts";
import { longList } from "../../lists.ts";
import { parseWith } from "../../schema.ts";
import { MAX_TOKENS } from "../compile/bpe.ts";
import { byteStrings } from "../compile/strings.ts";
import { MAX_SCORE } from "../file/meta.ts";
import type { UnigramSource } from "../source.ts";

const UTF8 = new TextEncoder();

function isScored(value: unknown): value is [text: string, score: number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" &&
    value[0].isWellFormed() &&
    typeof value[1] === "number" && Math.abs(value[1]) <= MAX_SCORE;
}

/** Schema of a `model` of type Unigram. */
const UNIGRAM_MODEL = z.object({
  type: z.literal("Unigram"),
  unk_id: z.int().min(0).max(MAX_TOKENS).nullish(),
  vocab: longList(isScored, MAX_TOKENS, "tokens, each a text and a score"),
  byte_fallback: z.boolean().nullish(),
});

/** Tokens of a Unigram model, and their texts by id. */
export interface UnigramModel {
  /** Model to compile. */
  readonly unigram: UnigramSource;
  /** By id: the token's text. */
  readonly texts: readonly string[];
}

/**
 * Reads a Unigram model. Of tokens with the same text, the last one counts, as in tokenizers.
 *
 * @param json `model` of the file.
 * @param name Name of the vocabulary.
 * @throws {OnpathError} `file` if the model is malformed or has no unknown token.
 */
export function readUnigramModel(json: unknown, name: string): UnigramModel {
  const model = parseWith(UNIGRAM_MODEL, json, "file", `model of "${name}"`);
  const unknown = model.unk_id ?? model.vocab.length;
  if (unknown >= model.vocab.length) {
    throw new OnpathError("file", `Cannot read model of "${name}": Unigram without an unknown token`, {
      name,
    });
  }
  return {
    unigram: unigramSource(model.vocab, unknown, model.byte_fallback ?? false),
    texts: model.vocab.map(([text]) => text),
  };
}

/**
 * Makes the source of a Unigram model.
 *
 * @param vocab Texts and scores, by id.
 * @param unknown Id of the unknown token.
 * @param hasFallback True if unknown characters become the tokens of their bytes.
 */
export function unigramSource(
  vocab: readonly (readonly [text: string, score: number])[],
  unknown: number,
  hasFallback: boolean,
): UnigramSource {
  const idOf = new Map<string, number>();
  vocab.forEach(([text], id) => idOf.set(text, id));
  const kept = [...idOf].filter(([text]) => text !== "");
  const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  return {
    strings: byteStrings(kept.map(([text]) => UTF8.encode(text))),
    ids: Int32Array.from(kept, ([, id]) => id),
    scores: Float64Array.from(kept, ([, id]) => vocab[id]![1]),
    lowest: vocab.reduce((least, [, score]) => Math.min(least, score), Infinity),
    unknown,
    ...(hasFallback && {
      fallback: Int32Array.from({ length: 256 }, (_, byte) => idOf.get(byteName(byte)) ?? -1),
    }),
  };
}
