import fc from "fast-check";
import assert from "node:assert/strict";
import { type BpeSource, compileBpe } from "../../../kernels/tokenize/compile/bpe.ts";
import { MAX_RUN } from "../../../kernels/tokenize/compile/runs.ts";
import { byteStrings } from "../../../kernels/tokenize/compile/strings.ts";
import { compileVocabulary } from "../../../kernels/tokenize/compile/vocabulary.ts";
import { createEncoder } from "../../../kernels/tokenize/encode.ts";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { plainBpe } from "../../../kernels/tokenize/reference_models.ts";
import type { VocabularySource } from "../../../kernels/tokenize/source.ts";
import type { BpeTables } from "../../../kernels/tokenize/vocabulary.ts";
import { refusal } from "../../support/failure.ts";
import { longTest, sized } from "../../support/long.ts";
import { random } from "../../support/random.ts";
import { peerOf } from "./peers.ts";
import { vocabulary } from "./vocabularies.ts";
import { walkTokens } from "./walk.ts";

const UTF8 = new TextEncoder();
const BYTES = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

/** A vocabulary of all bytes and some texts, with merges of pairs of texts in their order. */
function merging(texts: readonly string[], pairs: readonly (readonly [string, string])[]): VocabularySource {
  const tokens = [...BYTES, ...texts.map((text) => UTF8.encode(text))];
  const place = new Map(tokens.map((token, at) => [new TextDecoder("latin1").decode(token), at]));
  const strings = byteStrings(tokens);
  const ids = Int32Array.from(tokens.keys());
  const bpe: BpeSource = {
    strings,
    ids,
    merges: {
      left: Int32Array.from(pairs, ([left]) => place.get(left)!),
      right: Int32Array.from(pairs, ([, right]) => place.get(right)!),
      made: Int32Array.from(pairs, ([left, right]) => place.get(left + right)!),
    },
    units: "bytes",
    wholeFirst: false,
  };
  return {
    name: "runs",
    model: { algorithm: "bpe", bpe },
    normalization: [],
    splitting: { kind: "whole" },
    decoded: { strings, ids },
    decoding: { kind: "bytes", leadingSpaces: 0 },
    special: [],
    around: { before: [], after: [] },
  };
}

/** All pairs of runs of one letter that make a run of at most `most`, in a random order; `aa` is the last. */
function runPairs(letter: string, most: number, next: () => number): [string, string][] {
  const pairs: { pair: [string, string]; key: number }[] = [];
  for (let whole = 3; whole <= most; whole++) {
    for (let left = 1; left < whole; left++) {
      pairs.push({ pair: [letter.repeat(left), letter.repeat(whole - left)], key: next() });
    }
  }
  pairs.sort((a, b) => a.key - b.key);
  return [...pairs.map(({ pair }) => pair), [letter, letter]];
}

/** Runs of two letters among other merges, before and after them. */
const anyRuns = fc.record({
  seed: fc.nat(),
  lengths: fc.tuple(fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 6 })),
  before: fc.subarray([["b", "a"], ["a", "c"], ["c", "a"], ["c", "c"]] as [string, string][]),
  after: fc.subarray([["a", "b"], ["b", "c"], ["d", "d"]] as [string, string][]),
  texts: fc.array(
    fc.array(fc.tuple(fc.constantFrom(..."aaadbc"), fc.integer({ min: 1, max: 20 })), { maxLength: 6 }),
    { minLength: 8, maxLength: 8 },
  ),
});

Deno.test("compileBpe() cuts runs of one unit as merging does, or refuses them by name", async () => {
  let compiled = 0, refused = 0;
  await fc.assert(
    fc.asyncProperty(anyRuns, async ({ seed, lengths: [most, other], before, after, texts }) => {
      const next = random(seed);
      const pairs = [...before, ...runPairs("a", most, next), ...runPairs("d", other, next), ...after];
      const once = [...new Map(pairs.map((pair) => [pair.join(" "), pair])).values()];
      const source = merging([...new Set(once.map((pair) => pair.join("")))], once);
      assert(source.model.algorithm === "bpe");
      let tables;
      try {
        tables = await compileVocabulary(source);
      } catch (error) {
        refusal("table", /ranked below their parts/)(error);
        refused++;
        return;
      }
      if (tables.bpe!.runs !== undefined) compiled++;
      const encoder = createEncoder(tables);
      const plain = plainBpe(source.model.bpe);
      for (const parts of texts) {
        const text = parts.map(([letter, count]) => letter.repeat(count)).join("");
        if (text === "") continue;
        const expected = plain(text);
        assert.deepEqual(walkTokens(tables, text), expected, text);
        assert.deepEqual(Array.from(encoder.encode(text)), expected, text);
      }
    }),
    { numRuns: sized(600, 30) },
  );
  assert(compiled > refused && compiled > sized(300, 14), `${compiled} with runs, ${refused} refused`);
});

Deno.test("compileBpe() has a table of runs where positions decide, and none where ranks do", async () => {
  const ordered = merging(["aa", "aaaa"], [["a", "a"], ["aa", "aa"]]);
  assert(ordered.model.algorithm === "bpe");
  assert.equal((await compileBpe(ordered.model.bpe)).runs, undefined);
  const cascade = merging(["aa", "aaa"], [["aa", "a"], ["a", "a"]]);
  assert(cascade.model.algorithm === "bpe");
  const { runs, pairRank, ranks } = await compileBpe(cascade.model.bpe);
  assert.deepEqual(runs?.map(({ unit, first }) => [unit, first]), [[0, 1]].map(([, n]) => [97, 255 + n!]));
  // The table of 3 x 3 pairs: only a run of three stands before another token.
  assert.deepEqual([...runs![0]!.apart], [0, 0, 0, 0, 0, 0, 1, 1, 1]);
  assert.equal(Math.max(...pairRank), Math.max(...ranks) + 1, "blocked pairs rank above the longest run");
});

Deno.test("compileBpe() refuses runs that lack a length, are too long, or reach into other tokens", async () => {
  const refused = async (texts: string[], pairs: [string, string][]) => {
    const source = merging(texts, pairs);
    assert(source.model.algorithm === "bpe");
    await assert.rejects(compileBpe(source.model.bpe), refusal("table", /ranked below their parts/));
  };
  const gap: [string, string][] = [["aa", "aaa"], ["aaa", "aa"], ["aa", "a"], ["a", "a"]];
  await refused(["aa", "aaa", "aaaaa"], gap);
  const long = Array.from({ length: MAX_RUN }, (_, n): [string, string] => ["a".repeat(n + 1), "a"])
    .reverse();
  await refused(long.map((pair) => pair.join("")), long);
  await refused(["aa", "aaa", "aab"], [["aa", "a"], ["aa", "b"], ["a", "a"]]);
});

Deno.test("decodeVocabulary() gives back runs, and refuses a table of them with which a run has no tokens", async () => {
  const compiled = await compileVocabulary(merging(["aa", "aaa"], [["aa", "a"], ["a", "a"]]));
  assert.deepEqual(decodeVocabulary(encodeVocabulary(compiled)), compiled);
  const forged = (change: (bpe: { runs: NonNullable<BpeTables["runs"]> }) => void) => {
    const copy = structuredClone(compiled);
    change(copy.bpe as { runs: NonNullable<BpeTables["runs"]> });
    return () => decodeVocabulary(encodeVocabulary(copy));
  };
  let taken = 0;
  for (let bits = 0; bits < 512; bits++) {
    const change = forged(({ runs }) => runs[0]!.apart.forEach((_, n, apart) => apart[n] = bits >> n & 1));
    let read;
    try {
      read = change();
    } catch (error) {
      refusal("file", /the run of token 97 is not one|merges join two runs/)(error);
      continue;
    }
    taken++;
    const encoder = createEncoder(read);
    for (let n = 1; n < 40; n++) assert(encoder.encode("a".repeat(n)).length > 0);
  }
  assert(taken > 1 && taken < 100, `${taken} of 512 tables were taken`);
  for (const [unit, first] of [[98, 256], [97, 255], [97, 257], [256, 257], [0, 0]]) {
    assert.throws(
      forged((bpe) => bpe.runs = bpe.runs.map((run) => ({ ...run, unit: unit!, first: first! }))),
      refusal("file", /the run of token \d+ is not one/),
    );
  }
});

longTest("createEncoder() of Llama 2 cuts every run of spaces as its peer does", async () => {
  const tables = await vocabulary("llama2");
  const encoder = createEncoder(tables);
  const peer = await peerOf("llama2");
  const next = random(2);
  const words = ["the", "a", "\n", "▁", "1", "é", "漢", "\u{1F600}", "t", ".", "\t"];
  const texts = [
    ...Array.from({ length: 100 }, (_, n) => " ".repeat(n)),
    ...Array.from({ length: sized(4000, 150) }, () => {
      const parts = Array.from(
        { length: 1 + next() % 8 },
        () => " ".repeat(next() % 40) + words[next() % words.length]!,
      );
      return parts.join("");
    }),
  ];
  const expected = await peer.encode(texts);
  texts.forEach((text, at) => assert.deepEqual(Array.from(encoder.encode(text)), expected[at], text));
  assert.equal(tables.bpe!.runs?.length, 1);
}, false);
