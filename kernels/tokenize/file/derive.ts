/**
 * What follows from other tables, and so is not in the file: the longest tokens and suffixes; and the check that a
 * double array is one.
 *
 * @module
 */

import { byDepth } from "../compile/trie.ts";
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
 * Finds the longest token that ends at each state, and of each token the next shorter.
 *
 * @param depth By cell: bytes from the root.
 * @param fail By cell: its failure link; nearer to the root.
 * @param whole By cell: its token, or −1.
 * @param made By token: 1 where merges make it.
 * @returns `longest` by cell, `suffix` by token.
 * @throws {OnpathError} `file` when a failure link leads away from the root.
 */
export function deriveSuffixes(
  depth: Uint16Array,
  fail: Int32Array,
  whole: Int32Array,
  made: Uint8Array,
): { longest: Int32Array; suffix: Int32Array } {
  const longest = new Int32Array(depth.length).fill(-1);
  const suffix = new Int32Array(made.length).fill(-1);
  const order = byDepth(depth);
  for (let i = 0; i < order.length; i++) {
    const cell = order[i]!;
    if (depth[cell] === 0) {
      if (fail[cell] !== 0) {
        throw damaged(`the failure link of cell ${cell} leads to no shorter path`, { cell });
      }
      continue;
    }
    const link = fail[cell]!;
    if (depth[link]! >= depth[cell]! || (link !== 0 && depth[link] === 0)) {
      throw damaged(`the failure link of cell ${cell} leads to no shorter path`, { cell });
    }
    const token = whole[cell]!;
    if (token >= 0 && made[token] === 1) {
      longest[cell] = token;
      suffix[token] = longest[link]!;
    } else longest[cell] = longest[link]!;
  }
  return { longest, suffix };
}
