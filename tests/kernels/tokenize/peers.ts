/** The tokenizers that onpath is held to: tiktoken's WebAssembly, and Hugging Face's tokenizers in Rust. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isTiktoken, tekkenJson, tokenizerJson, type VocabularyName } from "./vocabularies.ts";

/** Tokenizes many texts, special tokens in them being text like any other. */
export interface Peer {
  /** Ids of each text. */
  readonly encode: (texts: readonly string[]) => Promise<number[][]>;
  /** Gives memory back. */
  readonly close: () => void;
}

/** The peer of a vocabulary. */
export async function peerOf(name: VocabularyName): Promise<Peer> {
  if (name === "tekken") return await tekkenPeer();
  return isTiktoken(name) ? await tiktokenPeer(name) : await tokenizersPeer(name);
}

async function tiktokenPeer(name: VocabularyName): Promise<Peer> {
  const { Tiktoken } = await import("tiktoken");
  const path = new URL(`../../../node_modules/tiktoken/encoders/${name}.json`, import.meta.url);
  const { bpe_ranks, special_tokens, pat_str } = JSON.parse(readFileSync(path, "utf8"));
  const encoder = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  return {
    encode: (texts) => Promise.resolve(texts.map((text) => Array.from(encoder.encode_ordinary(text)))),
    close: () => encoder.free(),
  };
}

/** mistral-common gives tiktoken the first ranks, and adds the number of special tokens to each id. */
async function tekkenPeer(): Promise<Peer> {
  const { Tiktoken } = await import("tiktoken");
  const { config, vocab } = tekkenJson();
  const first = config.default_num_special_tokens;
  const tokens = vocab.slice(0, config.default_vocab_size - first).map(({ token_bytes }) => token_bytes);
  const encoder = new Tiktoken(`! 0 ${tokens.join(" ")}`, {}, config.pattern);
  return {
    encode: (texts) =>
      Promise.resolve(texts.map((text) => Array.from(encoder.encode_ordinary(text), (id) => first + id))),
    close: () => encoder.free(),
  };
}

async function tokenizersPeer(name: VocabularyName): Promise<Peer> {
  const require = createRequire(import.meta.url);
  const { Tokenizer } = require("tokenizers") as typeof import("tokenizers");
  // Without added tokens their text is text like any other.
  const json = { ...tokenizerJson(name), added_tokens: [] };
  const tokenizer = Tokenizer.fromString(JSON.stringify(json));
  return await Promise.resolve({
    encode: async (texts) => {
      const ids: number[][] = [];
      for (const text of texts) {
        const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
        ids.push(encoding.getIds());
      }
      return ids;
    },
    close: () => {},
  });
}
