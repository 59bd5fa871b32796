import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { compilePattern } from "../../../kernels/tokenize/pattern/compile.ts";
import { pieces } from "../../../kernels/tokenize/pattern/pieces.ts";
import { parsePattern } from "../../../kernels/tokenize/pattern/parse.ts";
import { has } from "../../../kernels/tokenize/pattern/set.ts";
import { tokenizerJson } from "./vocabularies.ts";
import { longTest } from "../../support/long.ts";

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as typeof import("tokenizers");

/** All code points in texts of 1024. */
function* texts(): Generator<string> {
  for (let first = 0; first < 0x110000; first += 0x400) {
    if (first >= 0xd800 && first < 0xe000) continue;
    yield Array.from({ length: 0x400 }, (_, i) => String.fromCodePoint(first + i)).join("");
  }
}

/** The code points that Oniguruma, in tokenizers, has in a class. */
function oniguruma(source: string): Set<number> {
  const json = {
    ...tokenizerJson("bert"),
    normalizer: null,
    pre_tokenizer: { type: "Split", pattern: { Regex: source }, behavior: "Removed", invert: true },
  };
  const own = Tokenizer.fromString(JSON.stringify(json)).getPreTokenizer()!;
  const set = new Set<number>();
  for (const text of texts()) for (const [one] of own.preTokenizeString(text)) set.add(one.codePointAt(0)!);
  return set;
}

/** The code points that fancy-regex, in tiktoken, has in a class: with a token a byte, what it matches comes out. */
async function fancyRegex(source: string): Promise<Set<number>> {
  const { Tiktoken } = await import("tiktoken");
  const ranks = Array.from({ length: 256 }, (_, i) => btoa(String.fromCharCode(i))).join(" ");
  const encoder = new Tiktoken(`! 0 ${ranks}`, {}, source);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const set = new Set<number>();
  for (const text of texts()) {
    const bytes = Uint8Array.from(encoder.encode_ordinary(text));
    for (const one of decoder.decode(bytes)) set.add(one.codePointAt(0)!);
  }
  encoder.free();
  return set;
}

const CLASSES = [
  "\\p{L}",
  "\\p{N}",
  "\\p{Lu}",
  "\\p{Ll}",
  "\\p{Lt}",
  "\\p{Lm}",
  "\\p{Lo}",
  "\\p{M}",
  "\\p{P}",
  "\\p{S}",
];
const SOURCES = [
  ...CLASSES,
  "\\s",
  "\\d",
  "\\w",
  "\\p{Han}",
  "(?i:s)",
  "(?i:k)",
  "(?i:[a-z])",
  "(?i:\\p{Lu})",
  "(?i:[\\p{Lu}])",
  "(?i:[^s])",
  "[[:alnum:]]",
  "[[:punct:]]",
  "[a-z&&[^b-d]]",
  "\\h",
  ".",
];

for (const source of SOURCES) {
  longTest(`parsePattern() reads ${source} as tiktoken and tokenizers do, at every code point`, async () => {
    for (const syntax of ["fancy-regex", "oniguruma"] as const) {
      const peer = syntax === "oniguruma" ? oniguruma(source) : await fancyRegex(source);
      const node = parsePattern(source, syntax);
      assert(node.kind === "set");
      const wrong: string[] = [];
      for (let code = 0; code < 0x110000; code++) {
        if (code >= 0xd800 && code < 0xe000) continue;
        if (has(node.set, code) !== peer.has(code)) wrong.push(code.toString(16));
      }
      assert.deepEqual(wrong.slice(0, 20), [], `${syntax}: ${wrong.length} code points`);
    }
  }, !["\\s", "\\d", "\\p{M}", "(?i:[a-z])"].includes(source));
}

Deno.test("compilePattern() puts every code point in the class that its sets say", () => {
  const tables = compilePattern("\\p{Lu}|\\p{L}\\p{M}*|\\s+", { unmatched: "drop" });
  for (const text of texts()) {
    const kept = pieces(tables, new TextEncoder().encode(text)).filter(({ drop }) => !drop);
    const expected = [...text.matchAll(/\p{Lu}|\p{L}\p{M}*|\p{White_Space}+/gu)].length;
    assert.equal(kept.length, expected);
  }
});
