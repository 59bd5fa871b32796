// Test whether two tokens may be neighbours: no merge across their border comes before those that made them.

import { addPairs, filter, filterShift, mergeMask, merges, parts, verdicts } from "./layout";

/**
 * Bits of a slot's number in the cache of verdicts, which is direct-mapped. A slot has the left token, the upper bits
 * of the right one, and the answer. From these and the slot's number the lower bits of the right token follow.
 */
const VERDICT_BITS: u32 = 16;
/** Bits of a token in a slot, with that of the answer. */
const TOKEN_BITS: u32 = 21;

/** The hash of `vocabulary.ts`. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function pairHash(left: u32, right: u32): u32 {
  const mixed = left * 0x9e3779b1 ^ right * 0x85ebca6b;
  return mixed ^ (mixed >> 15);
}

/** Number of a hash's bit in `filter`. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function filterBit(hash: u32): u32 {
  return hash * 0x9e3779b1 >> filterShift;
}

// @ts-ignore: decorator of AssemblyScript
@inline

export function areCompatible(left: u32, right: u32): bool {
  const tag = right >> VERDICT_BITS << TOKEN_BITS | left;
  const slot = (tag * 0x9e3779b1 >> (32 - VERDICT_BITS)) ^ (right & ((1 << VERDICT_BITS) - 1));
  const address = verdicts + (<usize> slot << 2);
  const known = load<u32>(address);
  if (known >> 1 === tag) return (known & 1) !== 0;
  const answer = decide(left, right);
  store<u32>(address, tag << 1 | <u32> answer);
  return answer;
}

/** Undoes the merges that made both tokens, newest first, and tests whether each pair would merge. */
function decide(left: u32, right: u32): bool {
  let x: i32 = left, y: i32 = right, limit: i32 = i32.MAX_VALUE, lookups: u32 = 0;
  let answer = true;
  for (;;) {
    const made = mergeOf(x, y);
    lookups++;
    // Tokens are numbered in the order of their merges.
    if (made >= 0 && made < limit) {
      answer = false;
      break;
    }
    const inner = load<i32>(parts + (<usize> x << 3), 4), outer = load<i32>(parts + (<usize> y << 3));
    if (inner >= 0 && (x > y || outer < 0)) {
      limit = x;
      x = inner;
    } else if (outer >= 0) {
      limit = y + 1;
      y = outer;
    } else break;
  }
  addPairs(lookups);
  return answer;
}

/** Token that the merge of two tokens makes, or −1. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function mergeOf(x: u32, y: u32): i32 {
  const hash = pairHash(x, y);
  const bit = filterBit(hash);
  if ((<u32> load<u8>(filter + (bit >> 3)) >> (bit & 7) & 1) === 0) return -1;
  let slot = hash & mergeMask, made = load<i32>(merges + (<usize> slot << 2));
  while (made >= 0 && load<u64>(parts + (<usize> made << 3)) !== (<u64> y << 32 | x)) {
    slot = slot + 1 & mergeMask;
    made = load<i32>(merges + (<usize> slot << 2));
  }
  return made;
}
