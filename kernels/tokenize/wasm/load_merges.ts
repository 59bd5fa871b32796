// Checks the merges of a table file, and writes them into the hash table: see `load.ts`.

import { CELL_MASK, depthOf, links, parentOf, record } from "./cells";
import { filter, mergeMask, merges, parts } from "./layout";
import { filterBit, mergeOf, pairHash } from "./pairs";

/** Notes a merge in the hash table, behind those of its slot. */
// @ts-ignore: decorator of AssemblyScript
@inline

function putMerge(token: u32, left: u32, right: u32): void {
  const hash = pairHash(left, right), bit = filterBit(hash);
  const address = filter + (bit >> 3);
  store<u8>(address, <u8> (<u32> load<u8>(address) | 1 << (bit & 7)));
  let slot = hash & mergeMask;
  while (load<i32>(merges + (<usize> slot << 2)) >= 0) slot = slot + 1 & mergeMask;
  store<i32>(merges + (<usize> slot << 2), token);
}

/**
 * Checks a range of tokens that no merge makes: those of one byte are units, and others are none.
 *
 * @param made By token: 1 for a unit; 32-bit numbers, like `cellOf`.
 * @param lengths Address of a 16-bit number for each token, which this writes.
 * @returns Bytes of the tokens, with the longest one's from bit 32; 0 for a contradiction.
 */
export function checkUnits(made: usize, cellOf: usize, lengths: usize, from: u32, to: u32): u64 {
  let bytes: u32 = 0, longest: u32 = 0;
  for (let token = from; token < to; token++) {
    const length = depthOf(record(load<u32>(cellOf + (<usize> token << 2))));
    if (length === 0 || (load<u32>(made + (<usize> token << 2)) !== 0) !== (length === 1)) return 0;
    bytes += length;
    longest = max(longest, length);
    store<u16>(lengths + (<usize> token << 1), <u16> length);
    store<u64>(parts + (<usize> token << 3), -1);
  }
  return <u64> longest << 32 | bytes;
}

/**
 * Checks a range of merges: a token has the bytes of its two parts, which merges make, and no earlier merge crosses
 * their border. Writes them into the hash table, which has all earlier ones.
 *
 * @param first First token that a merge makes.
 * @param walks Address of 512 bytes for walks.
 * @returns As `checkUnits`.
 */
export function checkMerges(
  first: u32,
  made: usize,
  cellOf: usize,
  lengths: usize,
  walks: usize,
  from: u32,
  to: u32,
): u64 {
  let total: u64 = 0;
  for (let token = from; token < to; token += BATCH) {
    const end = min(token + BATCH, to);
    const counted = checkParts(first, made, cellOf, lengths, walks, token, end);
    if (counted === 0) return 0;
    total = max(total & ~0xffffffff, counted & ~0xffffffff) | (total & 0xffffffff) + (counted & 0xffffffff);
    for (let each = token; each < end; each++) {
      putMerge(each, load<u32>(parts + (<usize> each << 3)), load<u32>(parts + (<usize> each << 3), 4));
    }
    if (!checkBorders(walks, token, end)) return 0;
  }
  return total;
}

/**
 * Checks that no earlier merge crosses the border of a token's parts, as `decide` in `pairs.ts` does for one pair. The
 * pair of the parts itself is passed over: another token of that pair has the same cell.
 */
function checkBorders(walks: usize, from: u32, to: u32): bool {
  let walk = walks, isWrong = false;
  for (let token = from; token < to; token++, walk += 8) store<u64>(walk, load<u64>(parts + (<usize> token << 3)));
  while (walk > walks) {
    let kept = walks;
    for (let at = walks; at < walk; at += 8) {
      const left = load<u32>(at), right = load<u32>(at, 4);
      const inner = load<i32>(parts + (<usize> left << 3), 4), outer = load<i32>(parts + (<usize> right << 3));
      const isLeft = inner >= 0 && (left > right || outer < 0);
      if (!isLeft && outer < 0) continue;
      const x: u32 = isLeft ? inner : left, y: u32 = isLeft ? right : outer;
      const merged = mergeOf(x, y);
      const limit = isLeft ? left : right + 1;
      isWrong = isWrong || merged >= 0 && limit > <u32> merged;
      store<u32>(kept, x);
      store<u32>(kept, y, 4);
      kept += 8;
    }
    walk = kept;
  }
  return !isWrong;
}

/** Tokens whose walks run side by side, so that their loads overlap in time. */
const BATCH: u32 = 32;

/**
 * Checks that tokens consist of their parts: the right one is a suffix if failure links lead to it, and the left one a
 * prefix if parents do. A walk of 16 bytes is where it is, where it must end, and the steps until there. Walks that
 * have ended are overwritten by the next ones, without a branch.
 */
function checkParts(first: u32, made: usize, cellOf: usize, lengths: usize, walks: usize, from: u32, to: u32): u64 {
  let bytes: u32 = 0, longest: u32 = 0, isWrong = false, walk = walks;
  for (let token = from; token < to; token++, walk += 16) {
    const left = load<u32>(parts + (<usize> token << 3)), right = load<u32>(parts + (<usize> token << 3), 4);
    if (left >= token || right >= token) return 0;
    if (left < first && load<u32>(made + (<usize> left << 2)) === 0) return 0;
    if (right < first && load<u32>(made + (<usize> right << 2)) === 0) return 0;
    const cell = load<u32>(cellOf + (<usize> token << 2));
    const own = record(cell), length = depthOf(own), rest = <u32> load<u16>(lengths + (<usize> right << 1));
    isWrong = isWrong || length < 2 || <u32> load<u16>(lengths + (<usize> left << 1)) + rest !== length;
    bytes += length;
    longest = max(longest, length);
    store<u16>(lengths + (<usize> token << 1), <u16> length);
    const end = load<u32>(cellOf + (<usize> right << 2));
    let suffix = <u32> (own & CELL_MASK);
    // Links lead to ever shorter paths, and to the root at last, which is no token.
    while (suffix !== end && suffix !== 0) suffix = <u32> (record(suffix) & CELL_MASK);
    isWrong = isWrong || suffix === 0;
    store<u32>(walk, cell);
    store<u32>(walk, load<u32>(cellOf + (<usize> left << 2)), 4);
    store<u32>(walk, rest, 8);
  }
  if (isWrong) return 0;
  while (walk > walks) {
    let kept = walks;
    for (let at = walks; at < walk; at += 16) {
      const above = parentOf(links(load<u32>(at))), start = load<u32>(at, 4), rest = load<u32>(at, 8) - 1;
      isWrong = isWrong || rest === 0 && above !== start;
      store<u32>(kept, above);
      store<u32>(kept, start, 4);
      store<u32>(kept, rest, 8);
      kept += rest === 0 ? 0 : 16;
    }
    walk = kept;
  }
  return isWrong ? 0 : <u64> longest << 32 | bytes;
}
