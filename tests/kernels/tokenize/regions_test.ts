import fc from "fast-check";
import assert from "node:assert/strict";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { readTokenizerJson } from "../../../kernels/tokenize/formats/tokenizer_json.ts";
import { compilePattern } from "../../../kernels/tokenize/pattern/compile.ts";
import { pieces } from "../../../kernels/tokenize/pattern/pieces.ts";
import { plainPieces } from "../../../kernels/tokenize/reference_pieces.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { vocabulary, vocabularySource } from "./vocabularies.ts";

const CLASSES = ["\\p{N}", "[一-龥ぁ-ゟ]", "[xy]", "\\s"];
const REPEATS = ["+", "{1,3}", "{1,2}", ""];
const LASTS = [
  "[!-/:-~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "\\p{L}+(?!\\p{N})|\\p{L}",
  "a|ab|x1?|\\s+(?=\\p{L})",
  " ?\\p{L}+$|\\p{L}",
];
const text = fc.array(
  fc.oneof(
    fc.constantFrom(
      "a",
      "b",
      "x",
      "1",
      "22",
      " ",
      "  ",
      "\n",
      "漢字",
      "あ",
      "・",
      "!",
      "\0",
      "\0\0",
      "\u200da",
      "é",
    ),
    fc.string({ unit: "grapheme", maxLength: 3 }),
  ),
  { maxLength: 12 },
).map((parts) => parts.join("").toWellFormed());

Deno.test("compilePattern() cuts by several Splits as one after another does, or refuses them by name", () => {
  let compared = 0, refused = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.constantFrom(...CLASSES), fc.constantFrom(...REPEATS)), {
        minLength: 1,
        maxLength: 3,
        selector: ([set]) => set,
      }),
      fc.constantFrom(...LASTS),
      fc.array(text, { minLength: 6, maxLength: 6 }),
      (splits, last, texts) => {
        const first = splits.map(([set, repeat]) => set + repeat);
        let tables;
        try {
          tables = compilePattern(last, { first, unmatched: "piece", syntax: "oniguruma" });
        } catch (error) {
          refusal("pipeline", /shares code points|matches in what a bounded repeat|longer than|look/)(error);
          refused++;
          return;
        }
        const cuts = [...first, last].map((pattern) => plainPieces({ pattern, unmatched: "piece" }));
        for (const whole of texts) {
          const expected = cuts.reduce((parts, cut) => parts.flatMap(cut), whole === "" ? [] : [whole]);
          const bytes = new TextEncoder().encode(whole);
          const found: string[] = pieces(tables, bytes).map(({ start, end }) =>
            new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(start, end))
          );
          assert.deepEqual(found, expected, JSON.stringify([first, last, whole]));
          compared++;
        }
      },
    ),
    // The first example compiles whatever the seed is, so that a short run always compares something.
    {
      numRuns: sized(1500, 30),
      examples: [[[["\\p{N}", "+"]], LASTS[1]!, ["a1", "22 x", "漢字22", "é1", "", "x"]]],
    },
  );
  assert(compared > 0, `nothing compared, ${refused} refused`);
});

Deno.test("compilePattern() refuses Splits before the last that are no repeat of a class, by name", () => {
  const last = "\\p{L}+";
  for (const first of ["a*", "ab", "a|bc", "[ab]{2,3}", "[ab]+?", "(?=a)a"]) {
    assert.throws(
      () => compilePattern(last, { first: [first] }),
      refusal("pipeline", /greedy repeat of one class, from 1 on|the empty text/),
      first,
    );
  }
  assert.throws(
    () => compilePattern(last, { first: ["a+", "[ab]+"] }),
    refusal("pipeline", /shares code points/),
  );
  assert.throws(() => compilePattern(last, { first: ["a{1,2}"] }), refusal("pipeline", /a bounded repeat/));
});

longTest("compilePattern() gives back at most one code point with the Splits of DeepSeek V3", async () => {
  const tables = await vocabulary("deepseek_v3");
  assert(Math.max(...tables.pieces!.accept) <= 1);
  const { splitting } = vocabularySource("deepseek_v3");
  assert(splitting.kind === "pattern");
  assert.deepEqual(splitting.first, ["\\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+"]);
  const ids = createEncoder(tables).encode("\0\0\0a 1234あ・い  9");
  assert(ids.length > 4);
});

Deno.test("readTokenizerJson() accepts a Split at a text that the normalizer replaces, and no other", () => {
  const json = (from: string, at: string, behavior = "MergedWithPrevious") => ({
    added_tokens: [],
    normalizer: { type: "Replace", pattern: { String: from }, content: "▁" },
    pre_tokenizer: { type: "Split", pattern: { String: at }, behavior, invert: false },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
      ],
    },
    model: {
      type: "BPE",
      byte_fallback: true,
      vocab: Object.fromEntries(
        Array.from({ length: 256 }, (_, n) => [`<0x${n.toString(16).toUpperCase().padStart(2, "0")}>`, n]),
      ),
      merges: [],
    },
  });
  assert.deepEqual(readTokenizerJson(json(" ", " "), "gemma").splitting, { kind: "whole" });
  for (const [from, at] of [[" ", "▁"], ["  ", "  "], ["a", " "]]) {
    assert.throws(
      () => readTokenizerJson(json(from!, at!), "other"),
      (error) => error instanceof OnpathError,
    );
  }
});
