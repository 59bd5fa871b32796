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
    // At least one class before: the row of the class that came last, times the number of classes.
    let row = 0, rolling = 0, hash = 0x811c9dc5, at = from;
    while (at < to) {
      let byte = text[at]!, length = 1, kind: number;
      if (byte < 0x80) kind = ascii[byte]!;
      else {
        length = pointLength(byte);
        const point = readPoint(text, at, length);
        kind = classOf[blockOf[point >> 8]! * 256 + (point & 255)]!;
      }
      const size = at - from;
      if (size >= least && certain[row + kind] === 1 && ((rolling & MASK) === 0 || size >= long)) break;
      row = kind * classes;
      for (;;) {
        rolling = (rolling << 1) + GEAR[byte]! | 0;
        hash = Math.imul(hash ^ byte, 0x01000193);
        at++;
        if (--length === 0 || at === to) break;
        byte = text[at]!;
      }
    }
    chunk.end = at;
    chunk.hash = hash >>> 0;
    return chunk;
  };
}
