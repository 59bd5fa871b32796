/**
 * Compiles Unigram: a trie of all tokens as a double array, and their scores.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { UnigramSource } from "../source.ts";
import type { UnigramTables } from "../vocabulary.ts";
import { checkUniqueIds, MAX_TOKENS } from "./bpe.ts";
import { arrangeTokens } from "./whole_tokens.ts";
import { buildTrie } from "./trie.ts";

/** Score of an unknown character below that of the worst token. */
export const UNKNOWN_PENALTY = 10;

/**
 * Compiles Unigram.
 *
 * @param source Tokens and scores of the vocabulary.
 * @param idLimit Greatest id plus one.
 * @returns The compiled tables.
 * @throws {OnpathError} `table` if two tokens are equal or have one id; `size` if a token is too long or there
 * are too many.
 */
export function compileUnigram(source: UnigramSource, idLimit: number): UnigramTables {
  const { strings, ids, scores, lowest, unknown, fallback, isSingle } = source;
  if (ids.length > MAX_TOKENS) {
    throw new OnpathError(
      "size",
      `Cannot compile a vocabulary of ${ids.length} tokens: expected at most ${MAX_TOKENS}`,
      { tokens: ids.length, most: MAX_TOKENS },
    );
  }
  checkUniqueIds(ids, ids.keys());
  const trie = buildTrie(strings);
  const { base, check, whole, longestToken } = arrangeTokens(trie, ids);
  const scoreOf = new Float64Array(idLimit);
  for (let token = 0; token < ids.length; token++) scoreOf[ids[token]!] = scores[token]!;
  return {
    base,
    check,
    whole,
    scores: scoreOf,
    unknown,
    ...(isSingle === true && { isSingle }),
    unknownScore: isSingle === true ? Math.fround(lowest - UNKNOWN_PENALTY) : lowest - UNKNOWN_PENALTY,
    fallback: fallback ?? new Int32Array(0),
    longestToken,
  };
}
