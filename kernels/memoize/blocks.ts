/**
 * Blocks of a function that are stored once: equal blocks, or blocks that are equal up to an addend.
 *
 * @module
 */

import type { LookupTables } from "./tables.ts";

/** Relation under which blocks are stored once. Both are equivalences, so the number of blocks is the least. */
export type Relation = "equal" | "shifted";

/**
 * Cuts a function into blocks of 2^low results and stores one of each class.
 *
 * @param values Bit patterns by code.
 * @param low Bits of the code within a block.
 * @param relation `equal`, or `shifted`: equal up to an addend modulo 2^outputBits.
 * @param outputBits Bits of a pattern.
 */
export function mergeBlocks(
  values: Uint32Array,
  low: number,
  relation: Relation,
  outputBits: number,
): LookupTables {
  const width = 2 ** low;
  const count = values.length / width;
  const mask = 2 ** outputBits - 1;
  const block = new Uint32Array(count);
  const addend = new Uint32Array(count);
  // First code of each stored block. Blocks whose hashes end alike are chained: heads and next hold a number + 1.
  const starts: number[] = [];
  const heads = new Int32Array(2 * count);
  const next = new Int32Array(count);
  const baseOf = (from: number) => relation === "shifted" ? values[from]! : 0;
  const sameBlock = (a: number, b: number) => {
    const [baseA, baseB] = [baseOf(a), baseOf(b)];
    for (let j = 0; j < width; j++) {
      if (((values[a + j]! - baseA) & mask) !== ((values[b + j]! - baseB) & mask)) return false;
    }
    return true;
  };
  for (let i = 0; i < count; i++) {
    const from = i * width;
    const base = baseOf(from);
    let hash = 0;
    for (let j = 0; j < width; j++) {
      hash = Math.imul(hash ^ ((values[from + j]! - base) & mask), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    const bucket = (hash ^ (hash >>> 13)) & (2 * count - 1);
    let found = heads[bucket]!;
    while (found !== 0 && !sameBlock(starts[found - 1]!, from)) found = next[found - 1]!;
    if (found === 0) {
      found = starts.push(from);
      next[found - 1] = heads[bucket]!;
      heads[bucket] = found;
    }
    block[i] = found - 1;
  }
  const second = new Uint32Array(starts.length * width);
  const offsets = starts.map((from, number) =>
    storeBlock(values, from, width, relation, outputBits, second, number * width)
  );
  if (relation === "shifted") {
    for (let i = 0; i < count; i++) addend[i] = (values[i * width]! + offsets[block[i]!]!) & mask;
  }
  return { kind: "lookup", low, block, addend, second };
}

/**
 * Stores a block. Shifted blocks begin at their least entry, so that entries have the fewest bits: if the
 * entries spread over less than half of all patterns, their signed differences are exact, and otherwise an
 * entry needs all bits anyway.
 *
 * @returns Least entry less the first one, modulo 2^outputBits.
 */
function storeBlock(
  values: Uint32Array,
  from: number,
  width: number,
  relation: Relation,
  outputBits: number,
  second: Uint32Array,
  to: number,
): number {
  if (relation === "equal") {
    second.set(values.subarray(from, from + width), to);
    return 0;
  }
  const unused = 32 - outputBits;
  const first = values[from]!;
  let least = 0;
  for (let j = 1; j < width; j++) least = Math.min(least, ((values[from + j]! - first) << unused) >> unused);
  const mask = 2 ** outputBits - 1;
  for (let j = 0; j < width; j++) second[to + j] = (values[from + j]! - first - least) & mask;
  return least;
}
