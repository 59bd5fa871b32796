/**
 * Compiles the rules that cut text into pieces.
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
 * BERT's words as a pattern: one punctuation mark (including ASCII symbols), or a run of other characters
 * that are not white space. White space between words is dropped.
 */
export const BERT_PATTERN: string = `[${MARKS_ALONE}]|[^\\s${MARKS_ALONE}]+`;

/**
 * Compiles a rule that cuts text into pieces.
 *
 * @param splitting Rule to compile.
 * @param signal Aborts the work with its reason.
 * @returns The tables; null if the whole text is one piece.
 * @throws {OnpathError} `pipeline` if the pattern is malformed or not supported.
 */
export function compileSplitting(splitting: Splitting, signal?: AbortSignal): PieceTables | null {
  switch (splitting.kind) {
    case "pattern":
      return compilePattern(splitting.pattern, {
        syntax: splitting.syntax,
        unmatched: splitting.unmatched,
        first: splitting.first,
        signal,
      });
    case "bert":
      return compilePattern(BERT_PATTERN, { unmatched: "drop", signal });
    case "whole":
      return null;
  }
}
