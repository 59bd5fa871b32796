/**
 * Compiles WordPiece: a trie as a double array. The walk starts at the root for a word's first token, and at
 * the prefix's state inside the word.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { excerpt } from "../../excerpt.ts";
import type { WordPieceSource } from "../source.ts";
import type { WordPieceTables } from "../vocabulary.ts";
import { checkUniqueIds, MAX_TOKEN_BYTES } from "./bpe.ts";
import { doubleArray } from "./double_array.ts";
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
  const longestToken = trie.depth.reduce((max, depth) => Math.max(max, depth), 0);
  if (longestToken > MAX_TOKEN_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot compile a vocabulary: a token has ${longestToken} bytes, expected at most ${MAX_TOKEN_BYTES}`,
      { length: longestToken, most: MAX_TOKEN_BYTES },
    );
  }
  const { base, check, cellOf } = doubleArray(trie);
  const whole = new Int32Array(base.length).fill(-1);
  for (let state = 0; state < trie.states; state++) {
    if (trie.whole[state]! >= 0) whole[cellOf[state]!] = ids[trie.whole[state]!]!;
  }
  return { base, check, whole, roots: [0, cellOf[inside]!], unknown, maxCharacters, longestToken };
}
