/**
 * Generates BERT's sets of code points from the output of tokenizers, whose tables are of an older Unicode
 * version.
 *
 * @module
 */

import { packRanges, rangesFrom, sourceLines } from "./pack.ts";
import { ALL_TEXTS, tokenizersProbe } from "./peers.ts";

function probe(options: Record<string, boolean>) {
  return tokenizersProbe({
    type: "BertNormalizer",
    clean_text: false,
    handle_chinese_chars: false,
    strip_accents: false,
    lowercase: false,
    ...options,
  });
}

function setSource(name: string, about: string, has: (character: string) => boolean): string {
  const codes = ALL_TEXTS.flatMap((text) => Array.from(text).filter(has)).map((one) => one.codePointAt(0)!);
  return `/** ${about} */\nexport const ${name}: string =\n${sourceLines(packRanges(rangesFrom(codes)))};\n`;
}

/** Generates the source of `kernels/text_normalize/bert_sets.ts` after its head. */
export function bertSource(): string {
  const clean = probe({ clean_text: true }).getNormalizer();
  const strip = probe({ strip_accents: true }).getNormalizer();
  const words = probe({}).getPreTokenizer();
  return [
    setSource(
      "DROPPED",
      "Code points that BERT's clean_text leaves out: Cc but \\t, \\n and \\r; Cf, Co, and U+FFFD.",
      (one) => clean.normalizeString(`a${one}b`) === "ab",
    ),
    setSource(
      "MARKS",
      "Code points that BERT's strip_accents leaves out: Mn.",
      (one) => strip.normalizeString(`a${one}b`) === "ab",
    ),
    setSource(
      "PUNCTUATION",
      "Code points that are words of their own to BERT: P, and ASCII's symbols.",
      (one) => words.preTokenizeString(`a${one}b`).length === 3,
    ),
  ].join("\n");
}
