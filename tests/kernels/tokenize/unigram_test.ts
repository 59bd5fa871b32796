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
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import { Session } from "../../../runtime/session.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpusSlice, hostileText } from "../../support/texts.ts";
import { goldenIds, UNIGRAM_KINDS, unigramJson } from "./unigram_files.ts";

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** Ids of the peer. */
async function peerIds(json: unknown, texts: readonly string[]): Promise<number[][]> {
  const peer = Tokenizer.fromString(JSON.stringify(json));
  const ids: number[][] = [];
  for (const text of texts) ids.push((await peer.encode(text, null, { addSpecialTokens: false })).getIds());
  return ids;
}

function someTexts(fuzz: number, units: number): string[] {
  const next = random(fuzz);
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  return [
    ...goldenIds().texts,
    ...corpusSlice(units).map(({ text }) => text),
    ...adversarialTexts().map(({ bytes }) => utf8.decode(bytes.subarray(0, 2000))),
    ...Array.from({ length: fuzz }, () => hostileText(next).toWellFormed()),
    "a<unk>b<unk><unk>",
    "漢<unk>字",
  ];
}

for (const kind of UNIGRAM_KINDS) {
  for (const hasFallback of [false, true]) {
    longTest(
      `createEncoder() of a Unigram as ${kind}'s, ${
        hasFallback ? "with" : "without"
      } bytes, gives the ids of tokenizers`,
      async () => {
        const json = unigramJson(kind, hasFallback);
        const source = readTokenizerJson(json, kind);
        const encoder = createEncoder(await compileVocabulary(source));
        const plain = plainTokenizer(source);
        const texts = someTexts(sized(3000, 60), sized(80_000, 4_000));
        const expected = await peerIds(json, texts);
        const utf8 = new TextEncoder();
        texts.forEach((text, at) => {
          assert.deepEqual(Array.from(encoder.encode(text)), expected[at], JSON.stringify(text.slice(0, 80)));
          if (text.length < 1000) {
            assert.deepEqual(plain(text), expected[at], JSON.stringify(text.slice(0, 80)));
          }
          const stream = encoder.stream(), bytes = utf8.encode(text), parts: number[] = [];
          for (let from = 0; from < bytes.length; from += 7) {
            parts.push(...stream.push(bytes.subarray(from, from + 7)));
          }
          assert.deepEqual([...parts, ...stream.end()], expected[at]);
        });
      },
      kind === "whole" || hasFallback,
    );
  }
}

/** Scores whose sums are often equal, and tokens that overlap. */
const anyUnigram = fc.record({
  tokens: fc.uniqueArray(
    fc.tuple(
      fc.array(fc.constantFrom(..."abé"), { minLength: 1, maxLength: 5 }).map((all) => all.join("")),
      fc.constantFrom(-1, -2, -3, -0.1, -0.2, -0.3, -1e15, 0, 2),
    ),
    { minLength: 1, maxLength: 16, selector: ([text]) => text },
  ),
  texts: fc.array(fc.array(fc.constantFrom(..."ababé漢"), { maxLength: 24 }), { minLength: 6, maxLength: 6 }),
});

Deno.test("createEncoder() breaks ties of Unigram as tokenizers does", async () => {
  await fc.assert(
    fc.asyncProperty(anyUnigram, async ({ tokens, texts }) => {
      const json = {
        version: "1.0",
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "never" },
        model: { type: "Unigram", unk_id: 0, vocab: [["<unk>", 0], ...tokens], byte_fallback: false },
      };
      const source = readTokenizerJson(json, "ties");
      const encoder = createEncoder(await compileVocabulary(source));
      const plain = plainTokenizer(source);
      const whole = texts.map((parts) => parts.join(""));
      const expected = await peerIds(json, whole);
      whole.forEach((text, at) => {
        assert.deepEqual(Array.from(encoder.encode(text)), expected[at], text);
        assert.deepEqual(plain(text), expected[at], text);
      });
    }),
    { numRuns: sized(2000, 60) },
  );
});

Deno.test("Session runs Unigram on the model device in both modes", async () => {
  const json = unigramJson("xlm-r", false);
  const vocabulary = await compileVocabulary(readTokenizerJson(json, "xlm-r"));
  const texts = [
    ...goldenIds().texts.filter((text) => text !== ""),
    "漢".repeat(300),
    `${"x".repeat(700)} y`,
  ];
  const expected = await peerIds(json, texts);
  for (const mode of ["stateful", "overlap"] as const) {
    await using device = createModelDevice();
    const plan = compile({ steps: [{ op: "tokenize", mode }] }, { vocabulary, device, payload: 64 });
    const session = await Session.open(plan, device, { vocabulary });
    const { outputs } = await session.runMany(texts);
    outputs.forEach(({ ids }, at) =>
      assert.deepEqual(Array.from(ids), expected[at], `${mode}: ${texts[at]}`)
    );
  }
});

Deno.test("Session gives the places of Unigram's tokens that tokenizers gives", async () => {
  for (const kind of UNIGRAM_KINDS) {
    const json = unigramJson(kind, false);
    const vocabulary = await compileVocabulary(readTokenizerJson(json, kind));
    await using device = createModelDevice();
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary, device });
    const session = await Session.open(plan, device, { vocabulary });
    const peer = Tokenizer.fromString(JSON.stringify(json));
    for (const text of ["Hello, world!", "a  b c", " one\ttwo ", "x = y; // zz"]) {
      const { output: { starts, ends } } = await session.run(text);
      const offsets = (await peer.encode(text, null, { addSpecialTokens: false })).getOffsets();
      // A token of the mark alone has no bytes of the text, and tokenizers gives it those of what follows.
      const places = Array.from(starts, (start, at) => [start, ends[at]!]);
      for (const [at, place] of places.entries()) {
        if (place[0] !== place[1]) assert.deepEqual(place, offsets[at], `${kind}: ${text}, token ${at}`);
      }
    }
  }
});

Deno.test("decodeVocabulary() gives back Unigram, and refuses scores and ids that are forged", async () => {
  const vocabulary = await compileVocabulary(readTokenizerJson(unigramJson("t5", true), "t5"));
  assert.deepEqual(decodeVocabulary(encodeVocabulary(vocabulary)), vocabulary);
  const forged = (change: (copy: NonNullable<Vocabulary["unigram"]>) => void) => {
    const copy = structuredClone(vocabulary);
    change(copy.unigram!);
    return () => decodeVocabulary(encodeVocabulary(copy));
  };
  assert.throws(forged(({ scores }) => scores[7] = NaN), refusal("file", /the score of id 7 is NaN/));
  assert.throws(forged(({ scores }) => scores[8] = -Infinity), refusal("file", /the score of id 8/));
  assert.throws(forged((copy) => Object.assign(copy, { unknown: 2 ** 21 })), refusal("file", /is not below/));
  assert.throws(
    forged(({ whole }) => whole[whole.findIndex((id) => id === 9)] = 8),
    refusal("file", /two tokens/),
  );
  assert.throws(
    forged((copy) => Object.assign(copy, { scores: copy.scores.subarray(1) })),
    refusal("file", /scores/),
  );
});

Deno.test("readTokenizerJson() refuses what Unigram's files may have beside what is read, by name", () => {
  const json = unigramJson("t5", false) as Record<string, Record<string, unknown>>;
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "first" };
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ model: { ...json["model"], unk_id: null } }, /Unigram without an unknown token/],
    [{ model: { ...json["model"], vocab: [["a", null]] } }, /each a text and a score/],
    [{ pre_tokenizer: metaspace }, /Metaspace that prepends "first"/],
    [{ normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } }, /a double array of -1 bytes/],
    [
      { normalizer: { type: "Sequence", normalizers: [json["normalizer"], { type: "NFC" }] } },
      /charsmap with nfc/,
    ],
    [{ normalizer: { type: "Replace", pattern: { Regex: "a+" }, content: "" } }, /regular expression/],
  ];
  for (const [change, message] of cases) {
    assert.throws(() => readTokenizerJson({ ...json, ...change }, "mine"), refusal("file", message));
  }
});

Deno.test("createEncoder() of Unigram takes a megabyte of one piece in proportion to its length", async () => {
  const vocabulary = await compileVocabulary(readTokenizerJson(unigramJson("whole", false), "whole"));
  const steps = (length: number) => {
    const encoder = createEncoder(vocabulary);
    encoder.encode("a".repeat(length));
    return encoder.lookups().automaton;
  };
  assert(steps(200_000) < 21 * steps(10_000));
  assert.throws(() => createEncoder({} as Vocabulary), (error) => error instanceof OnpathError);
});
