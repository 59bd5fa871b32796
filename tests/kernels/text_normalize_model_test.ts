import fc from "fast-check";
import assert from "node:assert/strict";
import { createTextNormalizer, normalizeBytes, originalSpan } from "../../kernels/text_normalize/model.ts";
import { normalizationBytes } from "../../kernels/text_normalize/unicode_tables.ts";
import { normalizeText } from "../../kernels/text_normalize/reference.ts";
import type { TextStep } from "../../kernels/tokenize/vocabulary.ts";
import { refusal } from "../support/failure.ts";
import { random } from "../support/random.ts";
import { corpusSlice, hostileText } from "../support/texts.ts";
import { longTest, sized } from "../support/long.ts";

const UTF8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What vocabularies and pipelines ask for, and chains in which every filter holds something back. */
const CHAINS: Readonly<Record<string, readonly TextStep[]>> = {
  NFC: [{ op: "nfc" }],
  NFD: [{ op: "nfd" }],
  NFKC: [{ op: "nfkc" }],
  NFKD: [{ op: "nfkd" }],
  BERT: [{ op: "clean_text" }, { op: "space_chinese" }, { op: "strip_accents" }, { op: "lower_case" }],
  "Llama 2": [{ op: "prepend", text: "▁" }, { op: "replace", from: " ", to: "▁" }],
  replacing: [
    { op: "nfkc" },
    { op: "replace", from: "aab", to: "\u0301" },
    { op: "replace", from: "\u0323e", to: "" },
    { op: "nfc" },
    { op: "prepend", text: "x y" },
  ],
};

const PAYLOADS = [1, 7, 32, 256, 1344];

const hostile = fc.oneof(
  fc.array(
    fc.constantFrom(
      ..."aabbeE  ΣİſÅ가각ﬁ㍿ﷺ漢豈",
      "\u1100",
      "\u1161",
      "\u11a8",
      "\u0301",
      "\u0323",
      "\u0345",
      "\u0344",
      "\u0f71\u0f80",
      "\u09c7",
      "\u09be",
      "\u{1d15f}",
      "\u{2f800}",
      "\ufffd",
      "\u0000",
      "\u0085",
      "\ufeff",
      "\u0301".repeat(20),
    ),
    { maxLength: 40 },
  ).map((all) => UTF8.encode(all.join(""))),
  fc.integer().map((seed) => UTF8.encode(hostileText(random(seed)))),
  fc.uint8Array({ maxLength: 60 }),
  fc.array(fc.constantFrom(0x61, 0xc3, 0xa9, 0xcc, 0x81, 0xe0, 0xed, 0xa0, 0xf0, 0x9f, 0x98, 0x80, 0xff), {
    maxLength: 40,
  }).map((bytes) => Uint8Array.from(bytes)),
);

for (const [name, steps] of Object.entries(CHAINS)) {
  longTest(`normalizeBytes() equals normalizeText() on hostile bytes at every payload: ${name}`, () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const expected = normalizeText(decoder.decode(bytes), steps);
        for (const payload of PAYLOADS) {
          assert.equal(decoder.decode(normalizeBytes(bytes, steps, payload).bytes), expected);
        }
      }),
      { numRuns: sized(1500, 400), seed: 11 },
    );
  }, name !== Object.keys(CHAINS)[0]);

  Deno.test(`createTextNormalizer() gives up no real text, and equals normalizeText(): ${name}`, () => {
    for (const { name: document, text } of corpusSlice(sized(300_000, 60_000))) {
      const bytes = UTF8.encode(text);
      const { bytes: normalised, escape } = normalizeBytes(bytes, steps, 32);
      assert.equal(escape, null, document);
      assert.equal(decoder.decode(normalised), normalizeText(text, steps), document);
    }
  });
}

for (const form of ["nfc", "nfd", "nfkc", "nfkd"] as const) {
  longTest(
    `normalizeBytes() equals the engine's ${form} at every code point, alone and between marks`,
    () => {
      for (let first = 0; first < 0x110000; first += 0x800) {
        if (first === 0xd800) continue;
        const all = Array.from({ length: 0x800 }, (_, i) => {
          const one = String.fromCodePoint(first + i);
          return `${one} a${one}\u0301\u0323 `;
        }).join("");
        assert.equal(
          decoder.decode(normalizeBytes(UTF8.encode(all), [{ op: form }]).bytes),
          all.normalize(form.toUpperCase()),
        );
      }
    },
    form !== "nfc",
  );
}

Deno.test("createTextNormalizer() gives up 31 marks by name, and the host goes on exactly", () => {
  for (const steps of Object.values(CHAINS)) {
    const text = `Ab é e\u0323${"\u0301\u0323".repeat(40)} aab c${"\u0301".repeat(31)}d`;
    const bytes = UTF8.encode(text);
    for (const payload of PAYLOADS) {
      const { bytes: normalised, escape } = normalizeBytes(bytes, steps, payload);
      assert.equal(decoder.decode(normalised), normalizeText(text, steps));
      const orders = steps.some(({ op }) => /^nf|^strip/.test(op));
      assert.equal(escape?.reason, orders ? "marks" : undefined);
      if (orders) assert(escape!.position > 0 && escape!.position <= 8, `${escape!.position}`);
    }
  }
  const thirty = `e${"\u0301".repeat(30)}f`;
  assert.equal(normalizeBytes(UTF8.encode(thirty), [{ op: "nfd" }]).escape, null);
});

Deno.test("createTextNormalizer() gives what is certain at once", () => {
  const normalizer = createTextNormalizer([{ op: "nfd" }]);
  assert.equal(decoder.decode(normalizer.push(UTF8.encode("abc")).bytes), "abc");
  assert.equal(normalizer.push(Uint8Array.of(0xc3)).bytes.length, 0);
  assert.equal(decoder.decode(normalizer.push(Uint8Array.of(0xa9)).bytes), "e");
  assert.equal(decoder.decode(normalizer.end().bytes), "\u0301");
});

Deno.test("originalSpan() leads back to the bytes that a stretch comes from", () => {
  const text = "Cafe\u0301 ﬁn";
  const steps: TextStep[] = [{ op: "nfkc" }, { op: "lower_case" }, { op: "prepend", text: "▁" }];
  const part = normalizeBytes(UTF8.encode(text), steps, 1);
  const whole = decoder.decode(part.bytes);
  assert.equal(whole, "▁café fin");
  const span = (piece: string) => {
    const start = UTF8.encode(whole.slice(0, whole.indexOf(piece))).length;
    const [from, to] = originalSpan(part, start, start + UTF8.encode(piece).length);
    return decoder.decode(UTF8.encode(text).subarray(from, to));
  };
  assert.equal(span("▁"), "");
  assert.equal(span("é"), "e\u0301");
  assert.equal(span("caf"), "Caf");
  assert.equal(span("f"), "f");
  assert.equal(span("in"), "ﬁn");
  fc.assert(
    fc.property(hostile, (bytes) => {
      const { from, to, escape } = normalizeBytes(bytes, CHAINS["NFKC"]!, 7);
      if (escape !== null) return;
      // Every byte of the original is some output's, and places only grow but for marks put in order.
      const covered = new Uint8Array(bytes.length);
      for (let i = 0; i < from.length; i++) covered.fill(1, from[i]!, to[i]!);
      assert(covered.every((one) => one === 1));
    }),
    { numRuns: 500, seed: 3 },
  );
});

Deno.test("createTextNormalizer() refuses malformed steps by name", () => {
  for (
    const [steps, message] of [
      [[{ op: "upper_case" }], /normalisation steps\.0/],
      [[{ op: "replace", from: "", to: "x" }], /normalisation steps\.0\.from/],
      [[{ op: "replace", from: "x".repeat(65), to: "" }], /longer than 64 code points/],
      [[{ op: "prepend", text: "\ud800" }], /not well-formed/],
      [Array.from({ length: 65 }, () => ({ op: "nfc" })), /normalisation steps/],
    ] as const
  ) {
    assert.throws(() => createTextNormalizer(steps as unknown as TextStep[]), refusal("pipeline", message));
  }
});

Deno.test("normalizationBytes() says what the tables take", () => {
  const bytes = normalizationBytes();
  assert(
    bytes.NFD < 64 * 1024 && bytes.NFKD < 96 * 1024 && bytes.compositions < 64 * 1024,
    JSON.stringify(bytes),
  );
});
