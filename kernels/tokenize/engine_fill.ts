/**
 * Tables of byte pair encoding in the memory of the compiled engine, of a vocabulary whose arrays were not read there.
 *
 * @module
 */

import {
  type BpeMemory,
  createPlaces,
  FIRST_FREE,
  growTo,
  instantiate,
  placeBpe,
} from "./engine_functions.ts";
import { plainTables } from "./lazy_tables.ts";
import { noProgress } from "./tables.ts";
import { type BpeTables, pairHash } from "./vocabulary.ts";

/** Fills a new memory with the tables of a vocabulary that was compiled here, or is read by the plain path. */
export function fillBpe(lazy: BpeTables): BpeMemory {
  const bpe = plainTables(lazy);
  const free = createPlaces(FIRST_FREE);
  const at = placeBpe(free.reserve, bpe.base.length, bpe.tokens, bpe.pairRank.length);
  const next = free.next;
  const memory = new WebAssembly.Memory({ initial: 1 });
  growTo(memory, next);
  const buffer = memory.buffer;
  fillCells(bpe, new Int32Array(buffer, at.cells, 4 * bpe.base.length));
  fillPaths(bpe, new Int32Array(buffer, at.pathsOfTwo, 65536));
  const units = new BigUint64Array(buffer, at.units, 256);
  for (let byte = 0; byte < 256; byte++) {
    const cell = bpe.base[0]! + byte, token = bpe.check[cell] === 0 ? bpe.longest[cell]! : -1;
    if (token < 0) throw noProgress("a byte has no token");
    units[byte] = BigInt(token) | BigInt(bpe.ids[token]!) << 21n | 1n << 43n;
  }
  const parts = new Int32Array(buffer, at.parts, 2 * bpe.tokens);
  for (let token = 0; token < bpe.tokens; token++) {
    parts[2 * token] = bpe.left[token]!;
    parts[2 * token + 1] = bpe.right[token]!;
  }
  const merges = new Int32Array(buffer, at.merges, bpe.pairRank.length);
  fillMerges(bpe, merges, new Uint8Array(buffer, at.filter), at.filterShift);
  return { memory, functions: instantiate(memory), places: at, next, clean: next };
}

/** Packs the cells as `wasm/search.ts` reads them. */
function fillCells(
  { base, check, whole, longest, lengths, depth, ids, wholeFirst }: BpeTables,
  cells: Int32Array,
): void {
  for (let cell = 0, at = 0; cell < base.length; cell++, at += 4) {
    const last = longest[cell]!, parent = check[cell]!;
    const made = last >= 0 && lengths[last] === depth[cell] ? last : -1;
    const piece = wholeFirst ? whole[cell]! : made;
    const id = piece >= 0 ? ids[piece]! + 1 : 0;
    cells[at] = base[cell]! | parent << 23;
    cells[at + 1]! |= parent >>> 9 & 0x3fff;
    cells[at + 2] = made + 1 | id << 22;
    cells[at + 3]! |= id >>> 10;
    if (parent < 0) continue;
    const byte = cell - base[parent]!;
    cells[4 * parent + 1]! |= 1 << (byte & 15) + 14;
    cells[4 * parent + 3]! |= 1 << (byte >> 4) + 13;
  }
}

/** Lists the cells of all two bytes. */
function fillPaths({ base, check }: BpeTables, paths: Int32Array): void {
  for (let first = 0; first < 256; first++) {
    const cell = base[0]! + first;
    for (let second = 0; second < 256; second++) {
      const to = base[cell]! + second;
      if (check[to] === cell) paths[second << 8 | first] = to;
    }
  }
}

function fillMerges(
  { pairLeft, pairRight, pairRank, ranks }: BpeTables,
  merges: Int32Array,
  filter: Uint8Array,
  filterShift: number,
) {
  // Tokens that no merge makes come first.
  let first = 0;
  while (first < ranks.length && ranks[first]! < 0) first++;
  for (let slot = 0; slot < merges.length; slot++) {
    const left = pairLeft[slot]!;
    if (left < 0) {
      merges[slot] = -1;
      continue;
    }
    merges[slot] = first + pairRank[slot]!;
    const bit = Math.imul(pairHash(left, pairRight[slot]!), 0x9e3779b1) >>> filterShift;
    filter[bit >>> 3]! |= 1 << (bit & 7);
  }
}
