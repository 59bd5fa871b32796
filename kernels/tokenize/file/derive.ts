/**
 * Tables that follow from others and so are not in the file: the longest tokens and suffixes. And the checks of a
 * double array and of its failure links.
 *
 * @module
 */

import { byDepth, MAX_TRIE_BYTES } from "../compile/trie.ts";
import { damaged } from "./bits.ts";

/** A double array with the depth of its states. */
export interface DepthTrie {
  /** By cell: where its children begin. */
  readonly base: Int32Array;
  /** By cell: the cell of its parent, or −1. */
  readonly check: Int32Array;
  /** By cell: bytes from the root; 0 for cells not in use. */
  readonly depth: Uint16Array;
}

/**
 * Checks a double array: every parent is one byte nearer to the root, so that walks end.
 *
 * @param trie The double array.
 * @throws {OnpathError} `file` when it is none.
 */
export function checkTrie({ base, check, depth }: DepthTrie): void {
  for (let cell = 0; cell < check.length; cell++) {
    const parent = check[cell]!;
    if (parent < 0) {
      if (depth[cell] !== 0) throw damaged(`cell ${cell} has a depth and no parent`, { cell });
      continue;
    }
    const byte = cell - base[parent]!;
    if (cell === 0 || byte < 0 || byte > 255 || depth[cell] !== depth[parent]! + 1) {
      throw damaged(`cell ${cell} is no child of ${parent}`, { cell, parent });
    }
    if (parent !== 0 && check[parent]! < 0) {
      throw damaged(`cell ${cell} is the child of none`, { cell, parent });
    }
  }
}

/**
 * Finds the longest token that ends at each state, and of each token the next shorter; and checks the failure links.
 *
 * @param trie The double array, checked.
 * @param fail By cell: its failure link.
 * @param whole By cell: its token, or −1.
 * @param made By token: 1 where merges make it.
 * @returns `longest` by cell, `suffix` by token.
 * @throws {OnpathError} `file` when a failure link is not the longest proper suffix that is a path.
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
  // A token of n bytes takes 2n steps at most, and all tokens together have a limit.
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
