/**
 * Groups of a flow by head. Groups of all heads are numbered together, those of the first head first; a packet may
 * hold groups of several heads, and padding after the last one.
 *
 * @module
 */

import type { GroupPacking } from "../packing.ts";

/**
 * Calls `visit` for the groups of each head.
 *
 * @param packing Sizes of the groups.
 * @param first First group.
 * @param count Number of groups; those after the last head are padding.
 * @param visit Takes the head, its first group, the number of groups and their position among `count`.
 * @returns Number of groups that are not padding.
 */
export function eachHead(
  { perHead, heads }: GroupPacking,
  first: number,
  count: number,
  visit: (head: number, group: number, groups: number, at: number) => void,
): number {
  let at = 0;
  for (let head = Math.floor(first / perHead); at < count && head < heads; head++) {
    const group = first + at - head * perHead;
    const groups = Math.min(count - at, perHead - group);
    visit(head, group, groups, at);
    at += groups;
  }
  return at;
}
