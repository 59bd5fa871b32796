/**
 * A trie as a double array (Aoe, 1989): the child of a state by a byte is one addition and one comparison.
 *
 * A state's number is its cell; the root's is 0. `base[s] + byte` is the child's cell, which says in `check`
 * whose child it is. States with many children are placed first and those with one child last, for they fill the
 * holes, so hardly a cell is lost. 256 cells of nothing stand at the end: no read is out of bounds.
 *
 * @module
 */

import type { Trie } from "./trie.ts";

/** A double array, and where the trie's states are in it. */
export interface DoubleArray {
  /** By cell: where its children begin. */
  readonly base: Int32Array;
  /** By cell: the cell of its parent; −1 for the root and for cells not in use. */
  readonly check: Int32Array;
  /** By state of the trie: its cell. */
  readonly cellOf: Int32Array;
}

/** So many cells are tried before those below are given up for states of one size. */
const TRIES = 64;

/**
 * Places the states of a trie.
 *
 * @param trie The trie.
 * @returns The double array.
 */
export function doubleArray({ states, parent, byte }: Trie): DoubleArray {
  const counts = new Uint16Array(states);
  for (let s = 1; s < states; s++) counts[parent[s]!]!++;
  const starts = new Uint32Array(states + 1);
  for (let s = 0; s < states; s++) starts[s + 1] = starts[s]! + counts[s]!;
  const children = new Int32Array(states);
  const filled = starts.slice();
  for (let s = 1; s < states; s++) children[filled[parent[s]!]!++] = s;

  const free = new FreeCells(states + 512);
  const bases = new Int32Array(states);
  const cellOf = new Int32Array(states);
  free.take(0);
  let size = 0;
  let begin = 0;
  for (const state of byChildren(counts)) {
    const from = starts[state]!;
    const end = starts[state + 1]!;
    const first = byte[children[from]!]!;
    if (end - from !== size) begin = 0;
    size = end - from;
    let cell = free.atLeast(Math.max(begin, first + 1));
    for (let tries = 0;; tries++) {
      let fits = true;
      for (let i = from + 1; i < end && fits; i++) fits = free.is(cell - first + byte[children[i]!]!);
      if (fits) break;
      cell = free.atLeast(cell + 1);
      // What did not fit so many times will hardly fit the next of this size: its holes are left to smaller ones.
      if (tries === TRIES) begin = cell;
    }
    bases[state] = cell - first;
    for (let i = from; i < end; i++) {
      const place = cell - first + byte[children[i]!]!;
      free.take(place);
      cellOf[children[i]!] = place;
    }
  }

  const cells = free.used() + 256;
  const base = new Int32Array(cells);
  const check = new Int32Array(cells).fill(-1);
  for (let s = 0; s < states; s++) {
    base[cellOf[s]!] = bases[s]!;
    if (s > 0) check[cellOf[s]!] = cellOf[parent[s]!]!;
  }
  return { base, check, cellOf };
}

/** States that have children, those with most first, the root before all. */
function byChildren(counts: Uint16Array): Int32Array {
  const sizes = new Uint32Array(258);
  for (let s = 1; s < counts.length; s++) if (counts[s]! > 0) sizes[256 - counts[s]! + 1]!++;
  for (let i = 0; i < 257; i++) sizes[i + 1]! += sizes[i]!;
  const order = new Int32Array(sizes[257]! + (counts[0]! > 0 ? 1 : 0));
  const skip = counts[0]! > 0 ? 1 : 0;
  for (let s = 1; s < counts.length; s++) {
    if (counts[s]! > 0) order[skip + sizes[256 - counts[s]!]!++] = s;
  }
  return order;
}

/**
 * Cells not in use. `#next` leads from a cell that is taken towards the next free one; ways are shortened as they
 * are gone (Tarjan, 1975), so that a search costs next to nothing however many cells are taken.
 */
class FreeCells {
  #next: Int32Array;
  #top = 0;

  constructor(cells: number) {
    this.#next = Int32Array.from({ length: cells }, (_, i) => i);
  }

  /** One more than the highest cell taken. */
  used(): number {
    return this.#top;
  }

  is(cell: number): boolean {
    return cell >= this.#next.length || this.#next[cell] === cell;
  }

  /** The first free cell that is not below a limit. */
  atLeast(cell: number): number {
    const next = this.#next;
    let free = cell;
    while (free < next.length && next[free] !== free) free = next[free]!;
    for (let at = cell; at < free;) {
      const on = next[at]!;
      next[at] = free;
      at = on;
    }
    return free;
  }

  take(cell: number): void {
    if (cell >= this.#next.length) {
      const grown = Int32Array.from({ length: cell + (cell >> 1) }, (_, i) => i);
      grown.set(this.#next);
      this.#next = grown;
    }
    this.#next[cell] = cell + 1;
    if (cell >= this.#top) this.#top = cell + 1;
  }
}
