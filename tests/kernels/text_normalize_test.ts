import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { BERT_PATTERN } from "../../kernels/text_normalize/splitting.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import { readNormalizer } from "../../kernels/text_normalize/hf.ts";
import { plainPieces } from "../../kernels/tokenize/reference_pieces.ts";
import { tokenizerJson } from "./tokenize/vocabularies.ts";

const require = createRequire(import.meta.url);
const { Tokenizer } = require("tokenizers") as typeof import("tokenizers");

/** Hugging Face's own normalizer. */
function peer(normalizer: unknown): (text: string) => string {
  const json = { ...tokenizerJson("bert"), normalizer };
  const own = Tokenizer.fromString(JSON.stringify(json)).getNormalizer()!;
  return (text) => own.normalizeString(text);
}

/** Every code point of the planes in use, between two letters. */
function* codePoints(): Generator<string> {
  for (let code = 0; code < 0x110000; code++) {
    const isSparse = code >= 0x32000 && code < 0xe0000 || code >= 0xe0200;
    if ((code >= 0xd800 && code < 0xe000) || (isSparse && code % 1009 !== 0)) continue;
    yield String.fromCodePoint(code);
  }
}

const OFF = { clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false };

/** Of Unicode 16 and 17: tokenizers' tables end before. Left out below, named in docs/vocabularies.md. */
const NEWER =
  /^[\u{105c0}-\u{105ff}\u{11380}-\u{113ff}\u{16100}-\u{1613f}\u{16d40}-\u{16d7f}\u{11938}\ua7cb-\ua7ff\u{16ea0}-\u{16ef0}]$/u;

for (const option of ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"] as const) {
  Deno.test(`normalizeText() does BERT's ${option} as tokenizers does, at every code point`, () => {
    const json = { type: "BertNormalizer", ...OFF, [option]: true };
    const [own, steps] = [peer(json), readNormalizer(json)];
    assert.equal(steps.length, 1);
    for (const one of codePoints()) {
      if (NEWER.test(one)) continue;
      const text = `a${one}b`;
      if (normalizeText(text, steps) !== own(text)) assert.equal(normalizeText(text, steps), own(text));
    }
  });
}

Deno.test("BERT_PATTERN cuts as tokenizers does, at every code point", () => {
  const own = Tokenizer.fromString(JSON.stringify(tokenizerJson("bert"))).getPreTokenizer()!;
  const plain = plainPieces({ pattern: BERT_PATTERN, unmatched: "drop" });
  for (const one of codePoints()) {
    const text = `a${one}b`;
    const pieces = plain(text).join("|");
    const expected = own.preTokenizeString(text).map(([piece]) => piece).join("|");
    if (pieces !== expected) assert.equal(pieces, expected, JSON.stringify(one));
  }
});

for (const form of ["NFC", "NFD", "NFKC", "NFKD"] as const) {
  Deno.test(`normalizeText() does ${form} as tokenizers does`, () => {
    const [own, steps] = [peer({ type: form }), readNormalizer({ type: form })];
    for (
      const text of [
        "é e\u0301 ﬁ ² ½ Å Å",
        "각 각 \u1100\u1161\u11a8",
        "\u0344\u0958 q\u0307\u0323 \u1e9b\u0323",
        "ｱｶﾞ Ⅷ ㍿",
      ]
    ) {
      assert.equal(normalizeText(text, steps), own(text));
    }
  });
}

Deno.test("normalizeText() does SentencePiece's steps: a mark before the text, and for every space", () => {
  const normalizer = tokenizerJson("mistral")["normalizer"];
  const [own, steps] = [peer(normalizer), readNormalizer(normalizer)];
  for (const text of ["", " ", "a  b", "▁a", "\ta\n"]) assert.equal(normalizeText(text, steps), own(text));
});
