/**
 * The alphabet in which byte-level vocabularies write bytes: printable Latin-1 as itself, the other 68 bytes as the
 * characters from U+0100 on (GPT-2's `bytes_to_unicode`).
 *
 * @module
 */

/** By character: the byte it stands for. */
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
 * Reads a token of a byte-level vocabulary.
 *
 * @param token The token as the vocabulary writes it.
 * @returns Its bytes; null when it has a character that stands for no byte.
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
