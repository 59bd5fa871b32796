/**
 * Unicode's White_Space, alone: who needs no other property then carries no table of them.
 *
 * @module
 */

import type { CodeSet } from "../tokenize/pattern/set.ts";

/** White_Space of Unicode 16.0, in inclusive ranges; it contains U+0085, but not U+FEFF. */
const WHITE_SPACE: CodeSet = [
  ...[0x9, 0xd, 0x20, 0x20, 0x85, 0x85, 0xa0, 0xa0, 0x1680, 0x1680],
  ...[0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000],
];

/** Returns Unicode's White_Space. */
export function whiteSpace(): CodeSet {
  return WHITE_SPACE;
}
