/**
 * Cuts of a text that depend on what stands there and not on where it stands, so that a passage that two texts
 * share is cut the same in both, but for its ends.
 *
 * A text is cut where a rolling hash of the last 32 bytes says so, of the places where a cut changes nothing
 * ({@linkcode vocabularyCuts}): what lies between two cuts has the same tokens wherever it stands. The hash is a gear
 * hash, h ← 2h + G[byte] modulo 2^32 (Xia and others, FastCDC, USENIX ATC 2016).
 *
 * @module
 */

import type { CutRule } from "./cuts.ts";
import { pointLength, readPoint } from "./utf8.ts";

/** How long chunks are. */
export const CONTENT_CHUNK = {
  /** Bytes of a chunk at least, but for a text's last. */
  least: 128,
  /** From here on a chunk ends at the first place where it may. */
  long: 2048,
  /** A longer one is not remembered: its text has no place where it may end. */
  most: 32768,
} as const;

/** Bytes that the rolling hash still has. */
const ROLLED = 32;
/** One of so many places where a chunk may end is taken. */
const ONE_OF = 64;
const MASK = (ONE_OF - 1) << 26;

/** Numbers that look random, one a byte (splitmix32). */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => {
  let mixed = Math.imul(byte + 1, 0x9e3779b9);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
});

/** A chunk that was found. One object is used for all. */
export interface ContentChunk {
  /** Behind its last byte. */
  end: number;
  /** A hash of its bytes, 32 bits. */
  hash: number;
}

/** Finds the end of one chunk after another. */
export type NextChunk = (text: Uint8Array, from: number, to: number) => ContentChunk;

/**
 * Makes what finds chunks.
 *
 * @param rule Where cuts change nothing.
 * @returns A function from a text and a chunk's first byte to the chunk; it gives the same object again and again.
 */
export function contentCutter({ classes, certain, blockOf, classOf }: CutRule): NextChunk {
  const ascii = Uint8Array.from({ length: 128 }, (_, point) => classOf[blockOf[0]! * 256 + point]!);
  const chunk: ContentChunk = { end: 0, hash: 0 };
  const { least, long } = CONTENT_CHUNK;
  return (text, from, to) => {
    let hash = 0x811c9dc5, rolling = 0, at = from;
    // No chunk ends here: only what hashes see of it counts.
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
    // The row of the class before: the class times their number.
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

/** The class of the code point that ends before a place. */
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
