/**
 * UTF-8, code point by code point.
 *
 * @module
 */

/**
 * Writes a code point.
 *
 * @param point The code point; its length in UTF-8 is known.
 * @param length 1 to 4 bytes.
 * @param bytes Where to.
 * @param at The first byte's place.
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
 * Bytes of the code point that begins with a byte of well-formed text.
 *
 * @param first The byte.
 */
export function pointLength(first: number): number {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/**
 * Reads a code point of well-formed text.
 *
 * @param text Where from.
 * @param at Its first byte.
 * @param length Its bytes.
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

/** {@linkcode PointDecoder.take}: the code point goes on. */
export const POINT_GOES_ON: number = -1;
/** {@linkcode PointDecoder.take}: a malformed sequence has ended before the byte, which has to be taken again. */
export const POINT_BROKEN: number = -2;
/** {@linkcode PointDecoder.take}: the byte itself begins nothing. */
export const POINT_WRONG: number = -3;

/** Decodes UTF-8 byte by byte, as WHATWG does: a malformed sequence is as long as it could have gone on. */
export class PointDecoder {
  /** Bytes that the code point still wants; 0 between two. */
  need = 0;
  // The code point so far, and the limits of the next byte.
  #point = 0;
  #low = 0x80;
  #high = 0xbf;

  /** What has begun is forgotten. */
  restart(): void {
    this.need = 0;
    this.#low = 0x80;
    this.#high = 0xbf;
  }

  /**
   * Takes a byte.
   *
   * @param byte The byte.
   * @returns The code point that ends with it, or one of the numbers below zero.
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
