import assert from "node:assert/strict";
import { compilePattern } from "../../../kernels/tokenize/pattern/compile.ts";
import { refusal } from "../../support/failure.ts";

const nested = (open: string, close: string, depth: number) => `${open.repeat(depth)}a${close.repeat(depth)}`;
const options = { unmatched: "piece" } as const;

for (
  const [what, most, pattern] of [
    ["groups", 64, (depth: number) => nested("(?:", ")", depth)],
    ["captures", 64, (depth: number) => nested("(", ")", depth)],
    ["classes", 64, (depth: number) => nested("[", "]", depth)],
    ["repeats of repeats", 65, (depth: number) => `a${"{1,1}".repeat(depth)}`],
  ] as const
) {
  Deno.test(`compilePattern() accepts ${most} nested ${what}, and refuses one more and 2,600`, () => {
    compilePattern(pattern(most), options);
    for (const depth of [most + 1, 2600]) {
      assert.throws(() => compilePattern(pattern(depth), options), refusal("pipeline", /more than 64/));
    }
  });
}

Deno.test("compilePattern() counts nesting where it is, not over the whole pattern", () => {
  compilePattern(Array.from({ length: 100 }, () => "(?:[a]b)").join("|"), options);
});

/** Alternatives of so many different characters. */
const letters = (count: number) =>
  Array.from({ length: count }, (_, n) => String.fromCodePoint(0x4e00 + n)).join("|") + "|(?s:.)";

Deno.test("compilePattern() accepts 256 classes, and refuses 257 right after the partition", () => {
  // With all others and the end of the text.
  assert.equal(compilePattern(letters(254)).classes, 2);
  assert.throws(() => compilePattern(letters(255)), refusal("pipeline", /more than 256 classes/));
  assert.throws(() => compilePattern(letters(5000)), refusal("pipeline", /more than 256 classes/));
});

Deno.test("compilePattern() refuses what takes too many steps, chains of choices and long repeats", () => {
  const pairs = Array.from(
    { length: 2700 },
    (_, n) => String.fromCodePoint(0x4e00 + n % 120, 0x4e00 + Math.floor(n / 23), 0x4e00 + n % 7),
  ).join("|");
  for (
    const pattern of [
      pairs,
      `${"a?".repeat(5000)}b`,
      `(?!${"a?".repeat(5000)}bc)b`,
      "(?:\\p{L}{1,200}){1,200}b",
    ]
  ) {
    assert.throws(() => compilePattern(pattern, options), refusal("pipeline", /more than/));
  }
});

Deno.test("compilePattern() ends with the reason of a signal", () => {
  const signal = AbortSignal.abort(new Error("enough"));
  assert.throws(() => compilePattern("a", { ...options, signal }), /enough/);
});

Deno.test("compilePattern() quotes little of a long pattern", () => {
  for (const pattern of [`\\p{${"x".repeat(16000)}}`, "x".repeat(2 ** 20), `(?<${"a".repeat(9000)}`]) {
    assert.throws(() => compilePattern(pattern, options), (error: unknown) => {
      refusal("pipeline")(error);
      assert(JSON.stringify(error).length < 2000);
      return true;
    });
  }
});
