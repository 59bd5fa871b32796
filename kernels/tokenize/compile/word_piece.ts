/**
 * Compiles WordPiece: a trie as a double array. The walk starts at the root for a word's first token, and at
 * the prefix's state inside the word.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../../serialize/excerpt.ts";
import type { WordPieceSource } from "../source.ts";
import type { WordPieceTables } from "../vocabulary.ts";
import { checkUniqueIds } from "./bpe.ts";
import { arrangeTokens } from "./whole_tokens.ts";
import { buildTrie } from "./trie.ts";

/**
 * Compiles WordPiece.
 *
 * @param source Tokens of the vocabulary.
 * @returns The compiled tables.
 * @throws {OnpathError} `table` if two tokens are equal or no token begins with the prefix; `size` if the
 * vocabulary is too large.
 */
export function compileWordPiece(source: WordPieceSource): WordPieceTables {
  const { strings, ids, prefix, unknown, maxCharacters } = source;
  checkUniqueIds(ids, ids.keys());
  const trie = buildTrie(strings);
  let inside = 0;
  for (const byte of new TextEncoder().encode(prefix)) {
    inside = inside < 0 ? inside : trie.child(inside, byte);
  }
  if (inside <= 0) {
    throw new OnpathError("table", `Cannot compile a vocabulary: no token begins with "${excerpt(prefix)}"`, {
      prefix,
    });
  }
  const { base, check, cellOf, whole, longestToken } = arrangeTokens(trie, ids);
  return { base, check, whole, roots: [0, cellOf[inside]!], unknown, maxCharacters, longestToken };
}
