// Memo of the tokens of recent pieces. Bytes are compared, so a hit is exact.
//
// A slot of the short memo has 32 bytes: up to 15 bytes of the piece with its length in the last one, 3 words, and
// their number; 0 if the piece has more tokens and is in the long memo. A slot of the long memo has 128 bytes: up
// to 31 bytes of the piece with its length in the last one, 23 words, and their number.

import { longMemo, shortMemo } from "./layout";
import { search } from "./search";

/** Bits of a slot's number in the short memo: 1 MiB. */
const SHORT_BITS: u64 = 17;
/** Bits of a slot's number in the long memo: 1 MiB. */
const LONG_BITS: u64 = 14;
/** Greatest lengths of pieces. */
const SHORT: usize = 15, LONG: u32 = 31;
/** Greatest numbers of tokens. */
const SHORT_TOKENS: u32 = 3, LONG_TOKENS: u32 = 23;

/** 16 bytes of ones, then 16 zeros: the mask of n bytes is at 16 − n. */
const MASKS: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16);

// @ts-ignore: decorator of AssemblyScript
@inline

function bytesOf(from: usize, count: usize): v128 {
  return v128.and(v128.load(from), v128.load(MASKS + 16 - count));
}

// @ts-ignore: decorator of AssemblyScript
@inline

function mix(key: v128): u64 {
  const mixed = v128.extract_lane<u64>(key, 0) * 0x9e3779b97f4a7c15 ^
    v128.extract_lane<u64>(key, 1) * 0xc2b2ae3d27d4eb4f;
  return (mixed ^ (mixed >> 29)) * 0xbf58476d1ce4e5b9;
}

/** Bytes of a piece in a batch: its key, its start and end, and its slot. */
export const PIECE_BYTES: usize = 32;

/**
 * Notes a piece of a batch, and begins to load its slot.
 *
 * @param piece Address of the note.
 * @param start Address of the piece's first byte; 32 bytes from there can be read.
 * @param end Address after its last byte.
 * @returns Some number of the slot, to be used lest the load is left out.
 */
// @ts-ignore: decorator of AssemblyScript
@inline

export function notePiece(piece: usize, start: usize, end: usize): u32 {
  const length = end - start;
  store<u32>(piece, start, 16);
  store<u32>(piece, end, 20);
  if (length > SHORT) return noteLong(piece, start, <u32> length);
  const key = i8x16.replace_lane(bytesOf(start, length), 15, <i8> length);
  const slot = shortMemo + (<usize> (mix(key) >> (64 - SHORT_BITS)) << 5);
  v128.store(piece, key);
  store<u32>(piece, slot, 24);
  return load<u32>(slot);
}

function noteLong(piece: usize, start: usize, length: u32): u32 {
  if (length > LONG) return 0;
  const slot = longSlot(v128.load(start), highOf(start, length));
  store<u32>(piece, slot, 24);
  return load<u32>(slot) | load<u32>(slot, 64);
}

/**
 * Writes the words of a noted piece's tokens, from the memo or by search.
 *
 * @param piece Address of the note.
 * @param out Address of the first word; 92 bytes from there can be written.
 * @param dead As in `search`.
 * @returns Number of tokens; 0 if the tables contradict each other.
 */
// @ts-ignore: decorator of AssemblyScript
@inline

export function encodePiece(piece: usize, out: usize, dead: usize): u32 {
  const slot = <usize> load<u32>(piece, 24);
  const start = <usize> load<u32>(piece, 16), end = <usize> load<u32>(piece, 20);
  if (end - start > SHORT) return encodeLong(start, end, out, dead, slot);
  if (v128.any_true(v128.xor(v128.load(slot), v128.load(piece)))) {
    return fillShort(start, end, out, dead, slot);
  }
  const known = v128.load(slot, 16);
  const count = i32x4.extract_lane(known, 3);
  if (count === 0) return encodeLong(start, end, out, dead, 0);
  v128.store(out, known);
  return count;
}

function fillShort(start: usize, end: usize, out: usize, dead: usize, slot: usize): u32 {
  const count = search(start, end, out, dead);
  const length = <u32> (end - start);
  v128.store(slot, i8x16.replace_lane(bytesOf(start, length), 15, <i8> length));
  if (count <= SHORT_TOKENS) {
    v128.store(slot, i32x4.replace_lane(v128.load(out), 3, count), 16);
  } else {
    store<u32>(slot, 0, 28);
    keepLong(start, length, out, count);
  }
  return count;
}

// @ts-ignore: decorator of AssemblyScript
@inline

function longSlot(low: v128, high: v128): usize {
  const hash = mix(low) ^ mix(high) * 0x9e3779b97f4a7c15;
  return longMemo + (<usize> (hash >> (64 - LONG_BITS)) << 7);
}

/** Bytes of a long piece after the first 16, with its length. */
// @ts-ignore: decorator of AssemblyScript
@inline

function highOf(start: usize, length: u32): v128 {
  return i8x16.replace_lane(bytesOf(start + 16, max(16, length) - 16), 15, <i8> length);
}

/** As `encodePiece`; `noted` is the slot in the long memo, or 0 if it was not noted. */
function encodeLong(start: usize, end: usize, out: usize, dead: usize, noted: usize): u32 {
  const length = <u32> (end - start);
  if (length > LONG) return search(start, end, out, dead);
  const low = bytesOf(start, min(16, length)), high = highOf(start, length);
  const slot = noted === 0 ? longSlot(low, high) : noted;
  const isOther = v128.or(v128.xor(v128.load(slot), low), v128.xor(v128.load(slot, 16), high));
  if (!v128.any_true(isOther)) {
    const count = load<u32>(slot, 124);
    for (let at: usize = 0; at < <usize> count << 2; at += 16) v128.store(out + at, v128.load(slot + at, 32));
    return count;
  }
  const count = search(start, end, out, dead);
  keepLong(start, length, out, count);
  return count;
}

function keepLong(start: usize, length: u32, out: usize, count: u32): void {
  if (count > LONG_TOKENS || count === 0) return;
  const low = bytesOf(start, min(16, length)), high = highOf(start, length);
  const slot = longSlot(low, high);
  v128.store(slot, low);
  v128.store(slot, high, 16);
  memory.copy(slot + 32, out, count << 2);
  store<u32>(slot, count, 124);
}
