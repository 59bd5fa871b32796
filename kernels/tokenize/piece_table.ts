/**
 * Exact hash table of pieces that are one token, for `piece_table.sv`: most pieces of English need no walk.
 *
 * Two banks have buckets of two entries. Two hashes of a piece select a bucket in each bank, and hardware
 * compares all four entries with the piece's length and bytes. A piece that is absent is walked, so the table
 * changes cycles and never ids. Tokens enter by rank, the most frequent ones first; an entry moves to its
 * other bucket to make room (cuckoo hashing), and a token that finds none is left out.
 *
 * @module
 */

import { plainTables } from "./lazy_tables.ts";
import { pointLength, readPoint } from "./utf8.ts";
import type { BpeTables, PieceTables } from "./vocabulary.ts";

/** Longest piece of the table, in bytes. */
export const PIECE_BYTES = 15;
/** Bits of each of the four parts in which an entry is loaded. */
export const PIECE_PART_BITS = 35;

/** Table of pieces. Plain data. */
export interface PieceTable {
  /** Buckets in a bank minus one; their number is a power of two. */
  readonly mask: number;
  /** By entry, four parts each: token (16 bits), length (4; 0 if empty), bytes (120), the lowest bits first. */
  readonly entries: Float64Array;
  /** Tokens in the table. */
  readonly count: number;
  /** Tokens for which no bucket was free. */
  readonly omitted: number;
}

/** Piece that may enter the table. */
interface Candidate {
  readonly token: number;
  readonly bytes: Uint8Array;
}

/**
 * Makes the table of a vocabulary.
 *
 * @param tables Tables of byte pair encoding, with units of bytes.
 * @param pieces Tables that cut pieces; null if the text is one piece.
 * @param mostBuckets Capacity of a bank, a power of two.
 */
export function pieceTable(tables: BpeTables, pieces: PieceTables | null, mostBuckets: number): PieceTable {
  const bpe = plainTables(tables);
  const candidates = tokensAlone(bpe).filter(({ bytes }) => pieces === null || canBePiece(pieces, bytes));
  candidates.sort((a, b) => bpe.ranks[a.token]! - bpe.ranks[b.token]!);
  let buckets = 1;
  while (buckets < mostBuckets && 4 * buckets * MAX_LOAD < candidates.length) buckets *= 2;
  let table = fill(candidates, buckets);
  // A hash of few keys may favour some buckets.
  for (; table.omitted > 0 && buckets < mostBuckets; table = fill(candidates, buckets)) buckets *= 2;
  return table;
}

/** Share of the entries that is filled before the number of buckets doubles; two entries of two fill 0.89. */
const MAX_LOAD = 0.8;

/** Tokens of up to {@linkcode PIECE_BYTES} that are the whole answer to a piece of their bytes. */
function tokensAlone({ base, check, whole, longest, lengths, depth, wholeFirst }: BpeTables): Candidate[] {
  const found: Candidate[] = [];
  for (let cell = 1; cell < check.length; cell++) {
    const length = depth[cell]!;
    if (check[cell]! < 0 || length === 0 || length > PIECE_BYTES) continue;
    const token = wholeFirst && whole[cell]! >= 0 ? whole[cell]! : longest[cell]!;
    if (token < 0 || lengths[token] !== length) continue;
    const bytes = new Uint8Array(length);
    for (let at = length, to = cell; at-- > 0; to = check[to]!) bytes[at] = to - base[check[to]!]!;
    found.push({ token, bytes });
  }
  return found;
}

/** Tests whether some text has the bytes as a piece: whole code points, where the automaton may end one. */
function canBePiece(pieces: PieceTables, bytes: Uint8Array): boolean {
  const { start, classes, transitions, accept, blockOf, classOf } = pieces;
  let state = start;
  for (let at = 0; at < bytes.length;) {
    const length = pointLength(bytes[at]!);
    if ((bytes[at]! & 0xc0) === 0x80 || at + length > bytes.length) return false;
    const point = readPoint(bytes, at, length);
    if (point > 0x10ffff) return false;
    state = transitions[state * classes + classOf[blockOf[point >> 8]! * 256 + (point & 255)]!]!;
    if (state < 0) return false;
    at += length;
  }
  if (accept[state] === 0) return true;
  // The next code point, or the end of the text, may still make this an end.
  const after = transitions.subarray(state * classes, (state + 1) * classes);
  return after.some((to, kind) =>
    to >= 0 && (accept[to] === 1 || (kind === classes - 1 && accept[to]! >= 0))
  );
}

function fill(candidates: readonly Candidate[], buckets: number): PieceTable {
  const mask = buckets - 1;
  const slots = new Int32Array(4 * buckets).fill(-1);
  const hashes = candidates.map(({ bytes }) => pieceHash(bytes));
  let omitted = 0;
  candidates.forEach((_, piece) => {
    if (!insert(slots, hashes, piece, mask)) omitted++;
  });
  const entries = new Float64Array(4 * slots.length);
  slots.forEach((piece, slot) => {
    if (piece >= 0) writeEntry(entries, 4 * slot, candidates[piece]!);
  });
  return { mask, entries, count: candidates.length - omitted, omitted };
}

/** First entry of a piece's bucket in a bank; its second entry is two further. */
function bucketOf(hash: number, bank: number, mask: number): number {
  return 4 * ((hash >>> 14 * bank) & mask) + bank;
}

/** Moves tried for one piece. A table of r50k_base needs fewer than 100 for each. */
const MAX_MOVES = 1000;

/**
 * Enters a piece by the shortest row of moves, found breadth first. Returns false, with nothing changed, if
 * {@linkcode MAX_MOVES} entries have no free one within reach.
 */
function insert(slots: Int32Array, hashes: readonly number[], piece: number, mask: number): boolean {
  const queue: number[] = [], from: number[] = [];
  const seen = new Set<number>();
  const reach = (bucket: number, parent: number) => {
    if (seen.has(bucket)) return;
    seen.add(bucket);
    for (const slot of [bucket, bucket + 2]) {
      queue.push(slot);
      from.push(parent);
    }
  };
  for (const bank of [0, 1]) reach(bucketOf(hashes[piece]!, bank, mask), -1);
  for (let at = 0; at < queue.length && at < MAX_MOVES; at++) {
    const slot = queue[at]!;
    const owner = slots[slot]!;
    if (owner >= 0) {
      reach(bucketOf(hashes[owner]!, 1 - (slot & 1), mask), at);
      continue;
    }
    let to = at;
    for (; from[to]! >= 0; to = from[to]!) slots[queue[to]!] = slots[queue[from[to]!]!]!;
    slots[queue[to]!] = piece;
    return true;
  }
  return false;
}

/**
 * Hash of a piece: bit n is the parity of those bits of its length and bytes that a generator chose, so that
 * hardware needs three levels of logic.
 *
 * @param bytes Bytes of the piece, at most {@linkcode PIECE_BYTES}.
 * @returns 28 bits: 14 for a bucket in each bank.
 */
export function pieceHash(bytes: Uint8Array): number {
  let hash = HASH_ROWS[bytes.length]!;
  for (let n = 0; n < bytes.length; n++) hash ^= HASH_ROWS[16 + 256 * n + bytes[n]!]!;
  return hash & 0xfffffff;
}

/** Contribution of a length to the hash; from 16 on of each byte, by place and value. */
const HASH_ROWS = /* @__PURE__ */ hashRows();

function hashRows(): Int32Array {
  const row = new Int32Array(4 + 8 * PIECE_BYTES);
  let mixed = 0x9e3779b9;
  for (let n = 0; n < row.length; n++) {
    mixed ^= mixed << 13;
    mixed ^= mixed >>> 17;
    mixed ^= mixed << 5;
    row[n] = mixed;
  }
  const rows = new Int32Array(16 + 256 * PIECE_BYTES);
  const sum = (value: number, first: number) => {
    let total = 0;
    for (let bit = 0; bit < 8; bit++) if ((value >> bit & 1) === 1) total ^= row[first + bit]!;
    return total;
  };
  for (let length = 0; length < 16; length++) rows[length] = sum(length, 0);
  for (let n = 0; n < 256 * PIECE_BYTES; n++) rows[16 + n] = sum(n & 255, 4 + 8 * (n >> 8));
  return rows;
}

function writeEntry(entries: Float64Array, at: number, { token, bytes }: Candidate): void {
  let bits = BigInt(token) | BigInt(bytes.length) << 16n;
  for (let n = 0; n < bytes.length; n++) bits |= BigInt(bytes[n]!) << BigInt(20 + 8 * n);
  for (let part = 0; part < 4; part++) {
    entries[at + part] = Number(bits >> BigInt(PIECE_PART_BITS * part) & PART_MASK);
  }
}

const PART_MASK = 2n ** BigInt(PIECE_PART_BITS) - 1n;
