// Cells of the automaton over bytes, as `search.ts` reads and `load.ts` writes them.
//
// A cell has 16 bytes. Its first half has the base, the parent from bit 23 (all ones for none), and from bit 46 the low
// digits (hexadecimal) of the bytes of its children, a bit each. Its second half has the token equal to its path plus
// 1, or 0; from bit 22 the id of a piece equal to its path plus 1, or 0; from bit 45 the high digits. While a file is
// read, it has a failure link and, from bit 23, the depth in place of token and id.

import { cells } from "./layout";

export const CELL_MASK: u64 = 0x7fffff;
export const PARENT_SHIFT: u64 = 23;
export const LOW_SHIFT: u64 = 46;
export const CELL_TOKEN_MASK: u64 = 0x3fffff;
export const CELL_ID_SHIFT: u64 = 22;
export const HIGH_SHIFT: u64 = 45;

/** Depth of a cell in its record, above the failure link. */
export const DEPTH_SHIFT: u64 = 23, DEPTH_MASK: u64 = 0x3fff;

// @ts-ignore: decorator of AssemblyScript
@inline

export function links(cell: u32): u64 {
  return load<u64>(cells + (<usize> cell << 4));
}

// @ts-ignore: decorator of AssemblyScript
@inline

export function record(cell: u32): u64 {
  return load<u64>(cells + (<usize> cell << 4), 8);
}

/** Parent in the links of a cell; {@linkcode CELL_MASK} for none. */
// @ts-ignore: decorator of AssemblyScript
@inline

export function parentOf(links: u64): u32 {
  return <u32> (links >> PARENT_SHIFT & CELL_MASK);
}

// @ts-ignore: decorator of AssemblyScript
@inline

export function depthOf(record: u64): u32 {
  return <u32> (record >> DEPTH_SHIFT & DEPTH_MASK);
}
