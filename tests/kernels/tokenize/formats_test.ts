import assert from "node:assert/strict";
import { fromByteLevel } from "../../../kernels/tokenize/formats/byte_level.ts";
import {
  readTiktoken,
  readTiktokenJson,
  TIKTOKEN_ENCODINGS,
} from "../../../kernels/tokenize/formats/tiktoken.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import type { VocabularySource } from "../../../kernels/tokenize/source.ts";
import { readFileSync } from "node:fs";
import { refusal } from "../../support/failure.ts";
import { tokenizerJson, vocabularySource } from "./vocabularies.ts";
import { longTest } from "../../support/long.ts";

type Json = Record<string, unknown>;

/** A part of tokenizer.json with something else in its place. */
function changed(json: Json, path: string, value: unknown): Json {
  const [first, ...rest] = path.split(".") as [string, ...string[]];
  return {
    ...json,
    [first]: rest.length === 0 ? value : changed(json[first] as Json, rest.join("."), value),
  };
}

const bytesOf = ({ strings, ids }: VocabularySource["decoded"], id: number) => {
  const place = ids.indexOf(id);
  return strings.bytes.subarray(strings.offsets[place]!, strings.offsets[place + 1]!);
};

Deno.test("TIKTOKEN_ENCODINGS are those of tiktoken's own files", () => {
  for (const [name, encoding] of Object.entries(TIKTOKEN_ENCODINGS)) {
    // The package has no file of gpt-oss's encoding, which adds special tokens to another.
    const file = name === "o200k_harmony" ? "o200k_base" : name;
    const path = new URL(`../../../node_modules/tiktoken/encoders/${file}.json`, import.meta.url);
    const { pat_str, special_tokens } = JSON.parse(readFileSync(path, "utf8"));
    assert.equal(encoding.pattern, pat_str, name);
    if (file === name) assert.deepEqual(encoding.special, special_tokens, name);
    else {for (const [text, id] of Object.entries(special_tokens)) {
        assert.equal(encoding.special[text], id, text);
      }}
  }
});

Deno.test("readTiktoken() reads lines and the closer form alike", () => {
  const encoding = { pattern: "\\p{L}+", special: { "<e>": 9 } };
  const lines = readTiktoken("YQ== 0\r\nYg== 1\nYWI= 3\n", "lines", encoding);
  const close = readTiktoken("! 0 YQ== Yg==\n! 3 YWI=\n", "lines", encoding);
  assert.deepEqual(lines, close);
  assert.deepEqual(Array.from(lines.decoded.ids), [0, 1, 3, 9]);
  assert.deepEqual(bytesOf(lines.decoded, 3), Uint8Array.of(97, 98));
  assert.deepEqual(bytesOf(lines.decoded, 9), new TextEncoder().encode("<e>"));
});

Deno.test("readTiktoken() refuses by name and line", () => {
  const encoding = { pattern: ".", special: { "<e>": 0 } };
  assert.throws(
    () => readTiktoken("YQ== 0", "own"),
    refusal("file", /unknown encoding, expected one of r50k_base/),
  );
  assert.throws(
    () => readTiktoken("YQ== 0\n?? 1", "own", encoding),
    refusal("file", /line 2: "\?\?" is not base64/),
  );
  assert.throws(
    () => readTiktoken("YQ== 0\nYg== x", "own", encoding),
    refusal("file", /line 2: expected base64/),
  );
  assert.throws(
    () => readTiktoken("YQ== 1\nYg== 1", "own", encoding),
    refusal("file", /line 2: rank 1 is repeated/),
  );
  assert.throws(
    () => readTiktoken("YQ== 0", "own", encoding),
    refusal("file", /rank 0 is also the special token "<e>"/),
  );
  assert.throws(() => readTiktoken("\n", "own", encoding), refusal("file", /no tokens/));
  assert.throws(() => readTiktokenJson({ pat_str: "." }, "own"), refusal("file", /encoder "own"/));
});

Deno.test("fromByteLevel() is the inverse of GPT-2's alphabet: 256 characters for 256 bytes", () => {
  const bytes = new Set<number>();
  for (let code = 0; code < 0x200; code++) {
    const byte = fromByteLevel(String.fromCharCode(code));
    if (byte !== null) bytes.add(byte[0]!);
  }
  assert.equal(bytes.size, 256);
  assert.deepEqual(fromByteLevel("Ċ"), Uint8Array.of(10));
});

longTest("readTokenizerJson() reads what five vocabularies say", () => {
  const gpt2 = vocabularySource("gpt2");
  const tiktoken = vocabularySource("r50k_base");
  assert.deepEqual(
    gpt2.splitting.kind === "pattern" && gpt2.splitting.pattern,
    tiktoken.splitting.kind === "pattern" && tiktoken.splitting.pattern,
  );
  for (const id of [0, 262, 50255, 50256]) {
    assert.deepEqual(bytesOf(gpt2.decoded, id), bytesOf(tiktoken.decoded, id));
  }
  const llama3 = vocabularySource("llama3");
  assert(llama3.model.algorithm === "bpe" && llama3.model.bpe.wholeFirst);
  assert.equal(llama3.special.length, 256);
  assert.deepEqual(vocabularySource("qwen2_5").normalization, [{ op: "nfc", tables: "tokenizers" }]);
  const mistral = vocabularySource("mistral");
  assert.deepEqual(mistral.around, { before: [1], after: [] });
  assert.deepEqual(mistral.decoding, { kind: "bytes", leadingSpaces: 1 });
  assert.deepEqual(mistral.normalization, [
    { op: "prepend", text: "▁" },
    { op: "replace", from: " ", to: "▁" },
  ]);
  assert.deepEqual(bytesOf(mistral.decoded, 3 + 10), Uint8Array.of(10), "<0x0A> is a byte");
  const bert = vocabularySource("bert");
  assert.deepEqual(bert.around, { before: [101], after: [102] });
  assert(bert.model.algorithm === "wordpiece");
  assert.equal(bert.model.wordPiece.unknown, 100);
  assert.deepEqual(bert.normalization.map(({ op }) => op), [
    "clean_text",
    "space_chinese",
    "strip_accents",
    "lower_case",
  ]);
});

const GPT2 = tokenizerJson("gpt2");
const SMALL = changed(GPT2, "model", { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: ["a b"] });
const BERT = tokenizerJson("bert");

for (
  const [what, json, message] of [
    ["an empty Unigram", changed(SMALL, "model", { type: "Unigram", vocab: [] }), /without an unknown token/],
    ["WordLevel", changed(SMALL, "model", { type: "WordLevel", vocab: {} }), /WordLevel is not supported/],
    ["dropout", changed(SMALL, "model.dropout", 0.1), /dropout 0.1 is not supported/],
    [
      "a suffix of words",
      changed(SMALL, "model.end_of_word_suffix", "</w>"),
      /suffix "<\/w>" is not supported/,
    ],
    ["a prefix within words", changed(SMALL, "model.continuing_subword_prefix", "##"), /prefix "##"/],
    ["characters without bytes", changed(SMALL, "pre_tokenizer", null), /characters without byte fallback/],
    [
      "merges of nothing",
      changed(SMALL, "model.merges", ["a c"]),
      /merge 0, "a c", does not join two known tokens/,
    ],
    ["merges of three", changed(SMALL, "model.merges", ["a b c"]), /merge 0/],
    ["ids that are none", changed(SMALL, "model.vocab", { a: -1 }), /model of "own"/],
    [
      "a prefix space",
      changed(SMALL, "pre_tokenizer.add_prefix_space", true),
      /add_prefix_space is not supported/,
    ],
    [
      "Metaspace without a mark",
      changed(SMALL, "pre_tokenizer", { type: "Metaspace" }),
      /pre_tokenizer.replacement/,
    ],
    ["Whitespace", changed(SMALL, "pre_tokenizer", { type: "Whitespace" }), /Whitespace is not supported/],
    [
      "several splits",
      changed(SMALL, "pre_tokenizer", {
        type: "Sequence",
        pretokenizers: [{ type: "Digits" }, { type: "Punctuation" }, { type: "ByteLevel" }],
      }),
      /Digits, Punctuation, ByteLevel is not supported/,
    ],
    [
      "a split that merges",
      changed(SMALL, "pre_tokenizer", {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: "a" }, behavior: "MergedWithNext", invert: false },
          { type: "ByteLevel", add_prefix_space: false, use_regex: false },
        ],
      }),
      /Split of behavior MergedWithNext is not supported/,
    ],
    [
      "Nmt",
      changed(SMALL, "normalizer", { type: "Nmt" }),
      /normalizer: Nmt is not supported/,
    ],
    [
      "a replacement by expression",
      changed(SMALL, "normalizer", { type: "Replace", pattern: { Regex: " +" }, content: " " }),
      /Replace of a regular expression is not supported/,
    ],
    ["no decoder", changed(SMALL, "decoder", null), /decoder of "own": null is not supported/],
    ["a decoder of CTC", changed(SMALL, "decoder", { type: "CTC" }), /CTC is not supported/],
    ["a post-processor", changed(SMALL, "post_processor", { type: "Own" }), /post_processor of "own": Own/],
    [
      "a token at word's ends",
      changed(SMALL, "added_tokens", [{ id: 9, content: "<m>", single_word: true }]),
      /added token "<m>" of "own": single_word is not supported/,
    ],
    [
      "a token in normalised text",
      changed(BERT, "added_tokens", [{ id: 9, content: "<m>", normalized: true }]),
      /normalized is not supported/,
    ],
    ["WordPiece without [UNK]", changed(BERT, "model.unk_token", "[NO]"), /unknown token "\[NO\]" has no id/],
    ["no object", "tokenizer", /tokenizer.json of "own"/],
  ] as const
) {
  Deno.test(`readTokenizerJson() refuses ${what} by name`, () => {
    assert.throws(() => readTokenizerJson(json, "own"), refusal("file", message));
  });
}
