/**
 * Automaton of vocabularies that look whole tokens up: its cells, and the token that each cell ends.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { MAX_TOKEN_BYTES } from "./bpe.ts";
import { type DoubleArray, doubleArray } from "./double_array.ts";
import type { Trie } from "./trie.ts";

/** Cells of the tokens. */
export interface WholeTokens extends DoubleArray {
  /** Id of the token that ends in each cell; −1 if none does. */
  readonly whole: Int32Array<ArrayBuffer>;
  /** Bytes of the longest token. */
  readonly longestToken: number;
}

/**
 * Arranges the tokens of a trie in cells.
 *
 * @param trie Trie of the tokens.
 * @param ids Id of each token, by its number in the trie.
 * @throws {OnpathError} `size` when a token is too long.
 */
export function arrangeTokens(trie: Trie, ids: ArrayLike<number>): WholeTokens {
  const longestToken = trie.depth.reduce((max, depth) => Math.max(max, depth), 0);
  if (longestToken > MAX_TOKEN_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot compile a vocabulary: a token has ${longestToken} bytes, expected at most ${MAX_TOKEN_BYTES}`,
      { length: longestToken, most: MAX_TOKEN_BYTES },
    );
  }
  const cells = doubleArray(trie);
  const whole = new Int32Array(cells.base.length).fill(-1);
  for (let state = 0; state < trie.states; state++) {
    if (trie.whole[state]! >= 0) whole[cells.cellOf[state]!] = ids[trie.whole[state]!]!;
  }
  return { ...cells, whole, longestToken };
}
