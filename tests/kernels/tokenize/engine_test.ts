/** The compiled engine beside the plain one: equal ids for every text, and limits of its memory. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { compileBpe } from "../../../kernels/tokenize/compile/bpe.ts";
import { byteStrings } from "../../../kernels/tokenize/compile/strings.ts";
import { createEncoder, type TokenEncoder } from "../../../kernels/tokenize/encode.ts";
import { engineTables } from "../../../kernels/tokenize/tables.ts";
import { MAX_ROOM, textEngine } from "../../../kernels/tokenize/text_engine.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { adversarialTexts, corpusSlice, hostileText } from "../../support/texts.ts";
import { others, tiny } from "./small_vocabularies.ts";
import { VOCABULARIES, vocabulary, type VocabularyName } from "./vocabularies.ts";

/** Both engines of a vocabulary. */
function engines(vocabulary: Vocabulary, options = {}): { compiled: TokenEncoder; plain: TokenEncoder } {
  assert.notEqual(textEngine(engineTables(vocabulary)), null);
  return {
    compiled: createEncoder(vocabulary, options),
    plain: createEncoder(vocabulary, { ...options, engine: "plain" }),
  };
}

function assertEqualIds(vocabulary: Vocabulary, texts: Iterable<string | Uint8Array>, options = {}): number {
  const { compiled, plain } = engines(vocabulary, options);
  let tokens = 0;
  for (const text of texts) {
    const ids = compiled.encode(text);
    assert.deepEqual([...ids], [...plain.encode(text)], JSON.stringify(String(text).slice(0, 200)));
    tokens += ids.length;
  }
  return tokens;
}

/** Vocabularies whose merges are of bytes. */
const OF_BYTES = VOCABULARIES.filter((name) => !["mistral", "llama2", "bert"].includes(name));

/** Runs of signs, letters and spaces of many lengths, alone and one after another. */
const runs = fc.array(
  fc.tuple(
    fc.constantFrom(..."-=*_#─~. \t\naxA0━é漢"),
    fc.oneof(fc.nat(6), fc.nat(150), fc.nat(700)),
  ).map(([sign, count]) => sign.repeat(count)),
  { maxLength: 6 },
).chain((parts) =>
  fc.tuple(fc.constant(parts), fc.integer({ min: 1, max: 5 })).map(([parts, times]) =>
    parts.join("").repeat(times)
  )
);

for (const name of OF_BYTES) {
  const isQuick = name === "r50k_base";
  longTest(
    `the compiled engine gives the plain one's ids for ${name}: texts, adversarial and hostile ones, runs of signs`,
    async () => {
      const tables = await vocabulary(name as VocabularyName);
      const next = random(name.length + 1);
      const texts = [
        ...corpusSlice(sized(200_000, 10_000)).map(({ text }) => text),
        ...adversarialTexts().map(({ bytes }) => bytes.subarray(0, sized(20_000, 500))),
        ...Array.from({ length: sized(3000, 40) }, () => hostileText(next)),
        ...fc.sample(runs, { numRuns: sized(1000, 40), seed: 5 }),
      ];
      assert(assertEqualIds(tables, texts) > texts.length);
      // As one text of several blocks, of units of UTF-16 and of bytes.
      const whole = texts.map((text) => typeof text === "string" ? text : "").join("");
      assertEqualIds(tables, [whole, new TextEncoder().encode(whole)]);
    },
    !isQuick,
  );
}

Deno.test("the compiled engine gives the plain one's ids where runs of small letters begin and end, whole and in parts", async () => {
  for (const name of ["r50k_base", "cl100k_base", "o200k_base"] as const) {
    const { compiled, plain } = engines(await vocabulary(name));
    const next = random(41), stream = compiled.stream();
    const edges = [
      "'s",
      "'S",
      "A",
      "Zz",
      "{",
      "`",
      "é",
      "\u00e9\u0301",
      "1",
      " ",
      "\n",
      "_",
      "'",
      "",
      "漢",
      "'ll",
    ];
    let longest = 0;
    for (let round = 0; round < 800; round++) {
      let text = "";
      for (let part = next() % 4; part >= 0; part--) {
        const length = next() % 50;
        longest = Math.max(longest, length);
        const letters = Array.from({ length }, () => String.fromCharCode(97 + next() % 26)).join("");
        text += letters + edges[next() % edges.length]!;
      }
      const expected = [...plain.encode(text)];
      assert.deepEqual([...compiled.encode(text)], expected, JSON.stringify(text));
      const cut = next() % (text.length + 1);
      const parts = [text.slice(0, cut), text.slice(cut)].map((part) => stream.push(part));
      assert.deepEqual([...parts, stream.end()].flatMap((ids) => [...ids]), expected, JSON.stringify(text));
    }
    assert.equal(longest, 49);
  }
});

Deno.test("the compiled engine gives the plain one's ids for random vocabularies", async () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const utf8 = new TextEncoder();
  let compiled = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.string({ unit: fc.constantFrom(..."abc"), minLength: 2, maxLength: 24 }), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.array(fc.string({ unit: fc.constantFrom(..."aaabc"), maxLength: 400 }), {
        minLength: 4,
        maxLength: 4,
      }),
      fc.boolean(),
      async (words, texts, wholeFirst) => {
        const tokens = [...bytes, ...words.map((word) => utf8.encode(word))];
        let bpe;
        try {
          bpe = await compileBpe({
            strings: byteStrings(tokens),
            ids: Int32Array.from(tokens.keys()),
            merges: "ranks",
            units: "bytes",
            wholeFirst,
          });
        } catch (error) {
          // Some orders of ranks are refused by name.
          refusal("table", /ranked below their parts/)(error);
          return;
        }
        const tables = { ...await tiny(), pieces: null, bpe };
        if (bpe.runs !== undefined) return assert.equal(textEngine(engineTables(tables)), null);
        compiled++;
        assertEqualIds(tables, [
          ...texts,
          ...texts.map((text) => text.repeat(3)),
          "a".repeat(2000) + "b",
        ]);
      },
    ),
    { numRuns: sized(1500, 25) },
  );
  assert(compiled > sized(1000, 15), `${compiled} compiled`);
});

Deno.test("the compiled engine takes any bytes, special tokens and normalisation as the plain one does", async () => {
  const tables = await tiny();
  const pieces = fc.constantFrom(
    "<|end|>",
    "<|end",
    "|>",
    "ab",
    "abc",
    " a",
    "é",
    "\ud800",
    "é".repeat(9),
    "",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 9 }), fc.uint8Array({ maxLength: 40 }), (parts, bytes) => {
      const text = parts.join("");
      assertEqualIds(tables, [text, bytes]);
      assertEqualIds(tables, [text, bytes], { special: "all", around: true });
      const normalization = [{ op: "nfc" }, { op: "lower_case" }] as const;
      assertEqualIds({ ...tables, normalization }, [text, bytes], { special: "all" });
    }),
    { numRuns: sized(2000, 100) },
  );
  // Malformed bytes on both sides of a block's end.
  const long = new Uint8Array(2 ** 17).fill(97);
  for (const at of [2 ** 16 - 3, 2 ** 16 - 1, 2 ** 16, 2 ** 17 - 1]) {
    long.set([0xe2, 0x82].slice(0, 2 ** 17 - at), at);
  }
  assertEqualIds(tables, [long, new Uint8Array(2 ** 17).fill(0x80), new Uint8Array(2 ** 17).fill(0xff)]);
});

Deno.test("the compiled engine leaves pieces beyond its memory to the plain one, which it does not outgrow", async () => {
  const tables = await tiny();
  const { compiled, plain } = engines(tables);
  const text = `${"ab".repeat(MAX_ROOM / 4 + 5)} a`;
  const ids = compiled.encode(text);
  assert.deepEqual(ids, plain.encode(text));
  assert.equal(ids.length, MAX_ROOM / 4 + 6);
  assert.equal(textEngine(engineTables(tables))!.capacity, MAX_ROOM);
  assert.deepEqual([...compiled.encode("abc a")], [...plain.encode("abc a")]);
});

Deno.test("ids stay as they are when further texts are tokenized, even if a caller transfers their buffer", async () => {
  const { encode } = createEncoder(await tiny());
  const all = Array.from({ length: 3000 }, (_, n) => encode("ab".repeat(n % 50)));
  assert(all.every((ids, n) => ids.length === n % 50 && ids.every((id) => id === 256)));
  const last = encode("abab");
  structuredClone(last.buffer, { transfer: [last.buffer] });
  assert.deepEqual([...encode("abab")], [256, 256]);
});

Deno.test("vocabularies of characters, words, runs and scores have no compiled engine, and the same calls", async () => {
  for (const tables of [...await others(), await vocabulary("llama2"), await vocabulary("t5")]) {
    assert.equal(textEngine(engineTables(tables)), null);
    const text = "ab é ab";
    assert.deepEqual(
      createEncoder(tables).encode(text),
      createEncoder(tables, { engine: "plain" }).encode(text),
    );
  }
});
