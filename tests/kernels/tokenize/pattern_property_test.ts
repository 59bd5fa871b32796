import fc from "fast-check";
import assert from "node:assert/strict";
import { compilePattern } from "../../../kernels/tokenize/pattern/compile.ts";
import { parsePattern } from "../../../kernels/tokenize/pattern/parse.ts";
import { pieces, utf8Length } from "../../../kernels/tokenize/pattern/pieces.ts";
import { TIKTOKEN_ENCODINGS } from "../../../kernels/tokenize/formats/tiktoken.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { splitPlain } from "../../../kernels/tokenize/pattern/match.ts";
import { random } from "../../support/random.ts";
import { hostileText } from "../../support/texts.ts";
import { longTest } from "../../support/long.ts";

const ATOMS = [
  "a",
  "b",
  "c",
  "[ab]",
  "[^a]",
  "[^b]",
  "\\s",
  "\\S",
  ".",
  "[abc]",
  "\\n",
  "(?i:A)",
  "[a-c&&[^b]]",
];
const atom = fc.constantFrom(...ATOMS);
const suffix = fc.constantFrom(
  "*",
  "+",
  "?",
  "{2}",
  "{1,3}",
  "{0,2}",
  "{2,}",
  "*?",
  "+?",
  "??",
  "*+",
  "++",
  "?+",
);

/** Patterns of the grammar that is supported, in parts; whole ones are alternatives of these. */
const { part } = fc.letrec<{ part: string; look: string }>((tie) => ({
  look: fc.oneof(
    { maxDepth: 2 },
    atom,
    fc.tuple(atom, suffix).map((all) => all.join("")),
    fc.tuple(tie("look"), tie("look")).map((all) => all.join("")),
    fc.tuple(tie("look"), tie("look")).map(([a, b]) => `(?:${a}|${b})`),
  ),
  part: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(atom, suffix).map((all) => all.join("")),
    fc.tuple(tie("part"), tie("part")).map((all) => all.join("")),
    fc.tuple(tie("part"), tie("part")).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie("part"), suffix).map(([a, s]) => `(?:${a})${s}`),
    fc.tuple(tie("part"), fc.constantFrom("=", "!"), tie("look")).map(([a, sign, b]) => `${a}(?${sign}${b})`),
    tie("part").map((a) => `(?>${a})`),
    tie("part").map((a) => `${a}$`),
  ),
}));

const text = fc.array(fc.constantFrom("a", "b", "c", "A", " ", "\n", "漢"), { minLength: 1, maxLength: 10 });
const UTF8 = new TextEncoder();

longTest("compilePattern() cuts as backtracking in Perl's order does: random patterns, random texts", () => {
  let compiled = 0;
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 3 }).map((all) => all.join("|")),
      fc.array(text, { minLength: 20, maxLength: 20 }),
      (pattern, texts) => {
        let tables;
        try {
          tables = compilePattern(pattern, { unmatched: "piece" });
        } catch (error) {
          // A refusal by name is an answer too; that most are none is asserted below.
          assert(error instanceof OnpathError, String(error));
          return;
        }
        compiled++;
        const tree = parsePattern(pattern);
        for (const characters of texts) {
          const codePoints = characters.map((one) => one.codePointAt(0)!);
          const offsets = [0];
          for (const code of codePoints) offsets.push(offsets.at(-1)! + utf8Length(code));
          assert.deepEqual(
            pieces(tables, UTF8.encode(characters.join(""))).map(({ start, end }) => [start, end]),
            splitPlain(tree, codePoints).map(({ start, end }) => [offsets[start], offsets[end]]),
            JSON.stringify([pattern, characters.join("")]),
          );
        }
      },
    ),
    { numRuns: 400, seed: 5 },
  );
  assert(compiled > 100, `only ${compiled} patterns compiled`);
});

/** tiktoken's newer forms of the patterns, with possessive repeats. */
const POSSESSIVE = {
  gpt2: "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s",
  cl100k:
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s",
};

Deno.test("compilePattern() makes the same tables of GPT-2's pattern with and without possessive repeats", () => {
  const older = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  assert.deepEqual(compilePattern(POSSESSIVE.gpt2), compilePattern(older));
});

for (const [name, pattern] of Object.entries(POSSESSIVE)) {
  Deno.test(`compilePattern() cuts as backtracking does with ${name}'s possessive repeats`, () => {
    const tables = compilePattern(pattern), tree = parsePattern(pattern);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const written = hostileText(random(seed)).slice(0, 400).toWellFormed();
        const codePoints = Array.from(written, (one) => one.codePointAt(0)!);
        const offsets = [0];
        for (const code of codePoints) offsets.push(offsets.at(-1)! + utf8Length(code));
        assert.deepEqual(
          pieces(tables, UTF8.encode(written)).map(({ end }) => end),
          splitPlain(tree, codePoints).map(({ end }) => offsets[end]),
        );
      }),
      { numRuns: 300, seed: 1 },
    );
  });
}

Deno.test("compilePattern() stays within the design's figures: states, classes, class ROM", () => {
  for (const [name, states, classes] of [["cl100k_base", 18, 17], ["o200k_base", 25, 29]] as const) {
    const tables = compilePattern(TIKTOKEN_ENCODINGS[name]!.pattern);
    assert(
      tables.states <= states && tables.classes <= classes,
      `${name}: ${tables.states} x ${tables.classes}`,
    );
    const bits = Math.ceil(Math.log2(tables.classes - 1));
    const rom = tables.blockOf.length + (tables.classOf.length * bits) / 8;
    assert(rom <= 27 * 1024, `${name}: ${rom} bytes`);
  }
});
