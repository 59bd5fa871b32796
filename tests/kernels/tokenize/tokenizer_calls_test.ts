/** Both columns of docs/tokenizer.md: the calls of tiktoken and of transformers.js, beside those of onpath. */

import { Template } from "@huggingface/jinja";
import { Tokenizer as HfTokenizer } from "@huggingface/tokenizers";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { get_encoding_name_for_model, Tiktoken } from "tiktoken";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { readTiktokenJson, TIKTOKEN_ENCODINGS } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { encodingForModel } from "../../../kernels/tokenize/tokenizer/model_names.ts";
import { createTokenizer } from "../../../kernels/tokenize/tokenizer/tokenizer.ts";
import { longTest } from "../../support/long.ts";
import { refusal } from "../../support/failure.ts";
import { corpusSlice, hostileText } from "../../support/texts.ts";
import { random } from "../../support/random.ts";
import { tokenizerJson, vocabulary } from "./vocabularies.ts";

const ENCODERS = new URL("../../../node_modules/tiktoken/", import.meta.url);

const read = (path: string) => JSON.parse(readFileSync(new URL(path, ENCODERS), "utf8"));

function texts(): string[] {
  const next = random(3);
  return [
    "",
    "Hello, world! 😀",
    ...corpusSlice(1500).map(({ text }) => text.slice(0, 400)),
    ...Array.from({ length: 40 }, () => hostileText(next)),
  ].map((text) => text.toWellFormed());
}

const numbers = (data: ArrayLike<number | bigint>) => Array.from(data, Number);

Deno.test("Tokenizer gives what the calls of tiktoken give, special tokens allowed, refused and ordinary", async () => {
  const { bpe_ranks, special_tokens, pat_str } = read("encoders/cl100k_base.json");
  const enc = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  const tokenizer = createTokenizer(await vocabulary("cl100k_base"));
  try {
    const [end, fim] = ["<|endoftext|>", "<|fim_prefix|>"];
    for (const [at, plain] of texts().entries()) {
      const text = at % 2 === 0 ? plain : `${plain}${end}${plain.slice(0, 9)}`;
      const hasSpecial = text.includes(end);
      if (hasSpecial) {
        assert.throws(() => enc.encode(text));
        assert.throws(() => tokenizer.encode(text), refusal("pipeline", /"<\|endoftext\|>" at offset \d+/));
      } else assert.deepEqual(tokenizer.encode(text), enc.encode(text));
      assert.deepEqual(tokenizer.encode(text, { allowedSpecial: "all" }), enc.encode(text, "all"));
      assert.deepEqual(tokenizer.encode(text, { allowedSpecial: [end] }), enc.encode(text, [end]));
      assert.deepEqual(tokenizer.encode(text, { disallowedSpecial: [] }), enc.encode(text, [], []));
      assert.deepEqual(tokenizer.encode(text, { disallowedSpecial: [fim] }), enc.encode(text, [], [fim]));
      assert.deepEqual(tokenizer.encodeOrdinary(text), enc.encode_ordinary(text));
      const ids = tokenizer.encodeOrdinary(text);
      assert.equal(
        tokenizer.decode(ids),
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(enc.decode(ids)),
      );
      assert.equal(tokenizer.count(text, { disallowedSpecial: [] }), ids.length);
    }
    assert.throws(() => tokenizer.encode(`a${fim}`, { allowedSpecial: [end] }), refusal("pipeline"));
    assert.throws(() => tokenizer.encode("a", { allowedSpecial: ["<|no|>"] }), refusal("pipeline"));
  } finally {
    enc.free();
  }
});

for (const name of ["bert", "qwen2_5"] as const) {
  longTest(`Tokenizer of ${name} gives what the calls of transformers.js's tokenizers give`, async () => {
    const json = tokenizerJson(name);
    const hf = new HfTokenizer(json, {});
    const tokenizer = createTokenizer(await vocabulary(name));
    // Real texts: that peer lowers and normalises by the JavaScript engine, which differs from Rust in rare cases.
    const list = corpusSlice(6000).flatMap(({ text }) => text.match(/.{1,300}/gsu) ?? []);
    assert(list.length > 8);
    for (const [at, text] of list.entries()) {
      const ids = hf.encode(text, { add_special_tokens: false }).ids;
      assert.deepEqual(numbers(tokenizer.encode(text, { allowedSpecial: "all" })), ids);
      const one = tokenizer.inputs(text);
      assert.equal(one.input_ids.type, "int64");
      assert.deepEqual(numbers(one.input_ids.data), hf.encode(text).ids);
      const whole = numbers(one.input_ids.data);
      if (name === "bert") {
        // That peer drops the second text where the file has no template of two.
        const pair = list[(at * 5 + 1) % list.length]!;
        const [two, expected] = [
          tokenizer.inputs(text, { pairs: [pair] }),
          hf.encode(text, { text_pair: pair, return_token_type_ids: true }),
        ];
        assert.deepEqual(numbers(two.input_ids.data), expected.ids);
        assert.deepEqual(numbers(two.token_type_ids.data), expected.token_type_ids);
        // It cleans up WordPiece's text as a whole; Rust and this, token by token.
        continue;
      }
      assert.equal(
        tokenizer.decode(one.input_ids.data, { skipSpecialTokens: true }),
        whole.length === 0 ? "" : hf.decode(whole, { skip_special_tokens: true }),
      );
    }
  }, name !== "bert");
}

longTest(
  "Tokenizer.decode() skips special tokens only, and not added tokens that a file does not mark so",
  async () => {
    const tokenizer = createTokenizer(await vocabulary("qwen2_5"));
    const ids = tokenizer.encode("a<|im_end|>b<tool_call>", { allowedSpecial: "all" });
    assert.equal(ids.length, 4);
    assert.equal(tokenizer.decode(ids), "a<|im_end|>b<tool_call>");
    assert.equal(tokenizer.decode(ids, { skipSpecialTokens: true }), "ab<tool_call>");
  },
);

longTest("Tokenizer encodes what @huggingface/jinja renders of a chat template", async () => {
  const tokenizer = createTokenizer(await vocabulary("qwen2_5"));
  const template = new Template(
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}" +
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
  );
  const messages = [{ role: "user", content: "Hello" }];
  const prompt = template.render({ messages, add_generation_prompt: true });
  const ids = tokenizer.encode(prompt, { allowedSpecial: "all" });
  const [start, end] = [151644, 151645];
  assert.deepEqual([ids[0], ids.filter((id) => id === start).length, ids.includes(end)], [start, 2, true]);
  assert.equal(tokenizer.decode(ids), prompt);
});

longTest("Tokenizer of o200k_harmony gives tiktoken's ids, with the special tokens of gpt-oss", async () => {
  const { special } = TIKTOKEN_ENCODINGS.o200k_harmony!;
  assert.equal(Object.keys(special).length, 1091);
  const { bpe_ranks, pat_str } = read("encoders/o200k_base.json");
  const enc = new Tiktoken(bpe_ranks, special, pat_str);
  const json = { bpe_ranks, pat_str, special_tokens: special };
  const tokenizer = createTokenizer(await compileVocabulary(readTiktokenJson(json, "o200k_harmony")));
  try {
    const names = Object.keys(special);
    for (const [at, plain] of texts().entries()) {
      const text = `<|start|>user<|message|>${plain}<|end|>${names[(at * 97) % names.length]}`;
      const ids = enc.encode(text, "all");
      assert.deepEqual(tokenizer.encode(text, { allowedSpecial: "all" }), ids);
      assert.deepEqual(tokenizer.encodeOrdinary(text), enc.encode_ordinary(text));
      assert.equal(
        tokenizer.decode(ids),
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(enc.decode(ids)),
      );
    }
    assert.equal(tokenizer.decode([200018]), "<|reserved_200018|>");
    assert.equal(encodingForModel("gpt-oss-120b"), "o200k_harmony");
  } finally {
    enc.free();
  }
});

Deno.test("encodingForModel() names the encoding that tiktoken has, for all its models", () => {
  const models: Record<string, string> = read("model_to_encoding.json");
  assert(Object.keys(models).length > 80);
  for (const [model, encoding] of Object.entries(models)) {
    assert.equal(encodingForModel(model), encoding, model);
  }
  assert.equal(encodingForModel("gpt-4o-2099-01-01"), get_encoding_name_for_model("gpt-4o"));
  for (const model of ["gpt-9", "", "__proto__", "toString"]) {
    assert.throws(() => encodingForModel(model), refusal("pipeline", /does not list it/));
  }
});
