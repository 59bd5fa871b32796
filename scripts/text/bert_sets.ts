/**
 * Asks Hugging Face's tokenizers of every code point what BERT's normalizer and pre-tokenizer make of it, and writes
 * the sets to kernels/text_normalize/bert_sets.ts: their tables are of an older Unicode than any engine's.
 *
 * deno task text:sets; --check compares.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";

interface Probe {
  getNormalizer(): { normalizeString(text: string): string };
  getPreTokenizer(): { preTokenizeString(text: string): [string, [number, number]][] };
}

const { Tokenizer } = createRequire(import.meta.url)("tokenizers") as {
  Tokenizer: { fromString(json: string): Probe };
};

function probe(options: Record<string, boolean>): Probe {
  return Tokenizer.fromString(JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: {
      type: "BertNormalizer",
      clean_text: false,
      handle_chinese_chars: false,
      strip_accents: false,
      lowercase: false,
      ...options,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { "[UNK]": 0 },
    },
  }));
}

/** Ranges of the code points that have a property, as text: gap to the range before and length, base 36. */
function ranges(has: (character: string) => boolean): string {
  const out: string[] = [];
  let after = 0;
  let from = -1;
  for (let code = 0; code <= 0x110000; code++) {
    const surrogate = code >= 0xd800 && code < 0xe000;
    const inside = code < 0x110000 && (surrogate ? from >= 0 : has(String.fromCodePoint(code)));
    if (inside && from < 0) from = code;
    if (!inside && from >= 0) {
      out.push((from - after).toString(36), (code - from).toString(36));
      after = code;
      from = -1;
    }
  }
  return out.join(" ");
}

const clean = probe({ clean_text: true }).getNormalizer();
const strip = probe({ strip_accents: true }).getNormalizer();
const words = probe({}).getPreTokenizer();
const sets = {
  DROPPED: ranges((one) => clean.normalizeString(`a${one}b`) === "ab"),
  MARKS: ranges((one) => strip.normalizeString(`a${one}b`) === "ab"),
  PUNCTUATION: ranges((one) => words.preTokenizeString(`a${one}b`).length === 3),
};

const about = {
  DROPPED: "Code points that BERT's clean_text leaves out: Cc but \\t, \\n and \\r; Cf, Co, and U+FFFD.",
  MARKS: "Code points that BERT's strip_accents leaves out: Mn.",
  PUNCTUATION: "Code points that are words of their own to BERT: P, and ASCII's symbols.",
};

function lines(text: string): string {
  const out: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length > 96) {
      out.push(line);
      line = "";
    }
    line += `${word} `;
  }
  return [...out, line.trimEnd()].map((part) => `  ${JSON.stringify(part)}`).join(" +\n");
}

const file = `/**
 * Sets of code points as Hugging Face's tokenizers has them in BERT's normalizer and pre-tokenizer, whose tables are
 * of an older Unicode: asked of it by scripts/text/bert_sets.ts, which also checks them. A set is ranges: the gap
 * from the end of the range before, and a length, in base 36.
 *
 * @module
 */

${
  Object.entries(sets).map(([name, text]) =>
    `/** ${about[name as keyof typeof about]} */\nexport const ${name}: string =\n${lines(text)};\n`
  ).join("\n")
}`;

const path = new URL("../../kernels/text_normalize/bert_sets.ts", import.meta.url);
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== file) {
    console.error("kernels/text_normalize/bert_sets.ts is not what tokenizers says: run deno task text:sets");
    process.exitCode = 1;
  }
} else writeFileSync(path, file);
