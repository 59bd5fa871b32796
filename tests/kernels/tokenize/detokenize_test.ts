import fc from "fast-check";
import assert from "node:assert/strict";
import { decodeBytes, decodeText, tokenDecoder } from "../../../kernels/tokenize/detokenize.ts";
import { refusal } from "../../support/failure.ts";
import { corpusSlice, hostileText } from "../../support/texts.ts";
import { random } from "../../support/random.ts";
import { vocabulary } from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";
import { longTest, sized } from "../../support/long.ts";

const NAMES = ["cl100k_base", "r50k_base", "gpt2", "mistral"] as const;

for (const name of NAMES) {
  longTest(`decodeText() gives back what was tokenized with ${name}`, async () => {
    const tables = await vocabulary(name);
    const next = random(5);
    const texts = [
      ...corpusSlice(sized(60_000, 15_000)).map(({ text }) => text),
      ...Array.from({ length: 300 }, () => hostileText(next)),
    ];
    for (const text of texts) {
      // SentencePiece's mark is a space when it comes back.
      const expected = name === "mistral" ? text.replaceAll("▁", " ") : text;
      assert.equal(decodeText(tables, walkTokens(tables, text)), expected);
    }
  }, name !== "r50k_base");
}

Deno.test("tokenDecoder() gives the same text however the ids come, and no half character", async () => {
  const tables = await vocabulary(sized("cl100k_base", "r50k_base"));
  const decoder = tokenDecoder(tables);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.nat(255), fc.nat(tables.bpe!.tokens - 1))),
      fc.array(fc.integer({ min: 1, max: 4 })),
      (tokens, steps) => {
        const ids = tokens.map((token) => tables.bpe!.ids[token]!);
        let text = "";
        let at = 0;
        for (const step of [...steps, ids.length]) {
          const part = decoder.write(ids.slice(at, at + step));
          assert(part.isWellFormed());
          text += part;
          at += step;
        }
        text += decoder.end();
        assert.equal(text, decodeText(tables, ids));
        return Promise.resolve();
      },
    ),
  );
  const emoji = walkTokens(tables, "👩🏽‍💻");
  assert(emoji.length > 1);
  assert.equal(decoder.write(emoji.slice(0, 1)), "");
  assert.equal(decoder.write(emoji.slice(1)) + decoder.end(), "👩🏽‍💻");
});

Deno.test("decodeText() puts WordPiece's words together as tokenizers does", async () => {
  const tables = await vocabulary("bert");
  const ids = walkTokens(tables, "Unaffable, isn't it?");
  assert.equal(decodeText(tables, ids), "unaffable, isn ' t it?");
});

longTest("decodeBytes() gives special tokens too, and refuses ids that are not in use", async () => {
  const tables = await vocabulary("o200k_base");
  assert.deepEqual(decodeBytes(tables, [199999]), new TextEncoder().encode("<|endoftext|>"));
  for (const id of [-1, 0.5, 199998, tables.idLimit, NaN]) {
    assert.throws(() => decodeBytes(tables, [id]), refusal("size", /has no such token/));
  }
});
