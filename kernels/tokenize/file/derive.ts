/**
 * Tables that follow from others and so are absent from the file: the longest tokens and suffixes. Also the
 * checks of a double array and of its failure links.
 *
 * @module
 */

import { MAX_TOKEN_BYTES } from "../compile/bpe.ts";
import { byDepth, MAX_TRIE_BYTES } from "../compile/trie.ts";
import { damaged, type TableReader } from "./bits.ts";

/** Double array with the depth of its states. */
export interface DepthTrie {
  /** By cell: base of its children; the child by byte b is cell `base + b`. */
  readonly base: Int32Array;
  /** By cell: the cell of its parent, or −1. */
  readonly check: Int32Array;
  /** By cell: bytes from the root; 0 for unused cells. */
  readonly depth: Uint16Array;
}

/** Reads the bases and the parents of a double array. */
export function readTrie(input: TableReader, cells: number): Pick<DepthTrie, "base" | "check"> {
  return {
    base: input.numbers("base", new Int32Array(cells), 0, cells - 256),
    check: input.numbers("check", new Int32Array(cells), 1, cells - 1),
  };
}

/** Reads the depths of a double array. */
export function readDepth(input: TableReader, cells: number): Uint16Array {
  return input.numbers("depth", new Uint16Array(cells), 0, MAX_TOKEN_BYTES);
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
 * Checks that each failure link leads to the longest proper suffix that is a path. Each is compared with what the
 * links of shorter paths give, so all are right if all cells pass, in any order.
 *
 * @param trie Double array, already checked.
 * @param fail By cell: its failure link.
 * @throws {OnpathError} `file` if a link is another one.
 */
export function checkFails({ base, check, depth }: DepthTrie, fail: Int32Array): void {
  // A token of n bytes takes at most 2n steps, and the bytes of all tokens together are limited.
  let steps = 2 * MAX_TRIE_BYTES;
  for (let cell = 0; cell < depth.length; cell++) {
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
  }
}

/**
 * Computes the longest token that ends at each state, and the next shorter suffix of each token.
 *
 * @param depth By cell: bytes from the root.
 * @param fail By cell: its failure link, already checked.
 * @param whole By cell: its token, or −1.
 * @param made By token: 1 if merges make it.
 * @returns `longest` by cell, `suffix` by token.
 */
export function deriveSuffixes(
  depth: Uint16Array,
  fail: Int32Array,
  whole: Int32Array,
  made: Uint8Array,
): { longest: Int32Array; suffix: Int32Array } {
  const longest = new Int32Array(depth.length).fill(-1);
  const suffix = new Int32Array(made.length).fill(-1);
  for (const cell of byDepth(depth)) {
    if (depth[cell] === 0) continue;
    const token = whole[cell]!, link = fail[cell]!;
    if (token >= 0 && made[token] === 1) {
      longest[cell] = token;
      suffix[token] = longest[link]!;
    } else longest[cell] = longest[link]!;
  }
  return { longest, suffix };
}
