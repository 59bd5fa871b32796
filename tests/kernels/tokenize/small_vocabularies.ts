/**
 * Small vocabularies of each kind, and files forged from them.
 *
 * @module
 */

import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { readTiktoken } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { crc32c } from "../../../serialize/crc32c.ts";
import { tokenizerJson } from "./vocabularies.ts";

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** A small vocabulary of tiktoken's kind. */
export function tiny(): Promise<Vocabulary> {
  const bytes = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
  const merged = ["ab", "bc", "abc", " a", "é"].map((text, i) => `${base64(text)} ${256 + i}`);
  return compileVocabulary(
    readTiktoken([...bytes, ...merged].join("\n"), "tiny", {
      pattern: " ?\\p{L}+|\\s+(?!\\S)|\\s+|[^\\s\\p{L}]",
      special: { "<|end|>": 300 },
    }),
  );
}

/** A small vocabulary with byte fallback, and one of words. */
export async function others(): Promise<Vocabulary[]> {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const tokens = ["<unk>", ...bytes, "▁", "a", "b", "é", "▁a", "ab", "▁ab"];
  const characters = readTokenizerJson({
    added_tokens: [{ id: 0, content: "<unk>", special: true }],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      byte_fallback: true,
      unk_token: "<unk>",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: ["▁ a", "a b", ["▁", "ab"]],
    },
  }, "characters");
  const bert = tokenizerJson("bert") as { model: { vocab: Record<string, number> } };
  const vocab = Object.fromEntries(
    Object.entries(bert.model.vocab).filter(([, id]) => id < 2000 || id % 50 === 0),
  );
  const words = readTokenizerJson({ ...bert, model: { ...bert.model, vocab } }, "words");
  return [await compileVocabulary(characters), await compileVocabulary(words)];
}

/** A file with its length and CRC made right, as somebody could who means harm. */
export function resealed(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  view.setUint32(8, file.length - 16, true);
  view.setUint32(12, crc32c(file.subarray(16)), true);
  return file;
}
