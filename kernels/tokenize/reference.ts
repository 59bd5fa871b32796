/**
 * Reference tokenizer: a whole text, with the vocabulary as read from its files. It uses no table that onpath
 * compiles: ECMAScript's regular expressions cut the text, merges are applied one by one, and WordPiece tries
 * every length.
 *
 * @module
 */

import { normalizeText } from "../text_normalize/reference.ts";
import { BERT_PATTERN } from "../text_normalize/splitting.ts";
import { has } from "./pattern/set.ts";
import { whiteSpace } from "../unicode/white_space.ts";
import { plainPieces } from "./reference_pieces.ts";
import { plainBpe, plainUnigram, plainWordPiece } from "./reference_models.ts";
import type { VocabularySource } from "./source.ts";
import type { SpecialToken } from "./vocabulary.ts";

/** Options of the reference tokenizer. */
export interface PlainOptions {
  /** Ids of special tokens recognised in the text; default none: their text is ordinary text. */
  readonly allowedSpecial?: ReadonlySet<number> | "all" | undefined;
  /** True to add the vocabulary's ids around a text; default false. */
  readonly around?: boolean | undefined;
}

/** Function from a whole text to its ids. */
export type PlainTokenizer = (text: string, options?: PlainOptions) => number[];

/**
 * Creates the reference tokenizer of a vocabulary.
 *
 * @param source Vocabulary as read from its files.
 * @returns A function from a text to its ids.
 * @throws {OnpathError} `pipeline` if ECMAScript does not support the pattern.
 */
export function plainTokenizer(source: VocabularySource): PlainTokenizer {
  const { splitting, model, around, special } = source;
  const cut = splitting.kind === "pattern"
    ? plainSplits([...splitting.first ?? [], splitting.pattern], splitting.unmatched)
    : splitting.kind === "bert"
    ? plainPieces({ pattern: BERT_PATTERN, unmatched: "drop" })
    : (text: string) => (text === "" ? [] : [text]);
  const encode = model.algorithm === "bpe"
    ? plainBpe(model.bpe)
    : model.algorithm === "wordpiece"
    ? plainWordPiece(model.wordPiece)
    : plainUnigram(model.unigram);
  return (text, options = {}) => {
    const allowed = options.allowedSpecial === "all"
      ? special
      : special.filter(({ id }) => (options.allowedSpecial as ReadonlySet<number> | undefined)?.has(id));
    const ids: number[] = [];
    for (const part of splitSpecial(text.toWellFormed(), allowed)) {
      if (typeof part === "number") ids.push(part);
      else {
        for (const piece of cut(normalizeText(part, source.normalization))) {
          for (const id of encode(piece)) ids.push(id);
        }
      }
    }
    return options.around === true ? [...around.before, ...ids, ...around.after] : ids;
  };
}

/** Cuts a text by each pattern in turn. */
function plainSplits(
  patterns: readonly string[],
  unmatched: "piece" | "drop",
): (text: string) => string[] {
  const cuts = patterns.map((pattern) => plainPieces({ pattern, unmatched }));
  return (text) => cuts.reduce((pieces, cut) => pieces.flatMap(cut), [text]);
}

/**
 * Yields the text between special tokens, and their ids; the longest token at an offset is taken. A token takes
 * the white space on its sides that no other has taken.
 */
function* splitSpecial(text: string, special: readonly SpecialToken[]): Generator<string | number> {
  const longestFirst = special.toSorted((a, b) => b.text.length - a.text.length);
  let from = 0;
  for (let at = 0; at < text.length;) {
    const found = longestFirst.find((token) => text.startsWith(token.text, at));
    if (found === undefined) {
      at++;
      continue;
    }
    const { strip } = found;
    let end = at;
    if (strip === "left" || strip === "both") { while (end > from && isSpace(text[end - 1]!)) end--; }
    if (end > from) yield text.slice(from, end);
    yield found.id;
    at += found.text.length;
    from = at;
    if (strip === "right" || strip === "both") { while (from < text.length && isSpace(text[from]!)) from++; }
  }
  if (from < text.length) yield text.slice(from);
}

/** Tests for white space, all of which is in the basic plane. */
function isSpace(one: string): boolean {
  return has(whiteSpace(), one.charCodeAt(0));
}
