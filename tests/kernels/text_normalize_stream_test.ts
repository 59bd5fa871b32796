import fc from "fast-check";
import assert from "node:assert/strict";
import { createEncoder } from "../../kernels/tokenize/encode.ts";
import { createNormalizerStream } from "../../kernels/text_normalize/stream.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import type { TextStep } from "../../kernels/tokenize/vocabulary.ts";
import { compile } from "../../kernels/compile.ts";
import { createModelDevice } from "../../runtime/device/model.ts";
import { Session } from "../../runtime/session.ts";
import { vocabulary } from "./tokenize/vocabularies.ts";
import { corpusSlice } from "../support/texts.ts";
import { longTest } from "../support/long.ts";

const STEPS: readonly (readonly TextStep[])[] = [
  [{ op: "nfc" }],
  [{ op: "nfkd" }, { op: "strip_accents" }, { op: "lower_case" }],
  [{ op: "prepend", text: "▁" }, { op: "replace", from: " ", to: "▁" }],
  [{ op: "clean_text" }, { op: "space_chinese" }, { op: "nfd" }, { op: "lower_case" }, {
    op: "strip_accents",
  }],
];
/** Texts with long runs of marks, which the model gives up. */
const anyText = fc.array(
  fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 12 }),
    fc.constantFrom("e\u0301", "漢字", "\u0000", "ﬁ", "가", "각", "  ", "İ", "ß"),
    fc.integer({ min: 1, max: 80 }).map((count) => `a${"\u0301\u0327".repeat(count)}`),
  ),
  { maxLength: 12 },
).map((parts) => parts.join("").toWellFormed());

Deno.test("a normaliser of a text that grows gives what the reference gives of the whole, wherever it is cut", () => {
  const utf8 = new TextEncoder();
  fc.assert(
    fc.property(anyText, fc.constantFrom(...STEPS), fc.integer({ min: 1, max: 40 }), (text, steps, size) => {
      const stream = createNormalizerStream(steps);
      const bytes = utf8.encode(text);
      const parts: number[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        parts.push(...stream.push(bytes.subarray(at, at + size)));
      }
      parts.push(...stream.end());
      assert.equal(
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(parts)),
        normalizeText(text, steps),
      );
    }),
    { numRuns: 600 },
  );
});

Deno.test("a normaliser of a text that grows holds little back, and remembers little", () => {
  const stream = createNormalizerStream([{ op: "nfc" }, { op: "lower_case" }]);
  const text = new TextEncoder().encode("Große Wörter, e\u0301 und mehr. ".repeat(40));
  let out = 0;
  for (let n = 1; n <= 100; n++) {
    out += stream.push(text).length;
    assert(out > n * (text.length - 60) - 60, "what is certain has come out");
  }
});

longTest("texts of vocabularies that normalise are tokenized as they grow", async () => {
  await using device = createModelDevice();
  for (const name of ["bert", "qwen2_5", "mistral"] as const) {
    const tables = await vocabulary(name);
    const encoder = createEncoder(tables);
    const plan = compile({ steps: [{ op: "tokenize" }] }, { vocabulary: tables, device });
    const session = await Session.open(plan, device, { vocabulary: tables });
    for (const { text } of corpusSlice(30_000)) {
      const expected = Array.from(encoder.encode(text));
      const streams = [encoder.stream(), session.stream()];
      for (const stream of streams) {
        const ids: number[] = [];
        for (let at = 0; at < text.length; at += 100) {
          ids.push(...await stream.push(text.slice(at, at + 100).toWellFormed()));
        }
        const before = ids.length;
        ids.push(...await stream.end());
        // A pair of surrogates that was cut is two characters by then.
        if (!/[\ud800-\udfff]/.test(text)) assert.deepEqual(ids, expected);
        if (expected.length > 200) assert(before > expected.length / 2, "most ids come before the end");
      }
    }
  }
});
