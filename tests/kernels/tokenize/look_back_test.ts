/** The look-back certificate: bounds that hold on random and hostile texts, and witnesses where there is none. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { lookBack } from "../../../kernels/tokenize/append/look_back.ts";
import { mergeReach } from "../../../kernels/tokenize/append/merge_reach.ts";
import { pieceReach } from "../../../kernels/tokenize/append/piece_reach.ts";
import { compileBpe } from "../../../kernels/tokenize/compile/bpe.ts";
import { byteStrings } from "../../../kernels/tokenize/compile/strings.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { compilePattern } from "../../../kernels/tokenize/pattern/compile.ts";
import { tokenLengths } from "../../../kernels/tokenize/text_parts.ts";
import type { Vocabulary } from "../../../kernels/tokenize/vocabulary.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { vocabulary, type VocabularyName } from "./vocabularies.ts";

const utf8 = new TextEncoder();

/** Bytes before the end of a text whose tokens an addition changes. */
function reachOf(vocabulary: Vocabulary): (text: Uint8Array, longer: Uint8Array) => number {
  const encoder = createEncoder(vocabulary, { engine: "plain" }), lengths = tokenLengths(vocabulary);
  return (text, longer) => {
    const before = encoder.encode(text), after = encoder.encode(longer);
    let at = 0;
    for (let n = 0; n < before.length && before[n] === after[n]; n++) at += lengths[before[n]!]!;
    return text.length - at;
  };
}

/** A vocabulary that is nothing but its BPE over bytes: texts in the order of their ranks, any text one piece. */
async function ofRanks(texts: readonly string[]): Promise<Vocabulary> {
  const tokens = [
    ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    ...texts.map((text) => utf8.encode(text)),
  ];
  const ids = Int32Array.from(tokens.keys());
  const strings = byteStrings(tokens);
  return {
    name: "test",
    checksum: 0,
    algorithm: "bpe",
    idLimit: tokens.length,
    bytes: new Uint8Array(0),
    offsets: new Uint32Array(1),
    decoding: { kind: "bytes", leadingSpaces: 0 },
    normalization: [],
    pieces: null,
    bpe: await compileBpe({ strings, ids, merges: "ranks", units: "bytes", wholeFirst: true }),
    wordPiece: null,
    special: [],
    around: { before: [], after: [] },
  };
}

Deno.test("mergeReach() bounds what an addition changes, for random vocabularies and texts", async () => {
  const vocabularies = fc.uniqueArray(
    fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 2, maxLength: 5 }),
    {
      minLength: 4,
      maxLength: 24,
    },
  );
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 40 });
  let compared = 0, changed = 0, tight = 0;
  await fc.assert(
    fc.asyncProperty(
      vocabularies,
      fc.array(fc.tuple(text, text), { minLength: 20, maxLength: 20 }),
      async (texts, pairs) => {
        let made: Vocabulary;
        try {
          made = await ofRanks(texts);
        } catch (error) {
          // A list in which a token has no parts, or no order of making, is no vocabulary.
          if (error instanceof OnpathError && error.code === "table") return;
          throw error;
        }
        // With tokens that only the rule of whole pieces makes, that rule counts too.
        const bytes = lookBack(made).bytes!, { witness } = mergeReach(made.bpe!);
        const reach = reachOf(made);
        for (const [before, more] of pairs) {
          const found = reach(utf8.encode(before), utf8.encode(before + more));
          assert(found <= bytes, `${JSON.stringify([texts, before, more])} reaches ${found} of ${bytes}`);
          compared++;
          if (found > 0) changed++;
        }
        if (
          witness !== null && reach(witness.bytes.subarray(0, witness.before), witness.bytes) === bytes
        ) tight++;
      },
    ),
    { numRuns: sized(2000, 100), seed: 18 },
  );
  assert(
    compared > 500 && changed > 100 && tight > 10,
    `${compared} compared, ${changed} changed, ${tight} tight`,
  );
});

/** By vocabulary: bytes of look-back without special tokens and with all; null without a bound. */
const CERTIFICATES: readonly (readonly [VocabularyName, number | null, number | null])[] = [
  ["r50k_base", 183, 195],
  ["p50k_base", 272, 284],
  ["cl100k_base", 610, 624],
  ["o200k_base", null, null],
  ["gpt2", 183, 195],
  ["qwen2_5", null, null],
  ["llama3", 610, 639],
  ["mistral", 269, 273],
  ["bert", null, null],
  ["llama2", 352, 356],
  ["deepseek_v3", 497, 529],
  ["claude", null, null],
  ["tekken", null, null],
];

const ATOMS = [
  "a",
  "the",
  " ",
  "  ",
  "\n",
  "\r\n",
  "\t",
  "'",
  "'ll",
  "12",
  "中",
  "文。",
  "é",
  ".",
  "--",
  "/",
  "=",
  "\u3000",
  "🙂",
];

for (const [name, bytes, withSpecial] of CERTIFICATES) {
  longTest(`lookBack() of ${name} is as the documentation says, and holds on hostile texts`, async () => {
    const made = await vocabulary(name);
    assert.equal(lookBack(made).bytes, bytes);
    assert.equal(lookBack(made, { special: "all" }).bytes, withSpecial);
    if (bytes === null || made.normalization.length > 0) return;
    const reach = reachOf(made);
    const run = fc.tuple(fc.constantFrom(...ATOMS), fc.integer({ min: 1, max: 150 })).map(([atom, n]) =>
      atom.repeat(n)
    );
    const text = fc.array(fc.oneof(fc.constantFrom(...ATOMS), run), { minLength: 1, maxLength: 8 }).map((
      all,
    ) => all.join(""));
    let most = 0;
    fc.assert(
      fc.property(text, text, (before, more) => {
        const found = reach(utf8.encode(before), utf8.encode(before + more));
        most = Math.max(most, found);
        return found <= bytes;
      }),
      { numRuns: 500, seed: 18 },
    );
    assert(most > 10, `an addition reaches ${most} bytes`);
  }, !["r50k_base", "cl100k_base"].includes(name));
}

/** Texts whose tokens an addition changes from near the beginning, however often the middle is repeated. */
const ENDLESS: readonly (readonly [VocabularyName, string, string, string])[] = [
  ["o200k_base", " 天天中彩票APP", "EN", "d"],
  ["qwen2_5", "e", "\u0301", "\u0323"],
  ["claude", "e", "\u0301", "\u0323"],
];

for (const [name, head, middle, end] of ENDLESS) {
  longTest(`lookBack() of ${name} has no bound, and a witness of any length`, async () => {
    const encoder = createEncoder(await vocabulary(name));
    for (const times of [100, 1000]) {
      const before = encoder.encode(head + middle.repeat(times)),
        after = encoder.encode(head + middle.repeat(times) + end);
      const same = before.findIndex((id, n) => after[n] !== id);
      assert(
        same >= 0 && before.length - same >= times,
        `${before.length - same} of ${before.length} tokens change`,
      );
    }
  });
}

Deno.test("pieceReach() counts the bytes that a match reads after its last accept", async () => {
  const reach = async (pattern: string) => pieceReach(await compilePattern(pattern), null);
  assert.equal(await reach("a(?:bcd)?|[\\s\\S]"), 2);
  assert.equal(await reach("[\\s\\S]"), 0);
  assert.equal(await reach("\\s+(?!\\S)|[\\s\\S]"), 3, "one code point is given back, of up to three bytes");
  assert.equal(await reach("\\s*\\n|\\s|\\S"), null);
});

Deno.test("lookBack() adds what special tokens and replaced strings need", async () => {
  const made = await ofRanks(["ab"]);
  assert.equal(lookBack(made).bytes, 1);
  for (const value of [undefined, {}]) {
    assert.throws(() => lookBack(value as Vocabulary), refusal("table", /Cannot use a vocabulary that is/));
  }
  const special = [{ text: "<|end|>", id: 400 }];
  assert.equal(lookBack({ ...made, special }, { special: "all" }).bytes, 1 + 6);
  assert.equal(
    lookBack({ ...made, special: [{ ...special[0]!, strip: "left" }] }, { special: "all" }).unbounded,
    "special",
  );
  assert.equal(
    lookBack({ ...made, normalization: [{ op: "replace", from: "xyz", to: "a" }] }).bytes,
    3 + 2,
  );
  assert.equal(lookBack({ ...made, normalization: [{ op: "nfc" }] }).unbounded, "normalization");
});
