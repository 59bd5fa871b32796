import fc from "fast-check";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { compile } from "../../../kernels/compile.ts";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import { plainTokenizer } from "../../../kernels/tokenize/reference.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { sized } from "../../support/long.ts";

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** A token that takes white space as RoBERTa's mask does, and its likes. */
const token = (id: number, content: string, lstrip: boolean, rstrip: boolean) => ({
  id,
  content,
  single_word: false,
  lstrip,
  rstrip,
  normalized: false,
  special: true,
});

/** RoBERTa's tokenizer.json in small: bytes and few merges, `<s>` and `</s>` around, `<mask>` with `lstrip`. */
function robertaJson(): Record<string, unknown> {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  // GPT-2's alphabet: printable bytes stand for themselves, and the others follow from 256 on.
  const isPlain = (byte: number) => byte > 32 && byte < 127 || byte > 160 && byte !== 173;
  let next = 256;
  const letters = bytes.map((byte) => String.fromCharCode(isPlain(byte) ? byte : next++));
  const vocab = Object.fromEntries(
    ["<s>", "<pad>", "</s>", "<unk>", ...letters, "Ġa", "ab"].map((one, id) => [one, id]),
  );
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [
      token(0, "<s>", false, false),
      token(2, "</s>", false, false),
      token(262, "<mask>", true, false),
      token(263, "<r>", false, true),
      token(264, "<both>", true, true),
    ],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      sep: ["</s>", 2],
      cls: ["<s>", 0],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: "BPE", unk_token: null, vocab, merges: ["Ġ a", "a b"] },
  };
}

const SPACES = [
  " ",
  "  ",
  "\n",
  "\t",
  "\u00a0",
  "\u0085",
  "\u3000",
  "\u2003",
  "\u2028",
  "\u202f",
  "\u205f",
  "\u1680",
];
const anyText = fc.array(
  fc.constantFrom(
    "<mask>",
    "<r>",
    "<both>",
    "<s>",
    "a",
    "b",
    "é",
    "<",
    "<ma",
    "\u200b",
    "\u2060",
    "\u3001",
    ...SPACES,
  ),
  { maxLength: 12 },
).map((parts) => parts.join(""));

Deno.test("createEncoder() lets tokens take white space as tokenizers does, cut anywhere", async () => {
  const json = robertaJson();
  const source = readTokenizerJson(json, "roberta");
  const vocabulary = await compileVocabulary(source);
  assert.deepEqual(decodeVocabulary(encodeVocabulary(vocabulary)), vocabulary);
  assert.deepEqual(vocabulary.special.map(({ strip }) => strip), [
    undefined,
    undefined,
    "left",
    "right",
    "both",
  ]);
  const peer = Tokenizer.fromString(JSON.stringify(json));
  const encoder = createEncoder(vocabulary, { special: "all" });
  const plain = plainTokenizer(source);
  await fc.assert(
    fc.asyncProperty(anyText, fc.integer({ min: 1, max: 7 }), async (text, size) => {
      const encoding = await peer.encode(text, null, { addSpecialTokens: false });
      const expected = encoding.getIds();
      assert.deepEqual(Array.from(encoder.encode(text)), expected);
      assert.deepEqual(plain(text, { allowedSpecial: "all" }), expected);
      const bytes = new TextEncoder().encode(text);
      const stream = encoder.stream(), parts: number[] = [];
      for (let from = 0; from < bytes.length; from += size) {
        parts.push(...stream.push(bytes.subarray(from, from + size)));
      }
      assert.deepEqual([...parts, ...stream.end()], expected);
    }),
    { numRuns: sized(5000, 500) },
  );
  assert.deepEqual(
    [...createEncoder(vocabulary, { special: "all", around: true }).encode("a <mask>")].length,
    4,
  );
});

Deno.test("Session gives the places of tokens that take white space, in both modes and as streams", async () => {
  const json = robertaJson();
  const vocabulary = await compileVocabulary(readTokenizerJson(json, "roberta"));
  // RoBERTa's post-processor trims places, which createTokenizer() does too.
  const peer = Tokenizer.fromString(JSON.stringify({ ...json, post_processor: null }));
  const texts = [
    "ab \t<mask> ab",
    " <both>  <mask><r> \n a",
    "\u3000<mask>",
    "a<r>",
    "<r>   <mask>  b",
    "   ",
  ];
  for (const mode of ["stateful", "overlap"] as const) {
    await using device = createModelDevice();
    const plan = compile({ steps: [{ op: "tokenize", mode, special: "all" }] }, {
      vocabulary,
      device,
      payload: 7,
    });
    const session = await Session.open(plan, device, { vocabulary });
    for (const text of texts) {
      const encoding = await peer.encode(text, null, { addSpecialTokens: false });
      const { output: { ids, starts, ends } } = await session.run(text);
      assert.deepEqual(Array.from(ids), encoding.getIds(), `${mode}: ${text}`);
      const decoder = new TextDecoder();
      const bytes = new TextEncoder().encode(text);
      const units = (at: number) => Array.from(decoder.decode(bytes.subarray(0, at))).length;
      encoding.getIds().forEach((id, at) => {
        if (id < 262) return;
        assert.deepEqual(
          [units(starts[at]!), units(ends[at]!)],
          encoding.getOffsets()[at],
          `${text}, token ${at}`,
        );
      });
    }
    if (mode === "overlap") continue;
    for (const text of texts) {
      const stream = session.stream();
      const ids: number[] = [];
      for (const one of text) ids.push(...await stream.push(one));
      ids.push(...await stream.end());
      assert.deepEqual(ids, (await peer.encode(text, null, { addSpecialTokens: false })).getIds(), text);
    }
  }
});

Deno.test("createEncoder() holds a megabyte of white space before a token in proportion to its length", async () => {
  const vocabulary = await compileVocabulary(readTokenizerJson(robertaJson(), "roberta"));
  const stream = createEncoder(vocabulary, { special: "all" }).stream();
  const spaces = " ".repeat(64);
  let ids = 0;
  for (let n = 0; n < 2 ** 14; n++) ids += stream.push(spaces).length;
  assert.equal(ids, 0, "white space is held back");
  assert.deepEqual([...stream.push("<mask>a"), ...stream.end()], [262, 4 + 97]);
});
