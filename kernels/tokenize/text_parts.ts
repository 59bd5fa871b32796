/**
 * Split of a text at its special tokens.
 *
 * @module
 */

import { normalizeBytes, type NormalizedText, originalSpan } from "../text_normalize/model.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { specialParts } from "./special_strip.ts";
import type { SpecialToken, TextStep, Vocabulary } from "./vocabulary.ts";

/** Rules for splitting a text into parts. */
export interface TextSplitting {
  /** Special tokens recognised in the text. */
  readonly special: readonly SpecialToken[];
  /** Normalisation of the text between them. */
  readonly normalization: readonly TextStep[];
}

/** Special token of a text, or a stretch of text to tokenize. */
export type TextPart =
  | { readonly kind: "special"; readonly id: number; readonly from: number; readonly to: number }
  | {
    readonly kind: "text";
    /** Bytes to tokenize, after normalisation if the plan has any. */
    readonly bytes: Uint8Array;
    /** Offset of the stretch in the text, in bytes. */
    readonly from: number;
    /** Map from normalised bytes to the text; null without normalisation. */
    readonly normalized: NormalizedText | null;
  };

/**
 * Converts a text to well-formed UTF-8; malformed sequences become U+FFFD.
 *
 * @param text A string, or bytes.
 * @returns Well-formed bytes; the argument itself if its bytes are well-formed.
 * @throws {OnpathError} `dtype` if the value is not a text.
 */
export function wellFormed(text: string | Uint8Array): Uint8Array {
  if (typeof checkText(text) === "string") return encoder.encode(text as string);
  return wellFormedBytes(text as Uint8Array);
}

/**
 * Checks that a value from outside is a text.
 *
 * @throws {OnpathError} `dtype` if it is neither a string nor a Uint8Array.
 */
export function checkText(input: unknown): string | Uint8Array {
  if (typeof input === "string" || (input instanceof Uint8Array && !isDetached(input))) return input;
  const found = input instanceof Uint8Array ? "detached" : kindOf(input);
  throw new OnpathError(
    "dtype",
    `Cannot take a text that is ${found}: expected a string, or UTF-8 in a Uint8Array`,
    { found },
  );
}

/**
 * Checks that a text has whole characters, so that it can be cut off and continued.
 *
 * @param what Name of the text in messages, such as `prompt`.
 * @param text Any string.
 * @returns The text.
 * @throws {OnpathError} `file` if it has a lone surrogate; `dtype` if it is not a string.
 */
export function checkCharacters(what: string, text: string): string {
  if (typeof text !== "string") {
    throw new OnpathError("dtype", `Cannot take a ${what} that is ${kindOf(text)}: expected a string`, {
      found: kindOf(text),
    });
  }
  if (text.isWellFormed()) return text;
  const whole = text.toWellFormed();
  let at = 0;
  while (text.charCodeAt(at) === whole.charCodeAt(at)) at++;
  throw new OnpathError(
    "file",
    `Cannot take a ${what} with a lone surrogate at index ${at}: expected whole characters`,
    { at },
  );
}

/**
 * Returns the bytes of a text, which may be malformed UTF-8.
 *
 * @throws {OnpathError} `dtype` if the value is not a text.
 */
export function textBytes(text: string | Uint8Array): Uint8Array {
  return typeof checkText(text) === "string" ? encoder.encode(text as string) : text as Uint8Array;
}

/** Whether the buffer of a view was transferred: Node 20 has no `ArrayBuffer.prototype.detached`. */
function isDetached(view: Uint8Array): boolean {
  if (view.length > 0) return false;
  try {
    new Uint8Array(view.buffer);
    return false;
  } catch {
    return true;
  }
}

function wellFormedBytes(text: Uint8Array): Uint8Array {
  try {
    strict.decode(text);
    return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return encoder.encode(lenient.decode(text));
  }
}

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Splits a text at its special tokens and normalises the stretches between them.
 *
 * @param splitting Special tokens and normalisation.
 * @param text Well-formed UTF-8.
 * @returns The parts in order; a part of text has at least one byte.
 */
export function splitText({ special, normalization }: TextSplitting, text: Uint8Array): TextPart[] {
  const parts: TextPart[] = [];
  for (const { id, from, to } of specialParts(special, text)) {
    if (id !== null) {
      parts.push({ kind: "special", id, from, to });
      continue;
    }
    const bytes = text.subarray(from, to);
    const normalized = normalization.length === 0 ? null : normalizeBytes(bytes, normalization);
    const tokenized = normalized?.bytes ?? bytes;
    if (tokenized.length > 0) parts.push({ kind: "text", bytes: tokenized, from, normalized });
  }
  return parts;
}

/**
 * Maps a stretch of a part to the bytes of the text.
 *
 * @param part Part of text.
 * @param from Offset of its first byte in `part.bytes`.
 * @param to Exclusive end in `part.bytes`.
 * @returns Byte range in the text.
 */
export function placeInText(
  { from: base, normalized }: Extract<TextPart, { kind: "text" }>,
  from: number,
  to: number,
): readonly [from: number, to: number] {
  if (normalized === null) return [base + from, base + to];
  const [start, end] = originalSpan(normalized, from, to);
  return [base + start, base + end];
}

/** Computes, by id, the bytes of text that a token stands for; 0 for an unused id. */
export function tokenLengths({ bpe, idLimit, offsets }: Vocabulary): Int32Array {
  const lengths = new Int32Array(idLimit);
  if (bpe === null) { for (let id = 0; id < idLimit; id++) lengths[id] = offsets[id + 1]! - offsets[id]!; }
  else for (let token = 0; token < bpe.tokens; token++) lengths[bpe.ids[token]!] = bpe.lengths[token]!;
  return lengths;
}
