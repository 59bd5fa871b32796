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
