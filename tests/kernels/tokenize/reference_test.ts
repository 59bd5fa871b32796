import assert from "node:assert/strict";
import { plainTokenizer } from "../../../kernels/tokenize/reference.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpus, corpusSlice, hostileText } from "../../support/texts.ts";
import { peerOf } from "./peers.ts";
import { VOCABULARIES, vocabulary, vocabularySource } from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";
import { longTest, sized } from "../../support/long.ts";

/** A slice of every kind of text; `deno task tokens:check` takes all. */
function someTexts(): { name: string; text: string }[] {
  const next = random(11);
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  return [
    ...adversarialTexts().map(({ name, bytes }) => ({ name, text: utf8.decode(bytes) })),
    ...Array.from({ length: sized(400, 150) }, (_, i) => ({ name: `fuzz ${i}`, text: hostileText(next) })),
    ...corpusSlice(sized(80_000, 20_000)),
  ];
}

for (const name of VOCABULARIES) {
  longTest(`plainTokenizer() of ${name} equals its peer, and the compiled tables equal it`, async () => {
    const plain = plainTokenizer(vocabularySource(name));
    const tables = await vocabulary(name);
    const peer = await peerOf(name);
    try {
      const texts = someTexts();
      const expected = await peer.encode(texts.map(({ text }) => text));
      texts.forEach(({ name: title, text }, i) => {
        assert.deepEqual(plain(text), expected[i], title);
        assert.deepEqual(walkTokens(tables, text), expected[i], title);
      });
    } finally {
      peer.close();
    }
  }, name !== "bert");
}

Deno.test("plainTokenizer() matches special tokens where they are allowed, the longest first, and puts ids around", () => {
  const cl100k = plainTokenizer(vocabularySource("cl100k_base"));
  const text = "a<|endoftext|>b";
  assert.equal(cl100k(text).includes(100257), false);
  assert.deepEqual(cl100k(text, { allowedSpecial: "all" }), [...cl100k("a"), 100257, ...cl100k("b")]);
  assert.deepEqual(cl100k(text, { allowedSpecial: new Set([100258]) }), cl100k(text));
  const bert = plainTokenizer(vocabularySource("bert"));
  assert.deepEqual(bert("hello", { around: true }), [101, 7592, 102]);
});

Deno.test("corpus() has more than 10 MB of text in many scripts, the same each time", () => {
  const documents = corpus();
  const bytes = documents.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length, 0);
  assert(bytes > 10_000_000, `${bytes} bytes`);
  assert.equal(new Set(documents.map(({ name }) => name)).size, documents.length);
  const all = documents.map(({ text }) => text).join("");
  for (
    const script of [
      "Latin",
      "Cyrillic",
      "Greek",
      "Arabic",
      "Hebrew",
      "Devanagari",
      "Thai",
      "Han",
      "Hangul",
      "Hiragana",
    ]
  ) {
    assert.match(all, new RegExp(`\\p{Script=${script}}`, "u"));
  }
});
