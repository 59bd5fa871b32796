/**
 * WordPiece within one word: repeatedly the longest token that begins the rest of the word. Tokens are whole
 * characters, so the longest match of bytes is the longest match of characters.
 *
 * @module
 */

import type { TextLookups } from "./lookups.ts";
import type { WordPieceTables } from "./vocabulary.ts";

/** Tokens of a word; the next word overwrites the arrays. */
export interface WordTokens {
  /** Number of tokens. */
  count: number;
  /** By token: its id. */
  readonly ids: Int32Array;
  /** By token: its length in bytes of the word. */
  readonly lengths: Int32Array;
}

const made: WordTokens = { count: 0, ids: new Int32Array(1024), lengths: new Int32Array(1024) };

/**
 * Splits a word.
 *
 * @param tables Tables of the vocabulary.
 * @param text Buffer that holds the word, UTF-8.
 * @param from Offset of its first byte.
 * @param to Exclusive end.
 * @param counts Counters to which steps are added.
 * @returns Its tokens, or null if the word is unknown: it is too long, or some rest begins with no token.
 */
export function splitWord(
  tables: WordPieceTables,
  text: Uint8Array,
  from: number,
  to: number,
  counts: TextLookups,
): WordTokens | null {
  const { base, check, whole, roots, maxCharacters } = tables;
  let characters = 0;
  for (let at = from; at < to; at++) if ((text[at]! & 0xc0) !== 0x80) characters++;
  if (characters > maxCharacters || characters > made.ids.length) return null;
  made.count = 0;
  for (let at = from; at < to;) {
    let cell: number = at === from ? roots[0] : roots[1];
    let end = at, id = -1;
    for (let place = at; place < to; place++) {
      const next = base[cell]! + text[place]!;
      counts.automaton++;
      if (check[next] !== cell) break;
      cell = next;
      if (whole[cell]! >= 0) {
        end = place + 1;
        id = whole[cell]!;
      }
    }
    if (id < 0) return null;
    made.ids[made.count] = id;
    made.lengths[made.count++] = end - at;
    at = end;
  }
  return made;
}
