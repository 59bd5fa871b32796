/**
 * Makes the arrays of {@linkcode BpeTables} from the memory of the compiled engine, which needs none of them. The plain
 * engine, devices and the writer of files do.
 *
 * @module
 */

import { pairTable } from "../compile/pairs.ts";
import { byDepth } from "../compile/trie.ts";
import type { BpeMemory } from "../engine_functions.ts";
import type { KnownNumbers } from "../lazy_tables.ts";
import type { BpeTables } from "../vocabulary.ts";
import { deriveSuffixes } from "./derive.ts";

/** Tokens that no merge makes, as the file has them. */
export interface UnmergedTokens {
  readonly cellOf: Int32Array;
  readonly ids: Int32Array;
  /** By token: 1 for a unit. */
  readonly made: Uint8Array;
}

/** Bits of a base or a parent, and of a token, in the words of a cell; see `wasm/cells.ts`. */
const CELL_BITS = 23, TOKEN_BITS = 22;
const CELL_MASK = 2 ** CELL_BITS - 1, TOKEN_MASK = 2 ** TOKEN_BITS - 1;

/**
 * Makes all arrays.
 *
 * @param loaded Memory with the tables.
 * @param sizes Cells, tokens, and the first token that a merge makes.
 * @param unmerged Tokens before it.
 * @param known Numbers of the tables.
 */
export function unpackBpe(
  { memory, places }: BpeMemory,
  { cells, tokens, first }: { readonly cells: number; readonly tokens: number; readonly first: number },
  { cellOf, ids: firstIds, made: firstMade }: UnmergedTokens,
  { units, wholeFirst, longestToken }: KnownNumbers,
): BpeTables {
  const base = new Int32Array(cells), check = new Int32Array(cells);
  const whole = new Int32Array(cells).fill(-1), ids = new Int32Array(tokens);
  const words = new Int32Array(memory.buffer, places.cells, 4 * cells);
  for (let cell = 0, at = 0; cell < cells; cell++, at += 4) {
    base[cell] = words[at]! & CELL_MASK;
    const parent = words[at]! >>> CELL_BITS | (words[at + 1]! << 32 - CELL_BITS & CELL_MASK);
    check[cell] = parent === CELL_MASK ? -1 : parent;
    const token = (words[at + 2]! & TOKEN_MASK) - 1;
    if (token < 0) continue;
    whole[cell] = token;
    ids[token] = (words[at + 2]! >>> TOKEN_BITS | (words[at + 3]! & 0x1fff) << 32 - TOKEN_BITS) - 1;
  }
  for (let token = 0; token < first; token++) whole[cellOf[token]!] = token;
  ids.set(firstIds);
  const made = new Uint8Array(tokens).fill(1);
  made.set(firstMade);
  const depth = depthsOf(check), fail = failuresOf(base, check, depth);
  const left = new Int32Array(tokens), right = new Int32Array(tokens);
  const parts = new Int32Array(memory.buffer, places.parts, 2 * tokens);
  const lengths = new Uint16Array(tokens), ranks = new Int32Array(tokens);
  for (let token = 0; token < tokens; token++) {
    left[token] = parts[2 * token]!;
    right[token] = parts[2 * token + 1]!;
    ranks[token] = token < first ? -1 : token - first;
  }
  for (let cell = 0; cell < cells; cell++) if (whole[cell]! >= 0) lengths[whole[cell]!] = depth[cell]!;
  return {
    tokens,
    ids,
    lengths,
    left,
    right,
    ranks,
    ...pairTable(left, right, ranks),
    base,
    check,
    fail,
    depth,
    whole,
    ...deriveSuffixes(depth, fail, whole, made),
    longestToken,
    units,
    fallback: new Int32Array(0),
    wholeFirst,
  };
}

/** Counts the bytes from the root to each cell. */
function depthsOf(check: Int32Array): Uint16Array {
  const depth = new Uint16Array(check.length);
  const open: number[] = [];
  for (let cell = 0; cell < check.length; cell++) {
    let at = cell;
    for (; check[at]! >= 0 && depth[at] === 0; at = check[at]!) open.push(at);
    for (let below = depth[at]!; open.length > 0;) depth[open.pop()!] = ++below;
  }
  return depth;
}

/** Finds the longest proper suffix of each path that is a path. */
function failuresOf(base: Int32Array, check: Int32Array, depth: Uint16Array): Int32Array {
  const fail = new Int32Array(check.length);
  for (const cell of byDepth(depth)) {
    if (depth[cell]! < 2) continue;
    const parent = check[cell]!, byte = cell - base[parent]!;
    for (let at = parent; at !== 0 && fail[cell] === 0;) {
      at = fail[at]!;
      if (check[base[at]! + byte] === at) fail[cell] = base[at]! + byte;
    }
  }
  return fail;
}
