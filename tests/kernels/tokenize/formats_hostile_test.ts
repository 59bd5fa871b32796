import fc from "fast-check";
import assert from "node:assert/strict";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeText } from "../../../kernels/tokenize/detokenize.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { readNormalizer } from "../../../kernels/text_normalize/hf.ts";
import { readSentencePiece } from "../../../kernels/tokenize/formats/sentence_piece.ts";
import { readTekken } from "../../../kernels/tokenize/formats/tekken.ts";
import { readTiktoken, readTiktokenJson } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { longTest } from "../../support/long.ts";

/** A tokenizer.json of all single bytes and two merges. */
function small(): Record<string, unknown> & { model: Record<string, unknown>; added_tokens: unknown[] } {
  const vocab: Record<string, number> = {};
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    vocab[String.fromCharCode(printable ? byte : next++)] = byte;
  }
  Object.assign(vocab, { ab: 256, abc: 257 });
  return {
    truncation: null,
    padding: null,
    added_tokens: [{ id: 258, content: "<end>" }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
    post_processor: null,
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: ["a b", "ab c"] },
  };
}

const message = (error: unknown) => {
  assert(error instanceof OnpathError, `expected an OnpathError, found ${error}`);
  assert(error.message.length < 1000, `a message of ${error.message.length} characters`);
  assert(JSON.stringify(error.toJSON()).length < 40_000, "details of more than 40,000 characters");
  return true;
};

for (const part of ["truncation", "padding"]) {
  Deno.test(`readTokenizerJson() refuses ${part} by name, unless it is null or absent`, () => {
    const json = small();
    readTokenizerJson(json, "own");
    delete json[part];
    readTokenizerJson(json, "own");
    for (const value of [{ max_length: 4 }, {}, false, 0]) {
      assert.throws(
        () => readTokenizerJson({ ...json, [part]: value }, "own"),
        refusal("file", new RegExp(`: ${part} is not supported`)),
      );
    }
  });
}

Deno.test("readTokenizerJson() keeps a token __proto__, and readTiktokenJson() a special one", async () => {
  const json = JSON.parse(JSON.stringify(small()).replace(`"abc":257`, `"abc":257,"__proto__":300`));
  const vocabulary = await compileVocabulary(readTokenizerJson(json, "proto"));
  assert.equal(decodeText(vocabulary, [300]), "__proto__");
  json.model.ignore_merges = true;
  const whole = await compileVocabulary(
    readTokenizerJson({
      ...json,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: ".+" }, behavior: "Isolated" },
          { type: "ByteLevel", add_prefix_space: false, use_regex: false },
        ],
      },
    }, "whole"),
  );
  assert.deepEqual([...createEncoder(whole).encode("__proto__")], [300]);
  const encoder = JSON.parse(`{"pat_str":".","bpe_ranks":"! 0 YQ==","special_tokens":{"__proto__":7}}`);
  assert.deepEqual(readTiktokenJson(encoder, "proto").special, [{ text: "__proto__", id: 7 }]);
});

Deno.test("compileVocabulary() refuses an id that is two tokens, of BPE and of WordPiece", async () => {
  const json = small();
  (json.model["vocab"] as Record<string, number>)["abc"] = 97;
  const source = readTokenizerJson(json, "twice");
  await assert.rejects(() => compileVocabulary(source), refusal("table", /two tokens have the id 97/));
  const words = readTokenizerJson({
    ...small(),
    pre_tokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { "[UNK]": 0, a: 1, "##a": 1 },
    },
  }, "words");
  await assert.rejects(() => compileVocabulary(words), refusal("table", /two tokens have the id 1/));
});

/** A sequence within others. */
const nestedIn = (key: string, depth: number): unknown => {
  let part: unknown = { type: "ByteLevel" };
  for (let n = 0; n < depth; n++) part = { type: "Sequence", [key]: [part] };
  return part;
};

Deno.test("readTokenizerJson() accepts post-processors in 8 sequences, and refuses 9 and 1,000", () => {
  readTokenizerJson({ ...small(), post_processor: nestedIn("processors", 8) }, "own");
  for (const depth of [9, 1000]) {
    const json = { ...small(), post_processor: nestedIn("processors", depth) };
    assert.throws(() => readTokenizerJson(json, "own"), refusal("file", /nested in eight others/));
  }
});

Deno.test("readTokenizerJson() accepts decoders in one sequence, and refuses 2 and 1,000", () => {
  readTokenizerJson({ ...small(), decoder: nestedIn("decoders", 1) }, "own");
  for (const depth of [2, 1000]) {
    const json = { ...small(), decoder: nestedIn("decoders", depth) };
    assert.throws(() => readTokenizerJson(json, "own"), refusal("file", /decoder of "own"/));
  }
});

Deno.test("readTokenizerJson() refuses parts of any type by the project's error, calling nothing of them", () => {
  for (const value of [{ toString: [] }, { type: { toString: [] } }, { type: 10n }, 10n, Symbol("x"), []]) {
    for (
      const part of ["decoder", "post_processor", "normalizer", "pre_tokenizer", "model", "added_tokens"]
    ) {
      if (part === "added_tokens" && Array.isArray(value)) continue;
      assert.throws(() => readTokenizerJson({ ...small(), [part]: value }, "own"), (error: unknown) => {
        return refusal("file")(error);
      });
    }
  }
});

Deno.test("readTokenizerJson() quotes little of a long input", () => {
  const long = "x".repeat(2 ** 20);
  const model = small().model;
  const changes: Record<string, unknown>[] = [
    { model: { type: long } },
    { model: { ...model, end_of_word_suffix: long } },
    { model: { ...model, continuing_subword_prefix: long } },
    { model: { ...model, merges: [`${long} ${long}`] } },
    { model: { ...model, merges: [0] } },
    { decoder: { type: long } },
    { normalizer: { type: long } },
    { pre_tokenizer: { type: long } },
    { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: long }, { type: long }] } },
    { post_processor: { type: long } },
    { added_tokens: [{ id: 1, content: long }] },
    { added_tokens: [{ id: 1, content: "x".repeat(4096), single_word: true }] },
    { added_tokens: Array(50_000).fill({ [long]: 1 }) },
    { decoder: { type: "WordPiece", prefix: long, cleanup: true } },
  ];
  for (const change of changes) {
    assert.throws(() => readTokenizerJson({ ...small(), ...change }, "own"), message);
  }
  assert.throws(() => readTokenizerJson(small(), long), message);
  assert.throws(() => readTiktoken(long, "own", { pattern: ".", special: {} }), message);
  assert.throws(() => readTiktoken("YQ== 0", long, { pattern: ".", special: {} }), message);
});

Deno.test("readNormalizer() refuses replace steps that grow a text more than 256 times", () => {
  const step = (content: string) => ({ type: "Replace", pattern: { String: "a" }, content });
  assert.equal(readNormalizer(step("b".repeat(256))).length, 1);
  assert.throws(() => readNormalizer(step("b".repeat(257))), refusal("file", /Replace that lengthens texts/));
});

Deno.test("readTiktoken() accepts a token of 4,096 bytes, and refuses one of 4,099 and a line of 16 MB", () => {
  const encoding = { pattern: ".", special: {} };
  const line = (bytes: number) => `${btoa("x".repeat(bytes))} 0`;
  assert.equal(readTiktoken(line(4096), "own", encoding).decoded.strings.bytes.length, 4096);
  for (const bytes of [4099, 12 * 2 ** 20]) {
    assert.throws(
      () => readTiktoken(line(bytes), "own", encoding),
      refusal("file", /line 1: "eHh4.*is not base64/),
    );
  }
});

Deno.test("readTiktoken() reads lines that are empty without keeping them, and counts them", () => {
  const encoding = { pattern: ".", special: {} };
  const empty = "\n".repeat(2 ** 20);
  assert.deepEqual([...readTiktoken(`${empty}YQ== 5\r\n\r\n! 7 Yg== Yw==`, "own", encoding).decoded.ids], [
    5,
    7,
    8,
  ]);
  assert.throws(() => readTiktoken(`${empty}? 5`, "own", encoding), refusal("file", /line 1048577: /));
  for (
    const bad of [
      "YQ== 0 1",
      "YQ==  0",
      "YQ==",
      " 0",
      "! x YQ==",
      "! 0  YQ==",
      "! 0 YQ== ",
      "YQ== 1234567890",
    ]
  ) {
    assert.throws(() => readTiktoken(bad, "own", encoding), refusal("file", /line 1: /), bad);
  }
});

/** Values that a mutation puts in place of a part. */
const VALUES = [
  null,
  0,
  1,
  255,
  256,
  300,
  -1,
  "",
  "a",
  "b",
  "ab",
  "a b",
  "é",
  "\u{1F600}",
  "x".repeat(5000),
  true,
  [],
  {},
];

/** Changes one place of a document. */
function mutate(json: unknown, path: readonly number[], value: unknown): unknown {
  const copy = structuredClone(json);
  let at = copy as Record<string, unknown>;
  for (let n = 0; n < path.length; n++) {
    const keys = Object.keys(at);
    if (keys.length === 0) return copy;
    const key = keys[path[n]! % keys.length]!;
    const inner = at[key];
    if (n === path.length - 1 || typeof inner !== "object" || inner === null) at[key] = value;
    else at = inner as Record<string, unknown>;
    if (at[key] === value) return copy;
  }
  return copy;
}

longTest(
  "compileVocabulary() compiles what decodeVocabulary() reads back, or refuses, whatever is changed",
  async () => {
    let compiled = 0, refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(fc.array(fc.nat(300), { minLength: 2, maxLength: 4 }), fc.constantFrom(...VALUES)),
          {
            minLength: 1,
            maxLength: 1,
          },
        ),
        async (changes) => {
          let json: unknown = small();
          for (const [path, value] of changes) json = mutate(json, path, value);
          let vocabulary;
          try {
            vocabulary = await compileVocabulary(readTokenizerJson(json, "mutant"));
          } catch (error) {
            message(error);
            refused++;
            return;
          }
          assert.deepEqual(decodeVocabulary(encodeVocabulary(vocabulary)), vocabulary);
          createEncoder(vocabulary, { special: "all" }).encode("abc <end> é");
          compiled++;
        },
      ),
      { numRuns: 600, seed: 5 },
    );
    assert(compiled > 10 && refused > 10, `${compiled} compiled, ${refused} refused: one side is not tested`);
  },
);

Deno.test("readers of vocabularies refuse a name that is no string by the project's error", async () => {
  const name = undefined as unknown as string;
  const refused = { name: "OnpathError", code: "file", message: /its name is undefined, expected a string/ };
  assert.throws(() => readTokenizerJson({}, name), refused);
  assert.throws(() => readTekken({}, name), refused);
  assert.throws(() => readTiktoken("", name as never), refused);
  await assert.rejects(readSentencePiece(new Uint8Array(1), name), refused);
});
