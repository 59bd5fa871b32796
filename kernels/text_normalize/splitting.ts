/**
 * What cuts text into pieces, compiled.
 *
 * @module
 */

import { compilePattern } from "../tokenize/pattern/compile.ts";
import type { Splitting } from "../tokenize/source.ts";
import type { PieceTables } from "../tokenize/vocabulary.ts";
import { classText, rangesOf } from "../unicode/codec.ts";
import { PUNCTUATION } from "./bert_sets.ts";

const MARKS_ALONE = classText(rangesOf(PUNCTUATION));

/**
 * BERT's words as a pattern: one punctuation mark (ASCII's symbols count as such), or a run of what is neither
 * that nor white space. White space between them is left out.
 */
export const BERT_PATTERN: string = `[${MARKS_ALONE}]|[^\\s${MARKS_ALONE}]+`;

/**
 * Compiles what cuts text into pieces.
 *
 * @param splitting The rule.
 * @param signal Ends the work with its reason.
 * @returns The tables; null where all of the text is one piece.
 * @throws {OnpathError} `pipeline` when the pattern is malformed or not supported.
 */
export function compileSplitting(splitting: Splitting, signal?: AbortSignal): PieceTables | null {
  switch (splitting.kind) {
    case "pattern":
      return compilePattern(splitting.pattern, {
        syntax: splitting.syntax,
        unmatched: splitting.unmatched,
        signal,
      });
    case "bert":
      return compilePattern(BERT_PATTERN, { unmatched: "drop", signal });
    case "whole":
      return null;
  }
}
