/**
 * Compiles byte pair encoding into tables that need no merging: "the last token of every prefix".
 *
 * Let L(i) be the last token of the encoding of a piece's first i bytes. Two neighbours in an encoding are
 * together the encoding of their joined text. Conversely, a row of tokens whose neighbours all have this
 * property is the encoding of its text.
 *
 * So L(i) is the one token t that ends at i, is made by merges, and either begins the piece or is compatible
 * with L(i − |t|). There is exactly one (Neubeck and others, "rust-gems bpe", 2024). Candidates are the
 * suffix tokens from an Aho-Corasick automaton. Compatibility depends on pairs alone: the merges that made
 * both tokens are undone, newest first.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import type { BpeTables, RunTables } from "../vocabulary.ts";
import { doubleArray } from "./double_array.ts";
import { canonicalMerges, type MergeList, Merger, mergesOfRanks } from "./merges.ts";
import { orderOfMaking } from "./order.ts";
import { pairTable } from "./pairs.ts";
import type { VocabularyOptions } from "./progress.ts";
import { type ByteStrings, selectStrings } from "./strings.ts";
import { buildTrie, byDepth, failureLinks } from "./trie.ts";
import { byteUnits, characterUnits } from "./units.ts";

/** Byte pair encoding as read from a vocabulary's files. A token is an index into `strings`. */
export interface BpeSource {
  /** Bytes of the tokens; with `merges: "ranks"` in the order of rank. */
  readonly strings: ByteStrings;
  /** By token: its id. */
  readonly ids: Int32Array;
  /**
   * Merges by rank; or `"ranks"`, tiktoken's rule: two tokens merge if their bytes are a token, at its rank.
   */
  readonly merges: MergeList | "ranks";
  /** Units from which merges start: bytes, or characters with a byte fallback. */
  readonly units: "bytes" | "characters";
  /**
   * With `characters`, by byte: the token of that byte, used if a character has no token; −1 for an ASCII
   * character that is a token.
   */
  readonly fallback?: Int32Array | undefined;
  /** True if a piece equal to a token becomes that token, whatever the merges produce. */
  readonly wholeFirst: boolean;
}

/** Maximum token length, in bytes. */
export const MAX_TOKEN_BYTES = 4096;

/** Maximum number of tokens. */
export const MAX_TOKENS = 2 ** 21;

/**
 * Compiles byte pair encoding.
 *
 * @param source Tokens and merges of the vocabulary.
 * @param options Progress callback and abort signal.
 * @returns The compiled tables.
 * @throws {OnpathError} `table` if the vocabulary contradicts itself, a byte has no token, or no order of
 * merges follows from the ranks; `size` if the vocabulary is too large.
 * @throws The signal's reason if aborted.
 *
 * @example
 * ```ts
 * import { byteStrings } from "./strings.ts";
 * import { compileBpe } from "./bpe.ts";
 * import assert from "node:assert/strict";
 *
 * const text = new TextEncoder();
 * const tokens = [...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), text.encode("ab")];
 * const tables = await compileBpe({
 *   strings: byteStrings(tokens),
 *   ids: Int32Array.from(tokens.keys()),
 *   merges: "ranks",
 *   units: "bytes",
 *   wholeFirst: true,
 * });
 * assert.equal(tables.tokens, 257);
 * assert.deepEqual([tables.left[256], tables.right[256]], [97, 98]);
 * ```
 */
export async function compileBpe(source: BpeSource, options: VocabularyOptions = {}): Promise<BpeTables> {
  const { strings, ids } = source;
  const count = strings.offsets.length - 1;
  checkSizes(source, count);
  const fallback = source.units === "characters" ? source.fallback ?? new Int32Array(0) : new Int32Array(0);
  const isFallback = new Uint8Array(count);
  for (const token of fallback) if (token >= 0) isFallback[token] = 1;
  const units = source.units === "bytes" ? byteUnits(strings) : characterUnits(strings, isFallback);
  const merges = source.merges === "ranks" ? await mergesOfRanks(strings, options) : source.merges;
  const merger = new Merger(merges);
  const canonical = await canonicalMerges(units, merger, options);
  const { made: merged, runs, ...parts } = orderOfMaking(canonical, units, merger);

  const single = (token: number) => units.offsets[token + 1]! - units.offsets[token]! === 1;
  const made = (token: number) => single(token) || canonical.rank[token]! >= 0;
  const chosen: number[] = [];
  let unreachable = 0;
  for (let token = 0; token < count; token++) {
    if (canonical.rank[token]! >= 0) continue;
    if (isFallback[token] === 0 && !single(token)) {
      if (!source.wholeFirst) continue;
      unreachable++;
    }
    chosen.push(token);
  }
  const order = Int32Array.from([...chosen, ...merged]);
  checkUniqueIds(ids, order);
  const numberOf = new Int32Array(count).fill(-1);
  for (let i = 0; i < order.length; i++) numberOf[order[i]!] = i;

  const renamed = (tokens: Int32Array) =>
    Int32Array.from(order, (token) => tokens[token]! < 0 ? -1 : numberOf[tokens[token]!]!);
  const left = renamed(parts.left);
  const right = renamed(parts.right);
  const ranks = Int32Array.from(order, (_, i) => Math.max(-1, i - chosen.length));
  const runTables = runs.map(({ tokens, apart }): RunTables => ({
    unit: numberOf[tokens[0]!]!,
    first: numberOf[tokens[1]!]!,
    apart,
  }));
  const lengths = Uint16Array.from(order, (token) => strings.offsets[token + 1]! - strings.offsets[token]!);
  return {
    tokens: order.length,
    ids: Int32Array.from(order, (token) => ids[token]!),
    lengths,
    left,
    right,
    ranks,
    ...(runs.length > 0 && { runs: runTables }),
    ...pairTable(left, right, ranks, runTables),
    ...automaton(strings, order, (token) => isFallback[token] === 0, made),
    longestToken: lengths.reduce((max, length) => Math.max(max, length), 0),
    units: source.units,
    fallback: fallback.map((token) => token < 0 ? -1 : numberOf[token]!),
    // If every token can be made by merges, looking the whole piece up first changes no result.
    wholeFirst: source.wholeFirst && unreachable > 0,
  };
}

/**
 * Checks that no two tokens have the same id.
 *
 * @param ids By token: its id.
 * @param tokens Tokens to check.
 * @throws {OnpathError} `table` if two of the tokens have the same id.
 */
export function checkUniqueIds(ids: Int32Array, tokens: Iterable<number>): void {
  const taken = new Set<number>();
  for (const token of tokens) {
    const id = ids[token]!;
    if (taken.has(id)) {
      throw new OnpathError("table", `Cannot compile a vocabulary: two tokens have the id ${id}`, { id });
    }
    taken.add(id);
  }
}

type Automaton = Pick<BpeTables, "base" | "check" | "fail" | "depth" | "whole" | "longest" | "suffix">;

/**
 * Builds the automaton over the bytes of the tokens in `order`, without those for which `inside` is false.
 */
function automaton(
  strings: ByteStrings,
  order: Int32Array,
  inside: (token: number) => boolean,
  made: (token: number) => boolean,
): Automaton {
  const placed: number[] = [];
  for (let i = 0; i < order.length; i++) if (inside(order[i]!)) placed.push(i);
  const trie = buildTrie(selectStrings(strings, placed.map((i) => order[i]!)));
  const states = byDepth(trie.depth);
  const links = failureLinks(trie, states);
  const { base, check, cellOf } = doubleArray(trie);
  const fail = new Int32Array(base.length);
  const depth = new Uint16Array(base.length);
  const whole = new Int32Array(base.length).fill(-1);
  const longest = new Int32Array(base.length).fill(-1);
  const suffix = new Int32Array(order.length).fill(-1);
  for (const state of states) {
    const cell = cellOf[state]!;
    fail[cell] = cellOf[links[state]!]!;
    depth[cell] = trie.depth[state]!;
    const token = trie.whole[state]! < 0 ? -1 : placed[trie.whole[state]!]!;
    whole[cell] = token;
    if (token >= 0 && made(order[token]!)) {
      longest[cell] = token;
      suffix[token] = longest[fail[cell]!]!;
    } else longest[cell] = state === 0 ? -1 : longest[fail[cell]!]!;
  }
  return { base, check, fail, depth, whole, longest, suffix };
}

function checkSizes({ strings, ids, merges, units, fallback }: BpeSource, count: number): void {
  if (count < 1 || count > MAX_TOKENS) {
    throw new OnpathError(
      "size",
      `Cannot compile a vocabulary of ${count} tokens: expected 1 to ${MAX_TOKENS}`,
      { tokens: count, most: MAX_TOKENS },
    );
  }
  if (ids.length !== count) {
    throw new OnpathError(
      "table",
      `Cannot compile a vocabulary: it has ${count} tokens and ${ids.length} ids`,
      { tokens: count, ids: ids.length },
    );
  }
  for (let token = 0; token < count; token++) {
    const length = strings.offsets[token + 1]! - strings.offsets[token]!;
    if (length > MAX_TOKEN_BYTES) {
      throw new OnpathError(
        "size",
        `Cannot compile a vocabulary: token ${
          ids[token]
        } has ${length} bytes, expected at most ${MAX_TOKEN_BYTES}`,
        { id: ids[token], length, most: MAX_TOKEN_BYTES },
      );
    }
  }
  const named = (token: number | undefined) => token !== undefined && token >= 0 && token < count;
  if (merges !== "ranks") {
    for (let merge = 0; merge < merges.made.length; merge++) {
      if (named(merges.left[merge]) && named(merges.right[merge]) && named(merges.made[merge])) continue;
      throw new OnpathError(
        "table",
        `Cannot compile a vocabulary: merge ${merge} names an unknown token`,
        { merge },
      );
    }
  }
  // A byte needs none if its character is a token.
  const isCharacter = new Uint8Array(128);
  for (let token = 0; token < count; token++) {
    const at = strings.offsets[token]!;
    if (strings.offsets[token + 1]! - at === 1 && strings.bytes[at]! < 128) {
      isCharacter[strings.bytes[at]!] = 1;
    }
  }
  const isFallback = (token: number, byte: number) =>
    named(token) || (token === -1 && isCharacter[byte] === 1);
  if (units === "characters" && (fallback?.length !== 256 || !fallback.every(isFallback))) {
    throw new OnpathError(
      "table",
      "Cannot compile a vocabulary of characters: expected a fallback token for each of the 256 bytes",
      { fallback: fallback?.length ?? 0 },
    );
  }
}
