/**
 * The alphabet of byte-level vocabularies: printable Latin-1 stands for itself, the other 68 bytes for the
 * characters from U+0100 (GPT-2's `bytes_to_unicode`).
 *
 * @module
 */

/** By character: its byte. */
const BYTE_OF: ReadonlyMap<string, number> = makeAlphabet();

function makeAlphabet(): Map<string, number> {
  const alphabet = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    alphabet.set(String.fromCharCode(printable ? byte : next++), byte);
  }
  return alphabet;
}

/**
 * Decodes a token of a byte-level vocabulary.
 *
 * @param token Token in the vocabulary's alphabet.
 * @returns Its bytes; null if a character stands for no byte.
 *
 * @example
 * ```ts
 * import { fromByteLevel } from "./byte_level.ts";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual([...fromByteLevel("Ġa")!], [32, 97]);
 * assert.equal(fromByteLevel("a b"), null);
 * ```
 */
export function fromByteLevel(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF.get(token[i]!);
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}
