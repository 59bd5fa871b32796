/** Unigram vocabularies of a small model that SentencePiece trained (tests/golden/sentence_piece.py). */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  decodeSentencePiece,
  type SentencePieceModel,
} from "../../../kernels/tokenize/formats/sentence_piece_proto.ts";

/** Names of the models. */
export const MODELS = ["unigram", "bpe"] as const;

/** A model's file. */
export function modelFile(name: (typeof MODELS)[number]): Uint8Array {
  const path = new URL(`../../../tests/golden/${name}.model.gz`, import.meta.url);
  return new Uint8Array(gunzipSync(readFileSync(path)));
}

/** Texts and their ids as SentencePiece has them. */
export function goldenIds(): { texts: string[]; ids: Record<(typeof MODELS)[number], number[][]> } {
  return JSON.parse(
    readFileSync(new URL("../../../tests/golden/sentence_piece.json", import.meta.url), "utf8"),
  );
}

/** What a tokenizer.json does before its model, as the files of models in use have it. */
export const UNIGRAM_KINDS = ["xlm-r", "t5", "whole"] as const;

/** A tokenizer.json of the Unigram model. */
export function unigramJson(
  kind: (typeof UNIGRAM_KINDS)[number],
  hasFallback: boolean,
  { pieces, charsmap }: SentencePieceModel = decodeSentencePiece(modelFile("unigram"), "unigram"),
): Record<string, unknown> {
  const map = {
    type: "Precompiled",
    precompiled_charsmap: btoa(Array.from(charsmap, (byte) => String.fromCharCode(byte)).join("")),
  };
  const metaspace = { type: "Metaspace", replacement: "▁" };
  const before = {
    "xlm-r": {
      normalizer: map,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [{ type: "WhitespaceSplit" }, { ...metaspace, add_prefix_space: true }],
      },
    },
    t5: {
      normalizer: {
        type: "Sequence",
        normalizers: [
          map,
          { type: "Strip", strip_left: false, strip_right: true },
          { type: "Replace", pattern: { Regex: " {2,}" }, content: "▁" },
        ],
      },
      pre_tokenizer: { ...metaspace, prepend_scheme: "always", split: true },
    },
    whole: { normalizer: null, pre_tokenizer: { ...metaspace, prepend_scheme: "never", split: false } },
  }[kind];
  const vocab = pieces.map(({ text, score }): [string, number] => [text, score]);
  const byteName = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
  if (hasFallback) { for (let byte = 0; byte < 256; byte++) vocab.push([byteName(byte), -20]); }
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    ...before,
    post_processor: null,
    decoder: { ...metaspace, prepend_scheme: "always" },
    model: { type: "Unigram", unk_id: 0, vocab, byte_fallback: hasFallback },
  };
}
