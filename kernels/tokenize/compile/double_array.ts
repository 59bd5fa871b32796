/**
 * Trie as a double array (Aoe, 1989): the child of a state by a byte is one addition and one comparison.
 *
 * A state's number is its cell; the root is cell 0. The child by `byte` is cell `base[s] + byte`, if `check`
 * of that cell is `s`. States with many children are placed first; states with one child fill the remaining
 * holes, so hardly a cell stays empty. The last 256 cells are padding, so no read is out of bounds.
 *
 * @module
 */

import type { Trie } from "./trie.ts";

/** Double array, with the cell of every state of the trie. */
export interface DoubleArray {
  /** By cell: base of its children; the child by byte b is cell `base + b`. */
  readonly base: Int32Array;
  /** By cell: the cell of its parent; −1 for the root and for unused cells. */
  readonly check: Int32Array;
  /** By state of the trie: its cell. */
  readonly cellOf: Int32Array;
}

/** Failed placements after which states with this number of children skip the lower cells. */
const TRIES = 64;

/**
 * Places the states of a trie into a double array.
 *
 * @param trie Trie to place.
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
      // After this number of failures, the next state of this size hardly fits either; smaller states use
      // these holes.
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

/** States with children, the root first, then those with the most children. */
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
 * Unused cells. `#next` leads from a used cell towards the next free one. Paths are compressed on every
 * search (Tarjan, 1975), so a search takes nearly constant time.
 */
class FreeCells {
  #next: Int32Array;
  #top = 0;

  constructor(cells: number) {
    this.#next = Int32Array.from({ length: cells }, (_, i) => i);
  }

  /** Returns one more than the highest used cell. */
  used(): number {
    return this.#top;
  }

  is(cell: number): boolean {
    return cell >= this.#next.length || this.#next[cell] === cell;
  }

  /** Returns the first free cell at or above `cell`. */
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
