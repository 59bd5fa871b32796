/**
 * Reads the Unicode tables of tiktoken and tokenizers, code point by code point.
 *
 * @module
 */

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

interface Encoder {
  encode_ordinary(text: string): Uint32Array;
  free(): void;
}

const { Tiktoken } = require("tiktoken") as {
  Tiktoken: new (ranks: string, special: Record<string, number>, pattern: string) => Encoder;
};

const { Tokenizer } = require("tokenizers") as {
  Tokenizer: { fromString(json: string): Probe };
};

/** Interface of tokenizers that is probed. */
export interface Probe {
  /** Returns the normalizer. */
  getNormalizer(): { normalizeString(text: string): string };
  /** Returns the pre-tokenizer. */
  getPreTokenizer(): { preTokenizeString(text: string): [string, [number, number]][] };
}

/** All code points except surrogates, in texts of 1024. */
export const ALL_TEXTS: readonly string[] = Array.from({ length: 0x440 }, (_, i) => i * 0x400)
  .filter((first) => first < 0xd800 || first >= 0xe000)
  .map((first) => Array.from({ length: 0x400 }, (_, i) => String.fromCodePoint(first + i)).join(""));

const BYTES = Array.from({ length: 256 }, (_, i) => btoa(String.fromCharCode(i))).join(" ");

/**
 * Finds the code points of a class in tiktoken: with one token for each byte, exactly the matching text is
 * returned.
 *
 * @param source Pattern of one code point that tiktoken supports; an unsupported one crashes it.
 * @param texts Code points to test; default all.
 * @returns Code points in the order of the texts.
 */
export function tiktokenSet(source: string, texts: readonly string[] = ALL_TEXTS): number[] {
  const encoder = new Tiktoken(`! 0 ${BYTES}`, {}, source);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const codes = texts.flatMap((text) =>
    Array.from(decoder.decode(Uint8Array.from(encoder.encode_ordinary(text))), (one) => one.codePointAt(0)!)
  );
  encoder.free();
  return codes;
}

/**
 * Creates a tokenizer of tokenizers for probing.
 *
 * @param normalizer JSON of its normalizer.
 * @returns The tokenizer, with BERT's pre-tokenizer.
 */
export function tokenizersProbe(normalizer: unknown): Probe {
  return Tokenizer.fromString(JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer,
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { "[UNK]": 0 },
    },
  }));
}
