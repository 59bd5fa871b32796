/** The tokenizer's ids, offsets and model inputs beside those of Hugging Face's tokenizers in Rust. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { Encoding, Tokenizer as PeerTokenizer, TruncationOptions } from "tokenizers";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import type { InputOptions } from "../../../kernels/tokenize/tokenizer/inputs.ts";
import { createTokenizer } from "../../../kernels/tokenize/tokenizer/tokenizer.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { longTest, sized } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { corpusSlice, hostileText } from "../../support/texts.ts";
import { tokenizerJson, vocabulary, type VocabularyName } from "./vocabularies.ts";

const { Tokenizer: Peer } = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** Vocabularies of a tokenizer.json. Bert's, Mistral's and, as RoBERTa's, a made one have templates. */
const NAMES: readonly VocabularyName[] = [
  "bert",
  "gpt2",
  "qwen2_5",
  "mistral",
  "llama3",
  "llama2",
  "deepseek_v3",
  "t5",
];

const numbers = (data: ArrayLike<number | bigint>) => Array.from(data, Number);

function texts(count: number): string[] {
  const next = random(count);
  return [
    "",
    " ",
    "Hello, world!",
    "  two  spaces ",
    "naïve café — 東京 😀 ok",
    ...corpusSlice(3000).map(({ text }) => text.slice(0, 300)),
    ...Array.from({ length: count }, () => hostileText(next)),
  ].map((text) => text.toWellFormed());
}

for (const name of NAMES) {
  longTest(`Tokenizer.encodeWithOffsets() of ${name} gives the ids and offsets of tokenizers`, async () => {
    const known = await vocabulary(name);
    const tokenizer = createTokenizer(known);
    const peer = Peer.fromString(JSON.stringify(tokenizerJson(name)));
    for (const text of texts(sized(200, 40))) {
      const expected = await peer.encode(text, null, { addSpecialTokens: false });
      const { ids, starts, ends } = tokenizer.encodeWithOffsets(text, {
        allowedSpecial: "all",
        unit: "points",
      });
      assert.deepEqual(numbers(ids), expected.getIds(), JSON.stringify(text));
      // A composed character stands for all its parts here, for the first one there.
      if (name === "qwen2_5" && text.normalize("NFC") !== text) continue;
      if (name === "t5" && !/^[ -~]*$/.test(text)) continue;
      for (const [n, offsets] of expected.getOffsets().entries()) {
        // The space that Mistral's rule adds stands for nothing here, for the first character there.
        if (["mistral", "llama2", "t5"].includes(name) && ends[n] === 0) continue;
        assert.deepEqual([starts[n], ends[n]], offsets, `token ${n} of ${JSON.stringify(text)}`);
      }
    }
  }, name !== "bert");
}

/** A RoBERTa-like file: GPT-2's tokens, ids around texts, offsets without spaces. */
function robertaJson(): Record<string, unknown> {
  const post = (prefix: boolean) => ({
    type: "RobertaProcessing",
    cls: ["<|endoftext|>", 50256],
    sep: ["!", 0],
    trim_offsets: true,
    add_prefix_space: prefix,
  });
  return { ...tokenizerJson("gpt2"), post_processor: post(false) };
}

const INPUTS: readonly (InputOptions & { readonly peer?: TruncationOptions; readonly pair?: boolean })[] = [
  {},
  { addSpecialTokens: false },
  { pair: true },
  { pair: true, addSpecialTokens: false },
  { maxLength: 9 },
  { maxLength: 9, overflow: true, addSpecialTokens: false },
  { maxLength: 9, overflow: true, stride: 3, truncationSide: "left", addSpecialTokens: false },
  { maxLength: 12, pair: true },
  { maxLength: 12, pair: true, truncationSide: "left", paddingSide: "left", padToMultipleOf: 8 },
  { maxLength: 40, pair: true, truncation: "only_second" },
  { maxLength: 60, pair: true, truncation: "only_first" },
];

const STRATEGIES = {
  longest_first: "LongestFirst",
  only_first: "OnlyFirst",
  only_second: "OnlySecond",
} as const;

async function compareInputs(known: Vocabulary, peer: PeerTokenizer): Promise<number> {
  const tokenizer = createTokenizer(known);
  const first = texts(10).filter((text) => text.normalize("NFC") === text).slice(0, 24);
  const second = first.map((_, at) => first[(at * 7 + 3) % first.length]!);
  const addedToPairs = known.templates!.pair!.reduce(
    (sum, part) => sum + ("ids" in part ? part.ids.length : 0),
    0,
  );
  let compared = 0;
  for (const { pair = false, ...row } of INPUTS) {
    // Of two long texts, this version of the peer gives an odd token to one by where words end: an even share
    // leaves none.
    const isShared = pair && row.truncation === undefined;
    const options = isShared && row.maxLength !== undefined
      ? { ...row, maxLength: row.maxLength + addedToPairs }
      : row;
    const { maxLength, stride = 0, truncation = "longest_first", truncationSide = "right" } = options;
    // With truncation set, this version of the peer drops most of the overflow. It cuts whole encodings rightly.
    const cutsAfter = options.overflow === true && maxLength !== undefined;
    if (maxLength === undefined || cutsAfter) peer.disableTruncation();
    else {
      peer.setTruncation(maxLength, {
        strategy: STRATEGIES[truncation] as never,
        direction: truncationSide,
        stride,
      });
    }
    const { addSpecialTokens = true } = options;
    for (const [at, text] of first.entries()) {
      const other = pair ? second[at]! : null;
      const call = () =>
        tokenizer.inputs(text, {
          ...options,
          ...(other !== null && { pairs: [other] }),
          type: "int32",
          unit: "points",
        });
      let encoding: Encoding;
      try {
        encoding = await peer.encode(text, other, { addSpecialTokens });
      } catch {
        assert.throws(call, /Cannot truncate/, `${JSON.stringify(options)} ${JSON.stringify(text)}`);
        continue;
      }
      if (cutsAfter) encoding.truncate(maxLength, stride, truncationSide);
      const rows = options.overflow === true ? [encoding, ...encoding.getOverflowing()] : [encoding];
      const found = call();
      const columns = found.input_ids.dims[1]!;
      assert.equal(columns % (options.padToMultipleOf ?? 1), 0);
      assert.equal(found.input_ids.dims[0], rows.length, `rows of ${JSON.stringify([options, text, other])}`);
      for (const [index, row] of rows.entries()) {
        const length = row.getIds().length;
        const from = index * columns + (options.paddingSide === "left" ? columns - length : 0);
        const part = (data: ArrayLike<number | bigint>, width = 1) =>
          numbers(data).slice(from * width, (from + length) * width);
        const place = JSON.stringify([options, text, other, index]);
        assert.deepEqual(part(found.input_ids.data), row.getIds(), `ids ${place}`);
        assert.deepEqual(part(found.token_type_ids.data), row.getTypeIds(), `types ${place}`);
        assert.deepEqual(
          part(found.special_tokens_mask.data),
          row.getSpecialTokensMask(),
          `special ${place}`,
        );
        assert.deepEqual(part(found.offset_mapping.data, 2), row.getOffsets().flat(), `offsets ${place}`);
        const mask = numbers(found.attention_mask.data).slice(index * columns, (index + 1) * columns);
        assert.equal(mask.reduce((sum, bit) => sum + bit, 0), length, `mask ${place}`);
        compared++;
      }
    }
  }
  return compared;
}

for (const name of ["bert", "qwen2_5"] as const) {
  longTest(
    `Tokenizer.inputs() of ${name} gives what tokenizers gives: pairs, truncation, overflow, sides`,
    async () => {
      const peer = Peer.fromString(JSON.stringify(tokenizerJson(name)));
      assert(await compareInputs(await vocabulary(name), peer) > 250);
    },
    name !== "bert",
  );
}

longTest("Tokenizer.inputs() gives RoBERTa's template and offsets without spaces", async () => {
  const known = await compileVocabulary(readTokenizerJson(robertaJson(), "roberta"));
  assert(await compareInputs(known, Peer.fromString(JSON.stringify(robertaJson()))) > 250);
});

Deno.test("Tokenizer.inputs() repeats the first text with each window of a second one that is too long", async () => {
  const known = await vocabulary("bert");
  const tokenizer = createTokenizer(known);
  const peer = Peer.fromString(JSON.stringify(tokenizerJson("bert")));
  const [question, context] = [
    "Who wrote it?",
    corpusSlice(900).map(({ text }) => text).join(" ").slice(0, 900),
  ];
  const plain = { addSpecialTokens: false };
  const [first, second] = [await peer.encode(question, null, plain), await peer.encode(context, null, plain)];
  const [maxLength, stride] = [48, 7];
  second.truncate(maxLength - 3 - first.getLength(), stride, "right");
  const windows = [second, ...second.getOverflowing()];
  assert(windows.length > 5);
  const [cls, sep] = [known.around.before[0]!, known.around.after[0]!];
  const found = tokenizer.inputs([question, question], {
    pairs: [context, "Me."],
    maxLength,
    stride,
    truncation: "only_second",
    overflow: true,
    padding: "max_length",
    type: "int32",
  });
  assert.deepEqual(found.input_ids.dims, [windows.length + 1, maxLength]);
  assert.deepEqual(found.sample_mapping, [...windows.map(() => 0), 1]);
  for (const [row, window] of windows.entries()) {
    const expected = [cls, ...first.getIds(), sep, ...window.getIds(), sep];
    const ids = numbers(found.input_ids.data).slice(row * maxLength, (row + 1) * maxLength);
    assert.deepEqual(ids.slice(0, expected.length), expected);
    assert(ids.slice(expected.length).every((id) => id === 0));
  }
});
