/**
 * Reads the tables of byte pair encoding and checks the engine's assumptions. Every token is the text of its
 * parts; within it no other merge comes first; and all merges start from units that are tokens. Then each
 * prefix of a text has a last token, so a walk always finds one.
 *
 * @module
 */

import { pairTable, standApart } from "../compile/pairs.ts";
import { hasLastTokens, runOf } from "../compile/runs.ts";
import { MAX_TRIE_BYTES } from "../compile/trie.ts";
import type { BpeTables, RunTables } from "../vocabulary.ts";
import { pointLength } from "../utf8.ts";
import { damaged, type TableReader } from "./bits.ts";
import { checkFails, checkTrie, deriveSuffixes, readDepth, readTrie } from "./derive.ts";
import type { TableMeta } from "./meta.ts";

/**
 * Reads the tables of byte pair encoding.
 *
 * @param input Reader after the automaton of pieces.
 * @param meta Head of the file.
 * @returns The tables.
 * @throws {OnpathError} `file` if the tables contradict each other.
 */
export function readBpe(
  input: TableReader,
  { cells, idLimit }: TableMeta,
  { tokens, merges, units, wholeFirst, holes, runs: heads }: NonNullable<TableMeta["bpe"]>,
): BpeTables {
  const { base, check } = readTrie(input, cells);
  const fail = input.numbers("fail", new Int32Array(cells), 0, cells - 1);
  const depth = readDepth(input, cells);
  const trie = { base, check, depth };
  const first = tokens - merges;
  if (first < 0) throw damaged(`${merges} merges make ${tokens} tokens`, { tokens, merges });
  const cellOf = input.numbers("cells of tokens", new Int32Array(tokens), 0, check.length - 1);
  const made = new Uint8Array(tokens).fill(1, first);
  input.numbers("unmerged tokens", made.subarray(0, first), 0, 1);
  const ids = input.numbers("ids", new Int32Array(tokens), 0, idLimit - 1);
  const left = new Int32Array(tokens).fill(-1);
  const right = new Int32Array(tokens).fill(-1);
  input.numbers("left parts", left.subarray(first), 0, tokens - 1);
  input.numbers("right parts", right.subarray(first), 0, tokens - 1);
  const fallback = input.numbers("fallback", new Int32Array(units === "bytes" ? 0 : 256), 0, tokens - 1);
  for (const byte of holes ?? []) fallback[byte] = -1;
  const runs = heads?.map(({ unit, first, length }): RunTables => ({
    unit,
    first,
    apart: input.numbers("pairs of a run", new Uint8Array(length * length), 0, 1),
  }));
  checkTrie(trie);
  checkFails(trie, fail);
  const whole = wholeTokens(cellOf, depth);
  const lengths = new Uint16Array(tokens), ranks = new Int32Array(tokens);
  let bytes = 0, longestToken = 0;
  for (let token = 0; token < tokens; token++) {
    const length = cellOf[token] === 0 ? 1 : depth[cellOf[token]!]!;
    lengths[token] = length;
    ranks[token] = token < first ? -1 : token - first;
    bytes += length;
    if (length > longestToken) longestToken = length;
  }
  const suffixes = deriveSuffixes(depth, fail, whole, made);
  for (const run of runs ?? []) checkRun(run, { tokens, left, right, lengths, made }, first);
  const tables: BpeTables = {
    tokens,
    ids,
    lengths,
    left,
    right,
    ranks,
    ...(runs !== undefined && { runs }),
    ...pairTable(left, right, ranks, runs),
    base,
    check,
    fail,
    depth,
    whole,
    ...suffixes,
    longestToken,
    units,
    fallback,
    wholeFirst,
  };
  checkIds(ids, idLimit);
  checkUnits(tables, cellOf, made, first);
  if (bytes > MAX_TRIE_BYTES) {
    throw damaged(`its tokens have ${bytes} bytes, expected at most ${MAX_TRIE_BYTES}`);
  }
  // The parts of a run are not those that merges join.
  const isRun = new Set((runs ?? []).flatMap((run) => runOf(run).tokens.slice(1)));
  for (let token = first; token < tokens; token++) checkMerge(tables, cellOf, made, token, isRun.has(token));
  return tables;
}

function wholeTokens(cellOf: Int32Array, depth: Uint16Array): Int32Array {
  const whole = new Int32Array(depth.length).fill(-1);
  for (let token = 0; token < cellOf.length; token++) {
    const cell = cellOf[token]!;
    if (cell === 0) continue;
    if (depth[cell] === 0 || whole[cell] !== -1) throw damaged(`token ${token} has no cell`, { token });
    whole[cell] = token;
  }
  return whole;
}

function checkIds(ids: Int32Array, idLimit: number): void {
  const taken = new Uint8Array(idLimit);
  for (let token = 0; token < ids.length; token++) {
    if (taken[ids[token]!] === 1) throw damaged(`two tokens have the id ${ids[token]}`, { token });
    taken[ids[token]!] = 1;
  }
}

/**
 * Checks that the tokens of a run repeat its unit, each one unit more than the one before, and that every run
 * has one last token. Then a pair that the run blocks leaves every text with its tokens.
 */
function checkRun(
  run: RunTables,
  { tokens, left, right, lengths, made }: Pick<BpeTables, "tokens" | "left" | "right" | "lengths"> & {
    readonly made: Uint8Array;
  },
  merged: number,
): void {
  const row = runOf(run);
  const isRun = run.unit < merged && made[run.unit] === 1 && run.first >= merged &&
    run.first + row.tokens.length - 2 < tokens &&
    row.tokens.every((token, n) =>
      n === 0 ||
      left[token] === run.unit && right[token] === row.tokens[n - 1] &&
        lengths[token] === (n + 1) * lengths[run.unit]!
    );
  if (!isRun || !hasLastTokens(row)) {
    throw damaged(`the run of token ${run.unit} is not one`, { unit: run.unit });
  }
}

/** Checks that merges start from single bytes, or from single characters and the 256 byte tokens. */
function checkUnits(tables: BpeTables, cellOf: Int32Array, made: Uint8Array, first: number): void {
  const { base, check, whole, lengths, units, fallback } = tables;
  const isFallback = new Uint8Array(cellOf.length);
  for (const token of fallback) if (token >= 0) isFallback[token] = 1;
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let token = 0; token < cellOf.length; token++) {
    if ((cellOf[token] === 0) !== (isFallback[token] === 1) || (isFallback[token] === 1 && token >= first)) {
      throw damaged(`the path of token ${token} is missing, or invalid for a byte token`, { token });
    }
    if (isFallback[token] === 1) continue;
    let length = 1;
    if (units === "characters") {
      const path = pathOf(tables, cellOf[token]!);
      length = pointLength(path[0]!);
      try {
        utf8.decode(path);
      } catch (cause) {
        if (!(cause instanceof TypeError)) throw cause;
        throw damaged(`token ${token} is invalid UTF-8`, { token });
      }
    }
    const isUnit = lengths[token] === length;
    if (token < first ? (made[token] === 1) !== isUnit : isUnit) {
      throw damaged(`the unit mark of token ${token} contradicts its length of ${lengths[token]} bytes`, {
        token,
      });
    }
  }
  for (let byte = 0; byte < 256; byte++) {
    // With a fallback, a byte without one is a character that has a token.
    if (units === "characters" && fallback[byte]! >= 0) continue;
    const cell = base[0]! + byte;
    if (
      byte >= 0x80 && units === "characters" || check[cell] !== 0 || whole[cell]! < 0 ||
      made[whole[cell]!] === 0
    ) {
      throw damaged(`byte ${byte} has no token`, { byte });
    }
  }
}

/** Returns the bytes of the path to a cell. */
function pathOf({ base, check, depth }: BpeTables, cell: number): Uint8Array {
  const path = new Uint8Array(depth[cell]!);
  for (let at = cell, n = path.length; n > 0; at = check[at]!) path[--n] = at - base[check[at]!]!;
  return path;
}

/**
 * Checks that a merged token is the bytes of its two parts, that merges make both, and that no earlier merge
 * crosses their border.
 */
function checkMerge(
  tables: BpeTables,
  cellOf: Int32Array,
  made: Uint8Array,
  token: number,
  isRun: boolean,
): void {
  const { base, check, left, right, lengths, ranks } = tables;
  const l = left[token]!, r = right[token]!;
  let isOf = l < token && r < token && made[l] === 1 && made[r] === 1 && cellOf[l] !== 0 && cellOf[r] !== 0 &&
    lengths[l]! + lengths[r]! === lengths[token]!;
  if (isOf) {
    let cell = cellOf[token]!, part = cellOf[r]!;
    while (isOf && part !== 0) {
      isOf = cell - base[check[cell]!]! === part - base[check[part]!]!;
      cell = check[cell]!;
      part = check[part]!;
    }
    isOf &&= cell === cellOf[l];
  }
  if (!isOf) throw damaged(`token ${token} does not consist of ${l} and ${r}`, { token, left: l, right: r });
  if (!isRun && !standApart(tables, l, r, ranks[token]!)) {
    throw damaged(`token ${token} is never made: within it another merge comes first`, { token });
  }
}
