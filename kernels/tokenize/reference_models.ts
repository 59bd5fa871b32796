/**
 * BPE and WordPiece as in their papers, one step after another.
 *
 * BPE: Sennrich, Haddow and Birch, 2016. WordPiece's longest match: Wu and others, 2016.
 *
 * @module
 */

import type { BpeSource } from "./compile/bpe.ts";
import type { UnigramSource, WordPieceSource } from "./source.ts";

const UTF8 = new TextEncoder();

/** Converts bytes to a string of the same number of characters, for use as a key. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

/** Returns the key of every token's bytes. */
function keysOf({ bytes, offsets }: BpeSource["strings"]): string[] {
  return Array.from(
    { length: offsets.length - 1 },
    (_, i) => keyOf(bytes.subarray(offsets[i]!, offsets[i + 1]!)),
  );
}

/**
 * Creates reference BPE: of all neighbours that a merge joins, the pair of the lowest rank is joined, the
 * leftmost first, until no merge is left.
 *
 * @param source Tokens and merges.
 * @returns A function from a piece to its ids.
 */
export function plainBpe(source: BpeSource): (piece: string) => number[] {
  const keys = keysOf(source.strings);
  const isFallback = new Set(source.units === "characters" ? source.fallback : []);
  const placeOf = new Map<string, number>();
  keys.forEach((key, place) => {
    if (!isFallback.has(place)) placeOf.set(key, place);
  });
  const merge = mergeRule(source, keys, placeOf);
  return (piece) => {
    const whole = source.wholeFirst ? placeOf.get(keyOf(UTF8.encode(piece))) : undefined;
    if (whole !== undefined) return [source.ids[whole]!];
    const parts = source.units === "bytes"
      ? Array.from(UTF8.encode(piece), (byte) => placeOf.get(String.fromCharCode(byte))!)
      : Array.from(piece).flatMap((character) => {
        const bytes = UTF8.encode(character);
        const place = placeOf.get(keyOf(bytes));
        return place === undefined ? Array.from(bytes, (byte) => source.fallback![byte]!) : [place];
      });
    mergeAll(parts, merge);
    return parts.map((place) => source.ids[place]!);
  };
}

/** Rank and resulting token of a merge; undefined if the two tokens do not merge. */
type MergeRule = (left: number, right: number) => { rank: number; made: number } | undefined;

function mergeRule(
  { merges }: BpeSource,
  keys: readonly string[],
  placeOf: ReadonlyMap<string, number>,
): MergeRule {
  if (merges === "ranks") {
    return (left, right) => {
      const made = placeOf.get(keys[left]! + keys[right]!);
      return made === undefined ? undefined : { rank: made, made };
    };
  }
  const ranks = new Map<number, { rank: number; made: number }>();
  for (let i = 0; i < merges.made.length; i++) {
    ranks.set(merges.left[i]! * 2 ** 24 + merges.right[i]!, {
      rank: merges.rank?.[i] ?? i,
      made: merges.made[i]!,
    });
  }
  return (left, right) => ranks.get(left * 2 ** 24 + right);
}

/**
 * Merges a row of tokens in place. A heap holds the possible merges by rank and position; entries whose pair
 * has changed are skipped. (Without the heap, a run of a million letters takes hours.)
 */
function mergeAll(parts: number[], merge: MergeRule): void {
  const count = parts.length;
  const next = Int32Array.from({ length: count }, (_, i) => i + 1);
  const before = Int32Array.from({ length: count }, (_, i) => i - 1);
  const gone = new Uint8Array(count);
  const heap = new MergeHeap();
  const offer = (at: number) => {
    if (at < 0 || next[at]! >= count) return;
    const right = parts[next[at]!]!;
    const found = merge(parts[at]!, right);
    if (found !== undefined) heap.push({ ...found, at, left: parts[at]!, right });
  };
  for (let at = 0; at < count; at++) offer(at);
  for (let turn = heap.pop(); turn !== undefined; turn = heap.pop()) {
    const { at, left, right, made } = turn;
    const other = next[at]!;
    if (gone[at] === 1 || other >= count || parts[at] !== left || parts[other] !== right) continue;
    parts[at] = made;
    gone[other] = 1;
    next[at] = next[other]!;
    if (next[at]! < count) before[next[at]!] = at;
    offer(before[at]!);
    offer(at);
  }
  let kept = 0;
  for (let at = 0; at < count; at++) if (gone[at] === 0) parts[kept++] = parts[at]!;
  parts.length = kept;
}

interface Turn {
  readonly rank: number;
  readonly at: number;
  readonly left: number;
  readonly right: number;
  readonly made: number;
}

/** Binary heap of merges by rank, then by position. */
class MergeHeap {
  readonly #turns: Turn[] = [];

  push(turn: Turn): void {
    const turns = this.#turns;
    let at = turns.push(turn) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!precedes(turn, turns[up]!)) break;
      turns[at] = turns[up]!;
      at = up;
    }
    turns[at] = turn;
  }

  pop(): Turn | undefined {
    const turns = this.#turns;
    const first = turns[0];
    const last = turns.pop();
    if (last === undefined || turns.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= turns.length) break;
      if (down + 1 < turns.length && precedes(turns[down + 1]!, turns[down]!)) down++;
      if (!precedes(turns[down]!, last)) break;
      turns[at] = turns[down]!;
      at = down;
    }
    turns[at] = last;
    return first;
  }
}

function precedes(a: Turn, b: Turn): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.at < b.at);
}

/**
 * Creates reference WordPiece: the longest token that begins the word, then repeatedly the longest with the
 * prefix. If no token matches, the whole word is unknown.
 *
 * @param source Tokens.
 * @returns A function from a word to its ids.
 */
export function plainWordPiece(source: WordPieceSource): (word: string) => number[] {
  const { strings: { bytes, offsets }, ids, prefix, unknown, maxCharacters } = source;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const idOf = new Map<string, number>();
  for (let i = 0; i < ids.length; i++) {
    idOf.set(decoder.decode(bytes.subarray(offsets[i]!, offsets[i + 1]!)), ids[i]!);
  }
  return (word) => {
    const characters = Array.from(word);
    if (characters.length > maxCharacters) return [unknown];
    const found: number[] = [];
    for (let start = 0; start < characters.length;) {
      let end = characters.length;
      let id: number | undefined;
      while (end > start) {
        id = idOf.get((start > 0 ? prefix : "") + characters.slice(start, end).join(""));
        if (id !== undefined) break;
        end--;
      }
      if (id === undefined) return [unknown];
      found.push(id);
      start = end;
    }
    return found;
  };
}

/**
 * Creates reference Unigram: of all ways to write a piece as tokens, the one of the greatest sum; of equal
 * ones, the one whose last token is longest, and so on to the left.
 *
 * @param source Tokens and scores.
 * @returns A function from a piece to its ids.
 */
export function plainUnigram(source: UnigramSource): (piece: string) => number[] {
  const { strings: { bytes, offsets }, ids, scores, lowest, unknown, fallback } = source;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const tokens = new Map<string, { id: number; score: number }>();
  const round = source.isSingle === true ? Math.fround : (sum: number) => sum;
  let longest = 1;
  for (let i = 0; i < ids.length; i++) {
    const text = decoder.decode(bytes.subarray(offsets[i]!, offsets[i + 1]!));
    tokens.set(text, { id: ids[i]!, score: scores[i]! });
    longest = Math.max(longest, Array.from(text).length);
  }
  return (piece) => {
    const characters = Array.from(piece);
    const best: { sum: number; from: number; id: number }[] = [{ sum: 0, from: 0, id: -1 }];
    for (let end = 1; end <= characters.length; end++) {
      for (let from = Math.max(0, end - longest); from < end; from++) {
        const token = tokens.get(characters.slice(from, end).join("")) ??
          (end - from === 1 ? { id: unknown, score: round(lowest - 10) } : undefined);
        if (token === undefined) continue;
        // A sum is compared before it is rounded, except that of an unknown character.
        const exact = token.score + best[from]!.sum;
        const sum = token.id === unknown ? round(exact) : exact;
        const known = best[end];
        if (known === undefined || sum > known.sum) best[end] = { sum: round(sum), from, id: token.id };
      }
    }
    const parts: { text: string; id: number }[] = [];
    for (let end = characters.length; end > 0; end = best[end]!.from) {
      const { from, id } = best[end]!;
      const text = characters.slice(from, end).join("");
      if (id === unknown && parts[0]?.id === unknown) parts[0].text = text + parts[0].text;
      else parts.unshift({ text, id });
    }
    return parts.flatMap(({ text, id }) => {
      if (id !== unknown) return [id];
      const whole = tokens.get(text);
      const units = Array.from(UTF8.encode(text), (byte) => fallback?.[byte] ?? -1);
      return whole !== undefined ? [whole.id] : units.includes(-1) ? [unknown] : units;
    });
  };
}
