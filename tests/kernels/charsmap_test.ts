import fc from "fast-check";
import assert from "node:assert/strict";
import {
  applyCharsmap,
  applyLongest,
  MAX_CHARSMAP_TEXT,
  readCharsmap,
} from "../../kernels/text_normalize/charsmap.ts";
import { continuesCluster } from "../../kernels/unicode/graphemes.ts";
import { createTextNormalizer } from "../../kernels/text_normalize/model.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import type { TextStep } from "../../kernels/tokenize/vocabulary.ts";
import { charsmap } from "../../scripts/text/unicode/charsmap.ts";
import { tokenizersProbe } from "../../scripts/text/unicode/peers.ts";
import { refusal } from "../support/failure.ts";
import { sized } from "../support/long.ts";

/** Code points of every kind of cluster, and keys that are parts of others. */
const POINTS = [
  ..."abe 1\t\r\n\0",
  ..."\u0301\u0323\u200d\u200c\u0600\u06dd\ufb01\u00a0\u00ad\u0903\u0915\u094d\u1100\u1161\u11a8\uac00\uac01",
  ..."\u{1f468}\u{1f1e6}\u{110bd}\ufe0f\u2122\u3099\u304b\u202e\u{e0041}",
];
const text = fc.array(fc.constantFrom(...POINTS), { maxLength: 14 }).map((all) => all.join(""));
const key = fc.array(fc.constantFrom(...POINTS.filter((one) => one !== "\0")), { minLength: 1, maxLength: 4 })
  .map((all) => all.join(""));
const entries = fc.uniqueArray(fc.tuple(key, fc.constantFrom("", "X", "yz", " ", "é漢")), {
  minLength: 1,
  maxLength: 12,
  selector: ([from]) => from,
});

/** Output of the filters, given the text in parts. */
function streamed(steps: readonly TextStep[], whole: string, size: number): string {
  const normalizer = createTextNormalizer(steps);
  const bytes = new TextEncoder().encode(whole);
  const parts: number[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    parts.push(...normalizer.push(bytes.subarray(from, from + size)).bytes);
  }
  parts.push(...normalizer.end().bytes);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(parts));
}

Deno.test("charsmap maps clusters as tokenizers does, whole and streamed, with any map", () => {
  fc.assert(
    fc.property(
      entries,
      fc.array(text, { minLength: 8, maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (map, texts, size) => {
        const base64 = charsmap(map);
        const peer = tokenizersProbe({ type: "Precompiled", precompiled_charsmap: base64 }).getNormalizer();
        for (const whole of texts) {
          const expected = peer.normalizeString(whole);
          assert.equal(applyCharsmap(whole, base64), expected, JSON.stringify(whole));
          assert.equal(
            streamed([{ op: "charsmap", map: base64 }], whole, size),
            expected,
            JSON.stringify(whole),
          );
        }
      },
    ),
    { numRuns: sized(3000, 100) },
  );
});

Deno.test("charsmap with the rule of SentencePiece replaces the longest key at each place", () => {
  fc.assert(
    fc.property(entries, text, fc.integer({ min: 1, max: 9 }), (map, whole, size) => {
      const base64 = charsmap(map);
      const keys = map.toSorted((a, b) => b[0].length - a[0].length);
      let expected = "";
      for (let at = 0; at < whole.length;) {
        const found = keys.find(([from]) => whole.startsWith(from, at));
        const one = String.fromCodePoint(whole.codePointAt(at)!);
        expected += found?.[1] ?? one;
        at += (found?.[0] ?? one).length;
      }
      assert.equal(applyLongest(whole, base64), expected);
      assert.equal(streamed([{ op: "charsmap", map: base64, rule: "longest" }], whole, size), expected);
    }),
    { numRuns: sized(3000, 100) },
  );
});

Deno.test("mark_words, squeeze, strip and a conditional prefix are the same whole and streamed", () => {
  const step = fc.constantFrom<TextStep>(
    { op: "mark_words", mark: "▁" },
    { op: "squeeze", of: " ", to: "▁" },
    { op: "strip", side: "left" },
    { op: "strip", side: "right" },
    { op: "strip", side: "both", of: "▁" },
    { op: "prepend", text: "▁", unless: true },
  );
  const words = fc.array(fc.constantFrom(..."ab  ▁\n\u3000"), { maxLength: 16 }).map((all) => all.join(""));
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 3 }),
      words,
      fc.integer({ min: 1, max: 5 }),
      (steps, whole, size) => {
        assert.equal(streamed(steps, whole, size), normalizeText(whole, steps));
      },
    ),
    { numRuns: sized(3000, 500) },
  );
  assert.equal(normalizeText(" a  ▁b\nc ", [{ op: "mark_words", mark: "▁" }]), "▁a▁b▁c");
  assert.equal(normalizeText("▁a", [{ op: "prepend", text: "▁", unless: true }]), "▁a");
});

Deno.test("continuesCluster() joins what follows a letter as Intl.Segmenter does, where both know it", () => {
  assert.equal(continuesCluster(13, 10), true);
  assert.equal(continuesCluster(10, 13), false);
  const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
  let joined = 0;
  for (let code = 0x80; code < 0x3000; code++) {
    const one = String.fromCodePoint(code);
    // Tokenizers has a newer Unicode than this engine.
    if (!/\p{Assigned}/u.test(one)) continue;
    const isJoined = [...segmenter.segment(`a${one}`)].length === 1;
    assert.equal(continuesCluster(97, code), isJoined, code.toString(16));
    if (isJoined) joined++;
  }
  assert(joined > 1000, `${joined}`);
});

Deno.test("readCharsmap() refuses what is no map, and a text that is too long", () => {
  for (const base64 of ["", "AAA", "AAAA", "!!!!", btoa("\x04\0\0\0\0\0"), btoa("\x08\0\0\0\0\0\0\0")]) {
    assert.throws(() => readCharsmap(base64), refusal("file", /Cannot read a precompiled map/), base64);
  }
  const longest = charsmap([["a", "b".repeat(MAX_CHARSMAP_TEXT)]]);
  assert.equal(applyCharsmap("a", longest).length, MAX_CHARSMAP_TEXT);
  assert.throws(
    () => readCharsmap(charsmap([["a", "b".repeat(MAX_CHARSMAP_TEXT + 1)]])),
    refusal("file", /more than 48 bytes/),
  );
});

Deno.test("readCharsmap() gives a text for every map that it reads, whatever its double array is", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 256 }), (units) => {
      const size = units.length - units.length % 4 - 16;
      const bytes = Uint8Array.from([size, 0, 0, 0, ...units.subarray(0, units.length - units.length % 4)]);
      bytes[bytes.length - 1] = 0;
      let map;
      try {
        map = btoa(String.fromCharCode(...bytes));
        readCharsmap(map);
      } catch (error) {
        refusal("file")(error);
        return;
      }
      for (const whole of ["abc", "\u0301a", "a".repeat(200)]) {
        assert.equal(typeof applyCharsmap(whole, map), "string");
        assert.equal(typeof applyLongest(whole, map), "string");
      }
    }),
    { numRuns: sized(1000, 150) },
  );
});
