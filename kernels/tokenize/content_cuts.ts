/**
 * Cuts of a text that depend on its content, not on offsets: a passage shared by two texts is cut alike in
 * both, except at its ends.
 *
 * Candidates are the positions where a cut leaves all tokens unchanged ({@linkcode vocabularyCuts}). A
 * rolling hash of the last 32 bytes selects among them. So the text between two cuts has the same tokens in
 * every context. The rolling hash is a gear hash, h ← 2h + G[byte] modulo 2^32 (Xia and others, FastCDC,
 * USENIX ATC 2016).
 *
 * @module
 */

import type { CutRule } from "./cuts.ts";
import { pointLength, readPoint } from "./utf8.ts";

/** Limits of a chunk's length, in bytes. */
export const CONTENT_CHUNK = {
  /** Minimum length, except for a text's last chunk. */
  least: 128,
  /** Length from which the chunk ends at the next possible cut. */
  long: 2048,
  /** Maximum length in the cache; a longer chunk has no possible cut and is not cached. */
  most: 32768,
} as const;

/** Window of the rolling hash, in bytes. */
const ROLLED = 32;
/** Average number of possible cuts for each one taken; a power of two. */
const ONE_OF = 64;
const MASK = (ONE_OF - 1) << 26;

/** Pseudo-random 32-bit number of each byte (splitmix32). */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => {
  let mixed = Math.imul(byte + 1, 0x9e3779b9);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
});

/** Result of {@linkcode NextChunk}; one object is reused for all results. */
export interface ContentChunk {
  /** Exclusive end of the chunk. */
  end: number;
  /** Hash of the chunk's bytes, 32 bits. */
  hash: number;
}

/** Finds the end of the chunk that begins at `from`, in a text that ends at `to`. */
export type NextChunk = (text: Uint8Array, from: number, to: number) => ContentChunk;

/**
 * Creates a function that finds chunks.
 *
 * @param rule Positions where a cut leaves all tokens unchanged.
 * @returns Function from a text and a chunk's first byte to the chunk; it returns the same object every time.
 */
export function contentCutter({ classes, certain, blockOf, classOf }: CutRule): NextChunk {
  const ascii = Uint8Array.from({ length: 128 }, (_, point) => classOf[blockOf[0]! * 256 + point]!);
  const chunk: ContentChunk = { end: 0, hash: 0 };
  const { least, long } = CONTENT_CHUNK;
  return (text, from, to) => {
    let hash = 0x811c9dc5, rolling = 0, at = from;
    // Below the minimum length no chunk ends, so only the hashes are updated.
    const first = Math.min(to, from + least);
    const seen = Math.max(from, first - ROLLED);
    for (; at < seen; at++) hash = Math.imul(hash ^ text[at]!, 0x01000193);
    for (; at < first; at++) {
      hash = Math.imul(hash ^ text[at]!, 0x01000193);
      rolling = (rolling << 1) + GEAR[text[at]!]! | 0;
    }
    for (; at < to && (text[at]! & 0xc0) === 0x80; at++) {
      hash = Math.imul(hash ^ text[at]!, 0x01000193);
      rolling = (rolling << 1) + GEAR[text[at]!]! | 0;
    }
    // Row of the preceding class: its index times the number of classes.
    let row = at < to ? classes * classBefore(text, at, blockOf, classOf) : 0;
    while (at < to) {
      let byte = text[at]!;
      if (byte < 0x80) {
        const kind = ascii[byte]!;
        if (certain[row + kind] === 1 && ((rolling & MASK) === 0 || at - from >= long)) break;
        row = kind * classes;
        hash = Math.imul(hash ^ byte, 0x01000193);
        rolling = (rolling << 1) + GEAR[byte]! | 0;
        at++;
        continue;
      }
      const length = pointLength(byte);
      const point = readPoint(text, at, length);
      const kind = classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
      if (certain[row + kind] === 1 && ((rolling & MASK) === 0 || at - from >= long)) break;
      row = kind * classes;
      for (const end = Math.min(to, at + length); at < end; at++) {
        byte = text[at]!;
        hash = Math.imul(hash ^ byte, 0x01000193);
        rolling = (rolling << 1) + GEAR[byte]! | 0;
      }
    }
    chunk.end = at;
    chunk.hash = hash >>> 0;
    return chunk;
  };
}

/** Class of the code point that ends before offset `at`. */
function classBefore(
  text: Uint8Array,
  at: number,
  blockOf: CutRule["blockOf"],
  classOf: CutRule["classOf"],
): number {
  let start = at - 1;
  while ((text[start]! & 0xc0) === 0x80) start--;
  const point = readPoint(text, start, at - start);
  return classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
}
