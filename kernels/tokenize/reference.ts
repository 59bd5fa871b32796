/**
 * The plain truth of tokenizing: a whole text, with the vocabulary as its files have it. No table that onpath
 * compiles is used: ECMAScript's regular expressions cut, merges are merged one by one, WordPiece tries every
 * length.
 *
 * @module
 */

import { normalizeText } from "../text_normalize/reference.ts";
import { BERT_PATTERN } from "../text_normalize/splitting.ts";
import { plainPieces } from "./reference_pieces.ts";
import { plainBpe, plainWordPiece } from "./reference_models.ts";
import type { VocabularySource } from "./source.ts";
import type { SpecialToken } from "./vocabulary.ts";

/** What special tokens in the text are. */
export interface PlainOptions {
  /** Ids of special tokens that are matched in the text; default none: they are text like any other. */
  readonly allowedSpecial?: ReadonlySet<number> | "all" | undefined;
  /** Whether the ids that stand around a text are put there; default false. */
  readonly around?: boolean | undefined;
}

/** Tokenizes whole texts. */
export type PlainTokenizer = (text: string, options?: PlainOptions) => number[];

/**
 * Makes the plain tokenizer of a vocabulary.
 *
 * @param source The vocabulary as its files have it.
 * @returns A function from a text to its ids.
 * @throws {OnpathError} `pipeline` when ECMAScript has not what the pattern asks for.
 */
export function plainTokenizer(source: VocabularySource): PlainTokenizer {
  const { splitting, model, around, special } = source;
  const cut = splitting.kind === "pattern"
    ? plainPieces(splitting)
    : splitting.kind === "bert"
    ? plainPieces({ pattern: BERT_PATTERN, unmatched: "drop" })
    : (text: string) => (text === "" ? [] : [text]);
  const encode = model.algorithm === "bpe" ? plainBpe(model.bpe) : plainWordPiece(model.wordPiece);
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

/** Parts of a text between special tokens, and the ids of these: the longest one at a place. */
function* splitSpecial(text: string, special: readonly SpecialToken[]): Generator<string | number> {
  const longestFirst = special.toSorted((a, b) => b.text.length - a.text.length);
  let from = 0;
  for (let at = 0; at < text.length;) {
    const found = longestFirst.find((token) => text.startsWith(token.text, at));
    if (found === undefined) {
      at++;
      continue;
    }
    if (at > from) yield text.slice(from, at);
    yield found.id;
    at += found.text.length;
    from = at;
  }
  if (from < text.length) yield text.slice(from);
}
