/**
 * Hash table of the pairs of tokens that merge, and the test whether two tokens stand side by side.
 *
 * @module
 */

import { damaged } from "../file/bits.ts";
import { type BpeTables, pairHash, type RunTables } from "../vocabulary.ts";
import { blockedPairs, runOf } from "./runs.ts";

/** Hash table of pairs, as in {@linkcode BpeTables}. */
export type PairTable = Pick<BpeTables, "pairLeft" | "pairRight" | "pairRank">;

/**
 * Builds the hash table of merges in {@linkcode BpeTables}.
 *
 * @param left By token: the left part of its merge, or −1.
 * @param right By token: the right part of its merge.
 * @param ranks By token: the rank of its merge.
 * @param runs Runs of one unit, whose blocked pairs are added.
 * @returns The hash table; its slot count is a power of two.
 * @throws {OnpathError} `file` if merges join a pair of a run that stands side by side.
 */
export function pairTable(
  left: Int32Array,
  right: Int32Array,
  ranks: Int32Array,
  runs: readonly RunTables[] = [],
): PairTable {
  let pairs = runs.reduce((sum, { apart }) => sum + apart.length, 0);
  for (let token = 0; token < left.length; token++) if (left[token]! >= 0) pairs++;
  const slots = pairSlots(pairs);
  const table = {
    pairLeft: new Int32Array(slots).fill(-1),
    pairRight: new Int32Array(slots).fill(-1),
    pairRank: new Int32Array(slots).fill(-1),
  };
  for (let token = 0; token < left.length; token++) {
    if (left[token]! >= 0) putPair(table, left[token]!, right[token]!, ranks[token]!);
  }
  for (const run of runs) {
    const { tokens, apart } = runOf(run);
    const blocked = blockedPairs(
      { tokens, apart },
      (u, v) => standApart({ left, right, ranks, ...table }, u, v),
    );
    if (blocked === null) {
      throw damaged(`merges join two runs of token ${run.unit} that stand side by side`, { unit: run.unit });
    }
    for (const [u, v] of blocked) putPair(table, u, v, ranks[tokens.at(-1)!]! + 1);
  }
  return table;
}

/** Slots of a hash table of pairs. */
export function pairSlots(pairs: number): number {
  let slots = 16;
  while (slots < pairs * 2) slots *= 2;
  return slots;
}

function putPair({ pairLeft, pairRight, pairRank }: PairTable, left: number, right: number, rank: number) {
  const mask = pairLeft.length - 1;
  let slot = pairHash(left, right) & mask;
  while (pairLeft[slot] !== -1) slot = (slot + 1) & mask;
  pairLeft[slot] = left;
  pairRight[slot] = right;
  pairRank[slot] = rank;
}

/**
 * Tests whether no merge below a rank crosses the border of two tokens.
 *
 * @param tables Merges, and their hash table.
 * @param left Left token.
 * @param right Right token.
 * @param below Rank below which merges count; default all.
 */
export function standApart(
  tables: PairTable & Pick<BpeTables, "left" | "right" | "ranks">,
  left: number,
  right: number,
  below = Infinity,
): boolean {
  const { pairLeft, pairRight, pairRank, ranks } = tables;
  const mask = pairLeft.length - 1;
  let u = left, v = right, limit = below;
  for (;;) {
    let slot = pairHash(u, v) & mask;
    while (pairLeft[slot] !== -1 && (pairLeft[slot] !== u || pairRight[slot] !== v)) slot = (slot + 1) & mask;
    if (pairLeft[slot] !== -1 && pairRank[slot]! < limit) return false;
    if (ranks[u]! < 0 && ranks[v]! < 0) return true;
    if (ranks[u]! > ranks[v]!) {
      limit = ranks[u]!;
      u = tables.right[u]!;
    } else {
      limit = ranks[v]! + 1;
      v = tables.left[v]!;
    }
  }
}
