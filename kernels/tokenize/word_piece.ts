/**
 * WordPiece within one word: repeatedly the longest token that begins the rest of the word. Tokens are whole
 * characters, so the longest match of bytes is the longest match of characters.
 *
 * @module
 */

import type { TextLookups } from "./lookups.ts";
import type { TokenList } from "./token_list.ts";
import { countPoints } from "./utf8.ts";
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
  const characters = countPoints(text, from, to);
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

/** Whether a word is unknown because of its length. */
export function isTooLong(
  { maxCharacters }: WordPieceTables,
  text: Uint8Array,
  from: number,
  to: number,
): boolean {
  return countPoints(text, from, to) > maxCharacters;
}

/**
 * Appends the tokens of a word; an unknown word is one token.
 *
 * @param tables Tables of the vocabulary.
 * @param text Buffer that holds the word, UTF-8.
 * @param from Offset of its first byte.
 * @param to Exclusive end.
 * @param forgotten Bytes of the word that are no longer held, because it is certain to be unknown.
 * @param list List to which tokens are appended.
 * @param counts Counters to which steps are added.
 */
export function putWord(
  tables: WordPieceTables,
  text: Uint8Array,
  from: number,
  to: number,
  forgotten: number,
  list: TokenList,
  counts: TextLookups,
): void {
  const tokens = forgotten > 0 ? null : splitWord(tables, text, from, to, counts);
  if (tokens === null) return list.put(tables.unknown, to - from + forgotten, 1, 0);
  const { count, ids, lengths } = tokens;
  for (let n = 0; n < count; n++) list.put(ids[n]!, lengths[n]!, n === count - 1 ? 1 : 0, 0);
}
