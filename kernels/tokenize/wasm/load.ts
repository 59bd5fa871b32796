// Reads the arrays of a table file into the engine's tables, and checks them: the checks of `file/decode_bpe.ts` and
// `file/derive.ts`. Each function takes a range of cells or tokens: a call of a few thousand is compiled anew by the
// JavaScript engine while the rest still waits. No memory is touched but that of the engine's tables, because a page
// that is new costs more than its bytes. So a cell's record holds its failure link and its depth until the tokens are
// written.

import {
  CELL_ID_SHIFT,
  CELL_MASK,
  CELL_TOKEN_MASK,
  DEPTH_MASK,
  DEPTH_SHIFT,
  depthOf,
  HIGH_SHIFT,
  links,
  LOW_SHIFT,
  PARENT_SHIFT,
  parentOf,
  record,
} from "./cells";
import { cells, parts, pathsOfTwo, units } from "./layout";

/** Bits of a record that stay when tokens are written. */
const HIGH_MASK: u64 = <u64> 0xffff << HIGH_SHIFT;

// @ts-ignore: decorator of AssemblyScript
@inline

function numberAt(bits: usize, width: u32, index: u32): u32 {
  const bit = <u64> index * width;
  return load<u32>(bits + <usize> (bit >> 3)) >> (<u32> bit & 7) & ((1 << width) - 1);
}

/**
 * Unpacks numbers of `width` bits.
 *
 * @param bits Address of the first one; 4 bytes behind the last can be read.
 * @param out Address of 32-bit numbers, `stride` bytes apart.
 * @returns The greatest number.
 */
export function unpack(bits: usize, width: u32, out: usize, stride: usize, count: u32): u32 {
  let greatest: u32 = 0;
  for (let index: u32 = 0; index < count; index++, out += stride) {
    const value = numberAt(bits, width, index);
    greatest = max(greatest, value);
    store<u32>(out, value);
  }
  return greatest;
}

/**
 * Unpacks a range of cells. The bits of each array begin with the range.
 *
 * @returns The greatest base; from bit 32 the greatest parent plus 1.
 */
export function unpackLinks(base: usize, baseWidth: u32, check: usize, checkWidth: u32, from: u32, count: u32): u64 {
  let most: u32 = 0, mostParent: u32 = 0;
  let address = cells + (<usize> from << 4);
  for (let index: u32 = 0; index < count; index++, address += 16) {
    const first = numberAt(base, baseWidth, index), parent = numberAt(check, checkWidth, index);
    most = max(most, first);
    mostParent = max(mostParent, parent);
    store<u64>(address, <u64> first | (<u64> (parent - 1) & CELL_MASK) << PARENT_SHIFT);
  }
  return <u64> mostParent << 32 | most;
}

/** Unpacks failure links and depths of a range of cells. Returns the greatest link; from bit 32 the greatest depth. */
export function unpackRecords(fail: usize, failWidth: u32, depth: usize, depthWidth: u32, from: u32, count: u32): u64 {
  let most: u32 = 0, deepest: u32 = 0;
  let address = cells + (<usize> from << 4);
  for (let index: u32 = 0; index < count; index++, address += 16) {
    const link = numberAt(fail, failWidth, index), bytes = numberAt(depth, depthWidth, index);
    most = max(most, link);
    deepest = max(deepest, bytes);
    store<u64>(address, <u64> (link & <u32> CELL_MASK) | (<u64> bytes & DEPTH_MASK) << DEPTH_SHIFT, 8);
  }
  return <u64> deepest << 32 | most;
}

/** Checks that every parent is one byte nearer to the root, and marks the bytes of its children. */
export function checkCells(from: u32, to: u32): bool {
  for (let cell = from; cell < to; cell++) {
    const parent = parentOf(links(cell)), depth = depthOf(record(cell));
    if (parent === <u32> CELL_MASK) {
      if (depth !== 0) return false;
      continue;
    }
    const address = cells + (<usize> parent << 4);
    const above = load<u64>(address), marks = load<u64>(address, 8);
    const byte = <u64> cell - (above & CELL_MASK);
    if (cell === 0 || byte > 255 || depth !== depthOf(marks) + 1) return false;
    if (parent !== 0 && parentOf(above) === <u32> CELL_MASK) return false;
    store<u64>(address, above | <u64> 1 << LOW_SHIFT + (byte & 15));
    store<u64>(address, marks | <u64> 1 << HIGH_SHIFT + (byte >> 4), 8);
  }
  return true;
}

/**
 * Checks that each failure link leads to the longest proper suffix that is a path. Each is compared with what the links
 * of shorter paths give, so all are right if all cells pass, in any order.
 *
 * @returns Steps that are left, or −1.
 */
export function checkFails(from: u32, to: u32, steps: i32): i32 {
  for (let cell = from; cell < to; cell++) {
    const parent = parentOf(links(cell));
    let link: u32 = 0;
    if (parent !== <u32> CELL_MASK && parent !== 0) {
      const byte = <u64> cell - (links(parent) & CELL_MASK);
      let at = parent;
      while (at !== 0 && link === 0) {
        at = <u32> (record(at) & CELL_MASK);
        const own = links(at);
        if ((own >> LOW_SHIFT + (byte & 15) & record(at) >> HIGH_SHIFT + (byte >> 4) & 1) !== 0) {
          const child = <u32> ((own & CELL_MASK) + byte);
          if (parentOf(links(child)) === at) link = child;
        }
        if (--steps < 0) return -1;
      }
    }
    if (<u32> (record(cell) & CELL_MASK) !== link) return -1;
  }
  return steps;
}

/** Tests a bit and sets it. */
// @ts-ignore: decorator of AssemblyScript
@inline

function take(bits: usize, index: u32): bool {
  const address = bits + (index >> 3), bit: u32 = 1 << (index & 7);
  const byte = <u32> load<u8>(address);
  store<u8>(address, <u8> (byte | bit));
  return (byte & bit) === 0;
}

/** Removes failure links and depths from a range of cells. */
export function clearRecords(from: u32, to: u32): void {
  for (let cell = from; cell < to; cell++) {
    const address = cells + (<usize> cell << 4);
    store<u64>(address, load<u64>(address, 8) & HIGH_MASK, 8);
  }
}

/**
 * Writes a range of tokens into their cells, and checks that cells and ids are their own.
 *
 * @param ids Ids of the range; 32-bit numbers.
 * @param hasCell Zero bits by cell.
 * @param hasId Zero bits by id.
 */
export function putTokens(
  first: u32,
  made: usize,
  cellOf: usize,
  ids: usize,
  hasCell: usize,
  hasId: usize,
  wholeFirst: bool,
  from: u32,
  to: u32,
): bool {
  for (let token = from; token < to; token++, ids += 4) {
    const cell = load<u32>(cellOf + (<usize> token << 2)), id = load<u32>(ids);
    if (!take(hasCell, cell) || !take(hasId, id)) return false;
    const isMade = token >= first || load<u32>(made + (<usize> token << 2)) !== 0;
    const address = cells + (<usize> cell << 4);
    let record = load<u64>(address, 8);
    if (isMade) record |= token + 1;
    if (isMade || wholeFirst) record |= <u64> (id + 1) << CELL_ID_SHIFT;
    store<u64>(address, record, 8);
  }
  return true;
}

/** Checks that every byte has a token, and lists these and the cells of all two bytes. */
export function checkBytes(): bool {
  const root = <u32> (links(0) & CELL_MASK);
  for (let first: u32 = 0; first < 256; first++) {
    const own = links(root + first), token = record(root + first) & CELL_TOKEN_MASK;
    if (parentOf(own) !== 0 || token === 0) return false;
    const id = (record(root + first) >> CELL_ID_SHIFT & CELL_MASK) - 1;
    store<u64>(units + (<usize> first << 3), token - 1 | id << 21 | <u64> 1 << 43);
    for (let second: u32 = 0; second < 256; second++) {
      const to = <u32> (own & CELL_MASK) + second;
      if (parentOf(links(to)) === root + first) {
        store<u32>(pathsOfTwo + (<usize> (second << 8 | first) << 2), to);
      }
    }
  }
  return true;
}
