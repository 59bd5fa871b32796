import fc from "fast-check";
import assert from "node:assert/strict";
import { compilePattern } from "../../../kernels/tokenize/pattern/compile.ts";
import { pieces } from "../../../kernels/tokenize/pattern/pieces.ts";
import { TIKTOKEN_ENCODINGS } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { plainPieces } from "../../../kernels/tokenize/reference_pieces.ts";
import { refusal } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { hostileText } from "../../support/texts.ts";

const UTF8 = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Forms that vocabularies use, each in a small pattern of its own. */
const FORMS = [
  "a|ab|abc|[^a]",
  "(?:ab)+|a|b|\\s+|[^\\sab]+",
  "a{2,3}?|a|[^a]{1,4}",
  "\\p{N}{1,3}|\\p{L}+|\\s+(?!\\S)|\\s+|[^\\s\\p{L}\\p{N}]",
  "(?i:ab|'s)|\\p{L}|[^\\p{L}]+",
  "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+|\\S",
  "(?:a|b)*c|a|b|[^abc]",
  "a*?b|a|[^a]",
  "a(?=b)|ab?|[^a]",
  "a(?!bc)|[^a]|a",
  ...Object.values(TIKTOKEN_ENCODINGS).map(({ pattern }) => pattern),
];

const anyText = fc.oneof(
  fc.array(fc.constantFrom(..."aabbcABſsS' \n\r\t1٣é漢😀.-/"), { maxLength: 40 }).map((all) => all.join("")),
  fc.integer().map((seed) => hostileText(random(seed))),
);

const cut = (tables: ReturnType<typeof compilePattern>, text: string) => {
  const bytes = UTF8.encode(text);
  return pieces(tables, bytes).filter(({ drop }) => !drop).map(({ start, end }) =>
    decoder.decode(bytes.subarray(start, end))
  );
};

for (const pattern of new Set(FORMS)) {
  Deno.test(`compilePattern() cuts as ECMAScript does with ${pattern}`, () => {
    const tables = compilePattern(pattern);
    const plain = plainPieces({ pattern, unmatched: "piece" });
    fc.assert(fc.property(anyText, (text) => assert.deepEqual(cut(tables, text), plain(text))), {
      numRuns: 300,
    });
  });
}

for (const unmatched of ["piece", "drop"] as const) {
  Deno.test(`compilePattern() makes of text between matches what is asked: ${unmatched}`, () => {
    for (const pattern of ["\\p{L}+", "[ab]c|1", "\\s"]) {
      const tables = compilePattern(pattern, { unmatched });
      const plain = plainPieces({ pattern, unmatched });
      fc.assert(fc.property(anyText, (text) => assert.deepEqual(cut(tables, text), plain(text))), {
        numRuns: 300,
      });
    }
  });
}

Deno.test("pieces() confirms what stays so whatever text follows", () => {
  for (const { pattern } of Object.values(TIKTOKEN_ENCODINGS)) {
    const tables = compilePattern(pattern);
    fc.assert(
      fc.property(anyText, anyText, (text, more) => {
        const confirmed = pieces(tables, UTF8.encode(text), false).filter((piece) => piece.confirmed);
        const whole = pieces(tables, UTF8.encode(text + more));
        confirmed.forEach((piece, i) => assert.deepEqual({ ...whole[i], confirmed: true }, piece));
      }),
      { numRuns: 200 },
    );
  }
});

for (
  const [pattern, message] of [
    ["(?<=a)b", /position 0: look-behind is not supported/],
    ["a|\\bb", /looks behind/],
    ["(a)\\1", /back references/],
    ["^a", /looks behind/],
    ["(a", /no closing parenthesis/],
    ["[a", /no closing bracket/],
    ["a**", /repeat/],
    ["\\p{Nothing}", /property "Nothing" is unknown/],
    ["a{300}", /ascending numbers up to 256/],
    ["a*", /can match the empty text/],
    ["a+", /finds no piece in the text/],
  ] as const
) {
  Deno.test(`compilePattern() refuses ${pattern} by name`, () => {
    assert.throws(() => compilePattern(pattern), refusal("pipeline", message));
  });
}
