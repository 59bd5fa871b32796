/**
 * Merges as listed by a vocabulary, and for each token the one merge that can make it.
 *
 * BPE merges the pair of the lowest rank, the leftmost first, until no pair is left. Suppose a merge makes
 * token t in some text. No earlier merge crossed the ends of t, so the merges inside it are those of the text
 * t alone. Their last one is therefore the only merge that ever makes t: the *canonical* merge. A token whose
 * own text is not encoded as itself is never made by merges. So at most one of the pairs listed for a token
 * matters.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { pairHash } from "../vocabulary.ts";
import { inSteps, type VocabularyOptions } from "./progress.ts";
import type { ByteStrings } from "./strings.ts";
import { buildTrie, byDepth, failureLinks } from "./trie.ts";

/** Merges by rank: tokens `left[r]` and `right[r]` make token `made[r]`. Plain data. */
export interface MergeList {
  /** By rank: the left token. */
  readonly left: Int32Array;
  /** By rank: the right token. */
  readonly right: Int32Array;
  /** By rank: the resulting token. */
  readonly made: Int32Array;
  /** By position: the merge's rank, if ranks differ from positions; never decreases. */
  readonly rank?: Int32Array | undefined;
}

/** By token: the merge that makes it; −1 in all three arrays if no merge does. Plain data. */
export interface CanonicalMerges {
  /** The left token. */
  readonly left: Int32Array;
  /** The right token. */
  readonly right: Int32Array;
  /** The merge's rank. */
  readonly rank: Int32Array;
}

/**
 * Lists the merges of tiktoken's rule: two tokens merge if their joined bytes are a token, at the rank of
 * that token.
 *
 * @param strings Bytes of the tokens by rank.
 * @param options Progress callback and abort signal.
 * @returns All merges, in the order of rank.
 * @throws {OnpathError} `table` if two tokens are equal or a token is empty.
 */
export async function mergesOfRanks(
  strings: ByteStrings,
  options: VocabularyOptions = {},
): Promise<MergeList> {
  const trie = buildTrie(strings);
  const order = byDepth(trie.depth);
  const fail = failureLinks(trie, order);
  const { whole, parent, depth, stateOf } = trie;
  const ending = new Int32Array(trie.states).fill(-1);
  for (const state of order) {
    if (state !== 0) ending[state] = whole[fail[state]!]! >= 0 ? fail[state]! : ending[fail[state]!]!;
  }
  const left: number[] = [];
  const right: number[] = [];
  const made: number[] = [];
  const prefix = new Int32Array(65536);
  await inSteps("pairs", stateOf.length, (token) => {
    const end = stateOf[token]!;
    for (let state = end; state !== 0; state = parent[state]!) prefix[depth[state]!] = whole[state]!;
    for (let state = ending[end]!; state > 0; state = ending[state]!) {
      const before = prefix[depth[end]! - depth[state]!]!;
      if (before < 0) continue;
      left.push(before);
      right.push(whole[state]!);
      made.push(token);
    }
  }, options);
  const rank = Int32Array.from(made);
  return { left: Int32Array.from(left), right: Int32Array.from(right), made: rank, rank };
}

/** Unit tokens of every token's text, concatenated. Plain data. */
export interface UnitTokens {
  /** Unit tokens of all tokens. */
  readonly tokens: Int32Array;
  /**
   * By token: index of its first unit; one extra entry at the end. A token without units is made by no merge.
   */
  readonly offsets: Uint32Array;
}

/**
 * Finds the canonical merge of each token.
 *
 * @param units By token: the unit tokens of its text.
 * @param merger Merges of the vocabulary.
 * @param options Progress callback and abort signal.
 * @returns The canonical merges.
 */
export async function canonicalMerges(
  units: UnitTokens,
  merger: Merger,
  options: VocabularyOptions = {},
): Promise<CanonicalMerges> {
  const count = units.offsets.length - 1;
  const left = new Int32Array(count).fill(-1);
  const right = new Int32Array(count).fill(-1);
  const rank = new Int32Array(count).fill(-1);
  const parts: number[] = [];
  await inSteps("merges", count, (token) => {
    parts.length = 0;
    for (let at = units.offsets[token]!; at < units.offsets[token + 1]!; at++) parts.push(units.tokens[at]!);
    const last = merger.run(parts);
    if (last === null || parts.length !== 1 || parts[0] !== token) return;
    left[token] = last.left;
    right[token] = last.right;
    rank[token] = last.rank;
  }, options);
  return { left, right, rank };
}

/** Applies merges to rows of tokens, step by step. */
export class Merger {
  readonly #merges: MergeList;
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #found: number[] = [];

  /**
   * Builds a hash table of merges by pair.
   *
   * @param merges Merges of the vocabulary.
   * @throws {OnpathError} `table` if a pair is listed twice.
   */
  constructor(merges: MergeList) {
    let slots = 1024;
    while (slots < merges.left.length * 2) slots *= 2;
    this.#merges = merges;
    this.#slots = new Int32Array(slots).fill(-1);
    this.#mask = slots - 1;
    for (let merge = 0; merge < merges.left.length; merge++) {
      const slot = this.#slot(merges.left[merge]!, merges.right[merge]!);
      if (this.#slots[slot] !== -1) {
        throw new OnpathError(
          "table",
          `Cannot compile a vocabulary: merges ${
            this.#slots[slot]
          } and ${merge} have the same pair of tokens`,
          { first: this.#slots[slot], second: merge },
        );
      }
      this.#slots[slot] = merge;
    }
  }

  /**
   * Merges the pair of the lowest rank, the leftmost first, until no pair is left.
   *
   * @param parts Tokens; merged in place.
   * @param most Greatest rank of a merge; default none.
   * @returns The last merge, or null if no pair merged.
   */
  run(parts: number[], most = Infinity): { left: number; right: number; rank: number } | null {
    const found = this.#found;
    found.length = 0;
    for (let i = 0; i + 1 < parts.length; i++) found.push(this.#find(parts[i]!, parts[i + 1]!));
    let last = null;
    for (;;) {
      let best = -1;
      for (let i = 0; i < found.length; i++) {
        if (found[i]! >= 0 && (best < 0 || this.#rank(found[i]!) < this.#rank(found[best]!))) best = i;
      }
      if (best < 0 || this.#rank(found[best]!) > most) return last;
      const merge = found[best]!;
      if (parts.length === 2) last = { left: parts[0]!, right: parts[1]!, rank: this.#rank(merge) };
      parts.splice(best, 2, this.#merges.made[merge]!);
      found.splice(best, 1);
      if (best > 0) found[best - 1] = this.#find(parts[best - 1]!, parts[best]!);
      if (best < found.length) found[best] = this.#find(parts[best]!, parts[best + 1]!);
    }
  }

  #slot(left: number, right: number): number {
    const merges = this.#merges;
    let slot = pairHash(left, right) & this.#mask;
    for (;;) {
      const merge = this.#slots[slot]!;
      if (merge < 0 || (merges.left[merge] === left && merges.right[merge] === right)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #find(left: number, right: number): number {
    return this.#slots[this.#slot(left, right)]!;
  }

  #rank(merge: number): number {
    return this.#merges.rank === undefined ? merge : this.#merges.rank[merge]!;
  }
}
