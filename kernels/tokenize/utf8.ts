/**
 * Encoding and decoding of UTF-8, code point by code point.
 *
 * @module
 */

/**
 * Writes a code point.
 *
 * @param point Code point.
 * @param length Its length in UTF-8, 1 to 4 bytes.
 * @param bytes Destination.
 * @param at Offset of its first byte.
 */
export function writePoint(point: number, length: number, bytes: Uint8Array, at: number): void {
  if (length === 1) bytes[at] = point;
  else if (length === 2) {
    bytes[at] = 0xc0 | point >> 6;
    bytes[at + 1] = 0x80 | (point & 63);
  } else if (length === 3) {
    bytes[at] = 0xe0 | point >> 12;
    bytes[at + 1] = 0x80 | (point >> 6 & 63);
    bytes[at + 2] = 0x80 | (point & 63);
  } else {
    bytes[at] = 0xf0 | point >> 18;
    bytes[at + 1] = 0x80 | (point >> 12 & 63);
    bytes[at + 2] = 0x80 | (point >> 6 & 63);
    bytes[at + 3] = 0x80 | (point & 63);
  }
}

/**
 * Returns the length, in bytes, of the code point that begins with a byte of well-formed text.
 *
 * @param first Its first byte.
 */
export function pointLength(first: number): number {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/**
 * Reads a code point of well-formed text.
 *
 * @param text Buffer that holds the text.
 * @param at Offset of its first byte.
 * @param length Its length in bytes.
 */
export function readPoint(text: Uint8Array, at: number, length: number): number {
  const first = text[at]!;
  if (length === 1) return first;
  const second = text[at + 1]! & 63;
  if (length === 2) return (first & 31) << 6 | second;
  const third = text[at + 2]! & 63;
  if (length === 3) return (first & 15) << 12 | second << 6 | third;
  return (first & 7) << 18 | second << 12 | third << 6 | (text[at + 3]! & 63);
}

/**
 * Counts the code points of well-formed text.
 *
 * @param text Buffer that holds the text.
 * @param from Offset of its first byte.
 * @param to Exclusive end.
 */
export function countPoints(text: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) if ((text[at]! & 0xc0) !== 0x80) count++;
  return count;
}

/** Result of {@linkcode PointDecoder.take}: the code point is incomplete. */
export const POINT_GOES_ON: number = -1;
/**
 * Result of {@linkcode PointDecoder.take}: a malformed sequence ended before the byte, which must be passed
 * again.
 */
export const POINT_BROKEN: number = -2;
/** Result of {@linkcode PointDecoder.take}: the byte cannot begin a code point. */
export const POINT_WRONG: number = -3;

/** Decodes UTF-8 byte by byte, as WHATWG specifies: a malformed sequence is the longest valid prefix. */
export class PointDecoder {
  /** Bytes missing from the current code point; 0 at a boundary. */
  need = 0;
  // Bits of the current code point, and the limits of the next byte.
  #point = 0;
  #low = 0x80;
  #high = 0xbf;

  /** Discards an incomplete code point. */
  restart(): void {
    this.need = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  /**
   * Takes a byte.
   *
   * @param byte Next byte.
   * @returns The code point that ends with it, or one of the negative results above.
   */
  take(byte: number): number {
    if (this.need === 0) {
      if (byte < 0x80) return byte;
      if (byte < 0xc2 || byte > 0xf4) return POINT_WRONG;
      this.need = pointLength(byte) - 1;
      this.#point = byte & (byte < 0xe0 ? 31 : byte < 0xf0 ? 15 : 7);
      this.#low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
      this.#high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
      return POINT_GOES_ON;
    }
    if (byte < this.#low || byte > this.#high) {
      this.restart();
      return POINT_BROKEN;
    }
    this.#low = 0x80;
    this.#high = 0xbf;
    this.#point = this.#point << 6 | (byte & 63);
    return --this.need === 0 ? this.#point : POINT_GOES_ON;
  }
}
