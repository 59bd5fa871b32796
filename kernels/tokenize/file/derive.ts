/**
 * Tables that follow from others and so are absent from the file: the longest tokens and suffixes. Also the
 * checks of a double array and of its failure links.
 *
 * @module
 */

import { byDepth, MAX_TRIE_BYTES } from "../compile/trie.ts";
import { damaged } from "./bits.ts";

/** Double array with the depth of its states. */
export interface DepthTrie {
  /** By cell: base of its children; the child by byte b is cell `base + b`. */
  readonly base: Int32Array;
  /** By cell: the cell of its parent, or −1. */
  readonly check: Int32Array;
  /** By cell: bytes from the root; 0 for unused cells. */
  readonly depth: Uint16Array;
}

/**
 * Checks a double array: every parent is one byte nearer to the root, so walks end.
 *
 * @param trie Double array to check.
 * @throws {OnpathError} `file` if the double array is invalid.
 */
export function checkTrie({ base, check, depth }: DepthTrie): void {
  for (let cell = 0; cell < check.length; cell++) {
    const parent = check[cell]!;
    if (parent < 0) {
      if (depth[cell] !== 0) throw damaged(`cell ${cell} has a depth but no parent`, { cell });
      continue;
    }
    const byte = cell - base[parent]!;
    if (cell === 0 || byte < 0 || byte > 255 || depth[cell] !== depth[parent]! + 1) {
      throw damaged(`cell ${cell} is not a child of ${parent}`, { cell, parent });
    }
    if (parent !== 0 && check[parent]! < 0) {
      throw damaged(`the parent ${parent} of cell ${cell} is unused`, { cell, parent });
    }
  }
}

/**
 * Computes the longest token that ends at each state, and the next shorter suffix of each token; checks the
 * failure links.
 *
 * @param trie Double array, already checked.
 * @param fail By cell: its failure link.
 * @param whole By cell: its token, or −1.
 * @param made By token: 1 if merges make it.
 * @returns `longest` by cell, `suffix` by token.
 * @throws {OnpathError} `file` if a failure link is not the longest proper suffix that is a path.
 */
export function deriveSuffixes(
  { base, check, depth }: DepthTrie,
  fail: Int32Array,
  whole: Int32Array,
  made: Uint8Array,
): { longest: Int32Array; suffix: Int32Array } {
  const longest = new Int32Array(depth.length).fill(-1);
  const suffix = new Int32Array(made.length).fill(-1);
  const order = byDepth(depth);
  // A token of n bytes takes at most 2n steps, and the bytes of all tokens together are limited.
  let steps = 2 * MAX_TRIE_BYTES;
  for (let i = 0; i < order.length; i++) {
    const cell = order[i]!;
    let link = 0;
    if (depth[cell]! > 1) {
      const parent = check[cell]!;
      const byte = cell - base[parent]!;
      for (let at = parent; at !== 0 && link === 0;) {
        at = fail[at]!;
        if (check[base[at]! + byte] === at) link = base[at]! + byte;
        if (--steps < 0) throw damaged("its failure links take more steps than its tokens have bytes");
      }
    }
    if (fail[cell] !== link) {
      throw damaged(`the failure link of cell ${cell} leads to ${fail[cell]}, expected ${link}`, {
        cell,
        link,
      });
    }
    if (depth[cell] === 0) continue;
    const token = whole[cell]!;
    if (token >= 0 && made[token] === 1) {
      longest[cell] = token;
      suffix[token] = longest[link]!;
    } else longest[cell] = longest[link]!;
  }
  return { longest, suffix };
}
