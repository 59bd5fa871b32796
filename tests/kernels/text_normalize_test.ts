import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { BERT_PATTERN } from "../../kernels/text_normalize/splitting.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import { readNormalizer } from "../../kernels/text_normalize/hf.ts";
import { normalForm } from "../../kernels/text_normalize/normal_form.ts";
import { plainPieces } from "../../kernels/tokenize/reference_pieces.ts";
import { tokenizerJson } from "./tokenize/vocabularies.ts";
import { longTest, sized } from "../support/long.ts";

const require = createRequire(import.meta.url);
const { Tokenizer } = require("tokenizers") as typeof import("tokenizers");

/** Hugging Face's own normalizer. */
function peer(normalizer: unknown): (text: string) => string {
  const json = { ...tokenizerJson("bert"), normalizer };
  const own = Tokenizer.fromString(JSON.stringify(json)).getNormalizer()!;
  return (text) => own.normalizeString(text);
}

/** Every code point of the planes in use, and some of the others. */
function* codePoints(): Generator<string> {
  for (let code = 0; code < 0x110000; code++) {
    const isSparse = code >= 0x32000 && code < 0xe0000 || code >= 0xe0200;
    if ((code >= 0xd800 && code < 0xe000) || (isSparse && code % 1009 !== 0)) continue;
    yield String.fromCodePoint(code);
  }
}

const OFF = { clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false };

for (const option of ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"] as const) {
  Deno.test(`normalizeText() does BERT's ${option} as tokenizers does, at every code point`, () => {
    const json = { type: "BertNormalizer", ...OFF, [option]: true };
    const [own, steps] = [peer(json), readNormalizer(json)];
    assert.equal(steps.length, 1);
    for (const one of codePoints()) {
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
  longTest(
    `normalizeText() does ${form} as tokenizers does, at every code point, alone and between marks`,
    () => {
      const [own, steps] = [peer({ type: form }), readNormalizer({ type: form })];
      const texts = [
        "é e\u0301 ﬁ ² ½ Å Å",
        "각 각 \u1100\u1161\u11a8",
        "\u0344\u0958 q\u0307\u0323 \u1e9b\u0323",
        "ｱｶﾞ Ⅷ ㍿",
      ];
      for (const text of texts) assert.equal(normalizeText(text, steps), own(text));
      // Marks of the greatest class and of the least show the class of what stands between them.
      let at = 0;
      for (const one of codePoints()) {
        if (at++ % sized(1, 8) !== 0) continue;
        const text = `${one} a\u0345${one}\u0334 ${one}\u0301\u0323${one}`;
        const [made, expected] = [normalizeText(text, steps), own(text)];
        if (made !== expected) assert.equal(made, expected, one.codePointAt(0)!.toString(16));
      }
    },
    form !== "NFC",
  );

  Deno.test(`normalizeText() does ${form} as Unicode does where no vocabulary asks for less`, () => {
    const op = readNormalizer({ type: form })[0]!.op as "nfc";
    // Todhri's letter with a dot is of Unicode 16, and so is its decomposition.
    for (const text of ["\u{105d2}\u0307 \u{105c9}", "\u32ff", "\u{11938}"]) {
      assert.equal(normalizeText(text, [{ op }]), text.normalize(form));
    }
  });
}

Deno.test("normalForm() does not read beyond a slice, before and after the engine optimises it", () => {
  // The whole pair decomposes, its half does not. A slice of 13 and more units shares its string's memory.
  const half = `${"abc ".repeat(14)}\u{1d15e}`.slice(0, 57), work = { steps: 0 };
  for (let i = 0; i < 20_000; i++) {
    assert.equal(normalForm(half, "nfd", "unicode", work), half);
    assert.equal(work.steps, 0, `call ${i}`);
  }
});

Deno.test("normalForm() sorts marks beyond the BMP at a text's end, before and after the engine optimises it", () => {
  // U+101FD is the first mark beyond the BMP; its class is 220, as U+0323's; U+0301's is 230.
  const text = "\u{101fd}\u0301\u0323\u{101fd}", sorted = "\u{101fd}\u0323\u{101fd}\u0301";
  for (let i = 0; i < 20_000; i++) {
    const bmp = String.fromCharCode(0x300 + i % 0x3000);
    assert.equal(normalForm(`${bmp}a${bmp}`, "nfd"), `${bmp}a${bmp}`.normalize("NFD"));
    if (i % 64 === 0 || i > 19_000) assert.equal(normalForm(text, "nfkc"), sorted, `call ${i}`);
  }
});

Deno.test("normalizeText() puts a replacement as it is, dollars too", () => {
  assert.equal(normalizeText("aXb", [{ op: "replace", from: "X", to: "$&$$$`" }]), "a$&$$$`b");
});

longTest("normalForm() takes steps in proportion to the length, whatever the marks", () => {
  for (const form of ["nfc", "nfd", "nfkc", "nfkd"] as const) {
    const steps = (length: number) => {
      const work = { steps: 0 };
      const text = `a${"\u0301".repeat(length)}${"\u0323".repeat(length)}`;
      const made = normalForm(text, form, "unicode", work);
      const composed = { nfc: "\u1ea1", nfkc: "\u1ea1", nfd: "a\u0323", nfkd: "a\u0323" }[form];
      assert.equal(made, composed + "\u0323".repeat(length - 1) + "\u0301".repeat(length));
      return work.steps;
    };
    assert(steps(80_000) < 2.1 * steps(40_000), form);
    assert(steps(40_000) < 10 * 80_000, form);
    const short = { steps: 0 };
    normalForm("a\u0301\u0323".repeat(40_000), form, "unicode", short);
    assert(short.steps < 300 * 40_000, `${form}: ${short.steps}`);
  }
});

Deno.test("normalizeText() does SentencePiece's steps: a mark before the text, and for every space", () => {
  const normalizer = tokenizerJson("mistral")["normalizer"];
  const [own, steps] = [peer(normalizer), readNormalizer(normalizer)];
  for (const text of ["", " ", "a  b", "▁a", "\ta\n"]) assert.equal(normalizeText(text, steps), own(text));
});
