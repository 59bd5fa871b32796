/**
 * Asks tiktoken and tokenizers, code point by code point, for what their tables of Unicode hold.
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

/** What is asked of tokenizers. */
export interface Probe {
  /** The normalizer. */
  getNormalizer(): { normalizeString(text: string): string };
  /** The pre-tokenizer. */
  getPreTokenizer(): { preTokenizeString(text: string): [string, [number, number]][] };
}

/** All code points but the surrogates, in texts of 1024. */
export const ALL_TEXTS: readonly string[] = Array.from({ length: 0x440 }, (_, i) => i * 0x400)
  .filter((first) => first < 0xd800 || first >= 0xe000)
  .map((first) => Array.from({ length: 0x400 }, (_, i) => String.fromCodePoint(first + i)).join(""));

const BYTES = Array.from({ length: 256 }, (_, i) => btoa(String.fromCharCode(i))).join(" ");

/**
 * Finds the code points that a class holds in tiktoken: with a token for each byte, only what matches comes out.
 *
 * @param source A pattern of one code point, of what tiktoken knows: it does not survive another.
 * @param texts The code points to ask for; default all.
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
 * Makes a tokenizer of tokenizers to ask.
 *
 * @param normalizer Its normalizer.
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
