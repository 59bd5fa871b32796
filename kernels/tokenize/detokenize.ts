/**
 * Decoding of ids to bytes and text.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import { checkIds } from "./tokenizer/checks.ts";
import { requireVocabulary, type Vocabulary } from "./vocabulary.ts";

/** Streaming decoder of ids. */
export interface TokenDecoder {
  /** Returns the text of the next ids; bytes of an incomplete character are held back. */
  readonly write: (ids: ArrayLike<number>) => string;
  /** Returns the rest, with U+FFFD for an incomplete character, and resets the decoder. */
  readonly end: () => string;
}

/**
 * Decodes ids to bytes.
 *
 * @param vocabulary Vocabulary of the ids.
 * @param ids Token ids.
 * @returns Their bytes, not necessarily valid UTF-8.
 * @throws {OnpathError} `size` if an id is not in use.
 */
export function decodeBytes(vocabulary: Vocabulary, ids: ArrayLike<number>): Uint8Array {
  const join = joiner(vocabulary);
  checkIds(ids);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let i = 0; i < ids.length; i++) {
    const part = join(ids[i]!);
    parts.push(part);
    length += part.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Decodes ids to text; invalid UTF-8 becomes U+FFFD.
 *
 * @param vocabulary Vocabulary of the ids.
 * @param ids Token ids.
 * @returns The text.
 * @throws {OnpathError} `size` when an id is not in use.
 *
 * @example
 * ```ts
 * import { compileVocabulary, decodeText, readTiktoken } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const ranks = [...units, `${btoa("ab")} 256`].join("\n");
 * const vocabulary = await compileVocabulary(readTiktoken(ranks, "tiny", { pattern: "\\p{L}+|\\P{L}", special: {} }));
 * assert.equal(decodeText(vocabulary, [256, 99]), "abc");
 * ```
 */
export function decodeText(vocabulary: Vocabulary, ids: ArrayLike<number>): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(decodeBytes(vocabulary, ids));
}

/**
 * Creates a streaming decoder for the ids that a model generates. A character whose bytes span several tokens
 * is returned once it is complete.
 *
 * @param vocabulary Vocabulary of the ids.
 * @returns The decoder.
 *
 * @example
 * ```ts
 * import { compileVocabulary, readTiktoken, tokenDecoder } from "onpath";
 * import assert from "node:assert/strict";
 *
 * const units = Array.from({ length: 256 }, (_, byte) => `${btoa(String.fromCharCode(byte))} ${byte}`);
 * const ranks = [...units, `${btoa("ab")} 256`].join("\n");
 * const vocabulary = await compileVocabulary(readTiktoken(ranks, "tiny", { pattern: "\\p{L}+|\\P{L}", special: {} }));
 * const decoder = tokenDecoder(vocabulary);
 * assert.equal(decoder.write([0xc3]), "");
 * assert.equal(decoder.write([0xa9]), "é");
 * ```
 */
export function tokenDecoder(vocabulary: Vocabulary): TokenDecoder {
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
  let join = joiner(vocabulary);
  return {
    write(ids) {
      checkIds(ids);
      let text = "";
      for (let i = 0; i < ids.length; i++) text += utf8.decode(join(ids[i]!), { stream: true });
      return text;
    },
    end() {
      join = joiner(vocabulary);
      return utf8.decode();
    },
  };
}

/** Returns a function that maps each id of a text, in order, to its bytes. */
function joiner(vocabulary: Vocabulary): (id: number) => Uint8Array {
  const { decoding, bytes, offsets, idLimit, name } = requireVocabulary(vocabulary);
  const bytesOf = (id: number) => {
    const known = Number.isInteger(id) && id >= 0 && id < idLimit && offsets[id + 1]! > offsets[id]!;
    if (!known) {
      throw new OnpathError("size", `Cannot decode id ${id}: vocabulary "${name}" has no such token`, {
        id,
        name,
      });
    }
    return bytes.subarray(offsets[id]!, offsets[id + 1]!);
  };
  if (decoding.kind === "words") {
    const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder("utf-8", { ignoreBOM: true }) };
    let isFirst = true;
    return (id) => {
      const text = utf8.decoder.decode(bytesOf(id));
      const inside = !isFirst && text.startsWith(decoding.prefix);
      const word = isFirst ? text : inside ? text.slice(decoding.prefix.length) : ` ${text}`;
      isFirst = false;
      return utf8.encoder.encode(decoding.cleanUp ? cleanUp(word) : word);
    };
  }
  let spaces = decoding.leadingSpaces;
  return (id) => {
    const token = bytesOf(id);
    let from = 0;
    while (spaces > 0 && from < token.length && token[from] === 32) {
      from++;
      spaces--;
    }
    if (from < token.length) spaces = 0;
    return token.subarray(from);
  };
}

/** Replacements of Hugging Face's WordPiece decoder, in its order. */
const CLEANED: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

function cleanUp(word: string): string {
  let cleaned = word;
  for (const [from, to] of CLEANED) cleaned = cleaned.replaceAll(from, to);
  return cleaned;
}
