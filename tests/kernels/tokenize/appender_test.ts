/** Texts that grow: ids equal those of the whole text at every time, and only the end is tokenized again. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { createAppender } from "../../../kernels/tokenize/append/appender.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { UNIGRAM_VOCABULARIES, VOCABULARIES, vocabulary } from "./vocabularies.ts";

const ATOMS = [
  ..."a.'1#\n\r\t\0".split(""),
  ...[
    "the",
    " ",
    "  ",
    "'s",
    "'ll",
    "23",
    "中",
    "文。",
    "é",
    "e\u0301",
    "\u0323",
    "\u0301",
    "🙂",
    "ﬁ",
    "Ⅷ",
    "İ",
    "Σ",
  ],
  ...[
    "<|end",
    "<|endoftext|>",
    "oftext|>",
    "[MASK]",
    "[",
    "<s>",
    "<",
    "/s>",
    "▁",
    "\u200d",
    "क्ष",
    "한",
    "ᄒ",
    "ᅡ",
    "\ufffd",
  ],
  ...["ab".repeat(30), " ".repeat(40), "\n".repeat(9), "中".repeat(25)],
];

const addition = fc.array(fc.constantFrom(...ATOMS), { maxLength: 5 }).map((all) => all.join(""));
const additions = fc.oneof(
  fc.array(addition, { minLength: 2, maxLength: 12 }),
  // Runs of one atom, which no boundary of a piece ends.
  fc.tuple(
    fc.constantFrom(...ATOMS),
    fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 2, maxLength: 12 }),
  )
    .map(([atom, counts]) => counts.map((count) => atom.repeat(count))),
);

for (const name of [...VOCABULARIES, ...UNIGRAM_VOCABULARIES]) {
  longTest(`createAppender() gives the ids of the whole text after every addition: ${name}`, async () => {
    const made = await vocabulary(name);
    for (const special of ["none", "all"] as const) {
      const encoder = createEncoder(made, { special }), appender = createAppender(made, { special });
      let compared = 0, cuts = 0;
      fc.assert(
        fc.property(additions, (parts) => {
          const growing = appender.begin();
          let text = "", before: number[] = [], final = 0;
          for (const part of parts) {
            text += part;
            const { kept, ids, count, final: next } = growing.append(part);
            const whole = [...encoder.encode(text)];
            assert.deepEqual([...growing.ids()], whole);
            assert.deepEqual(
              [...before.slice(0, kept), ...ids],
              whole,
              "those that are kept, and those after them",
            );
            assert(kept >= final && count === whole.length && count === growing.count, "final ids stay");
            assert.equal(growing.bytes, new TextEncoder().encode(text).length);
            if (next > final) cuts++;
            before = whole;
            final = next;
            compared++;
          }
          const resumed = appender.resume(text, before);
          resumed.append("s 1");
          assert.deepEqual([...resumed.ids()], [...encoder.encode(text + "s 1")]);
        }),
        { numRuns: sized(1000, 60), seed: 18 },
      );
      assert(
        compared > 100 && (cuts > 20 || name === "t5" || name === "xlm-r"),
        `${compared} compared, ${cuts} cuts`,
      );
    }
  }, !["r50k_base", "cl100k_base"].includes(name));
}

Deno.test("createAppender() tokenizes the end of a text again, and no more", async () => {
  const growing = createAppender(await vocabulary("cl100k_base")).begin();
  const turn = "Please explain how the tokens of a text change, when it grows by a sentence. ";
  for (let turns = 0; turns < 200; turns++) {
    const { encodedBytes } = growing.append(turn);
    assert(encodedBytes < turn.length + 40, `${encodedBytes} bytes for an addition of ${turn.length}`);
  }
});

Deno.test("createAppender() bounds the end by the look-back where no piece ends", async () => {
  const made = await vocabulary("llama2");
  const growing = createAppender(made).begin();
  let text = "", most = 0;
  for (let part = 0; part < 60; part++) {
    const more = "今日は天気がよいので散歩に行きたいと思います".slice(part % 7).repeat(4);
    text += more;
    most = Math.max(most, growing.append(more).encodedBytes);
  }
  assert.deepEqual([...growing.ids()], [...createEncoder(made).encode(text)]);
  assert(text.length > 4000 && most < 6000, `${most} bytes at most, in a text of ${3 * text.length}`);
});

Deno.test("createAppender() refuses what an addition could complete, and keeps the text", async () => {
  const appender = createAppender(await vocabulary("r50k_base"));
  const growing = appender.begin();
  growing.append("a b");
  for (const text of ["\ud83d", "a\ude00b"]) {
    assert.throws(
      () => growing.append(text),
      /^OnpathError: Cannot take a text with a lone surrogate at index [01]: /,
    );
  }
  assert.throws(() => growing.append(Uint8Array.of(0xf0, 0x9f)), refusal("file", /not UTF-8/));
  assert.throws(() => growing.append(5 as unknown as string), refusal("dtype", /number/));
  assert.equal(growing.count, 2);
  growing.append("🙂");
  assert.equal(growing.bytes, 7);
  assert.throws(() => appender.resume("a b c", [1, 2]), refusal("size", /not its own/));
  assert.throws(
    () => appender.resume("a", undefined as unknown as number[]),
    refusal("dtype", /its ids are undefined, expected a list/),
  );
});
