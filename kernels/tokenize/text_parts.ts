/**
 * A text between its special tokens.
 *
 * @module
 */

import { normalizeBytes, type NormalizedText, originalSpan } from "../text_normalize/model.ts";
import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { SpecialSplitter } from "./special.ts";
import type { SpecialToken, TextStep, Vocabulary } from "./vocabulary.ts";

/** How a text becomes parts. */
export interface TextSplitting {
  /** Special tokens that stand for themselves. */
  readonly special: readonly SpecialToken[];
  /** What happens to what stands between them. */
  readonly normalization: readonly TextStep[];
}

/** A special token that stands in a text, or a stretch of text as it is tokenized. */
export type TextPart =
  | { readonly kind: "special"; readonly id: number; readonly from: number; readonly to: number }
  | {
    readonly kind: "text";
    /** What is tokenized, normalised where the plan says so. */
    readonly bytes: Uint8Array;
    /** Where it begins in the text. */
    readonly from: number;
    /** Where its bytes come from, where it was normalised. */
    readonly normalized: NormalizedText | null;
  };

/**
 * Well-formed UTF-8 of a text: what is none becomes U+FFFD.
 *
 * @param text A string, or bytes.
 * @returns Its bytes; the caller's own where they are well-formed.
 * @throws {OnpathError} `dtype` if it is no text.
 */
export function wellFormed(text: string | Uint8Array): Uint8Array {
  if (typeof checkText(text) === "string") return encoder.encode(text as string);
  return wellFormedBytes(text as Uint8Array);
}

/**
 * Refuses what is no text.
 *
 * @throws {OnpathError} `dtype`
 */
export function checkText(input: unknown): string | Uint8Array {
  if (typeof input === "string" || input instanceof Uint8Array) return input;
  const found = kindOf(input);
  throw new OnpathError(
    "dtype",
    `Cannot take a text that is ${found}: expected a string, or UTF-8 in a Uint8Array`,
    { found },
  );
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
 * Splits a text at its special tokens and normalises what stands between them.
 *
 * @param splitting How.
 * @param text Well-formed UTF-8.
 * @returns The parts in order; those of text have a byte at least.
 */
export function splitText({ special, normalization }: TextSplitting, text: Uint8Array): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  const put = (from: number, to: number) => {
    const bytes = text.subarray(from, to);
    const normalized = normalization.length === 0 ? null : normalizeBytes(bytes, normalization);
    const tokenized = normalized?.bytes ?? bytes;
    if (tokenized.length > 0) parts.push({ kind: "text", bytes: tokenized, from, normalized });
  };
  if (special.length === 0) {
    if (text.length > 0) put(0, text.length);
    return parts;
  }
  // What is held back comes in a piece of its own, so a stretch of text is known by where it ends.
  let begun = 0;
  const splitter = new SpecialSplitter(special, {
    text: (_, from, to) => {
      at += to - from;
    },
    special: (id, length) => {
      if (at > begun) put(begun, at);
      parts.push({ kind: "special", id, from: at, to: at + length });
      begun = at += length;
    },
  });
  splitter.take(text, 0, text.length);
  splitter.end();
  if (at > begun) put(begun, at);
  return parts;
}

/**
 * Where a stretch of a part lies in the text.
 *
 * @param part The part.
 * @param from Its first byte in what is tokenized.
 * @param to Behind the last one.
 * @returns The bytes of the text.
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

/** By id: bytes of text that a token stands for, as texts are tokenized; 0 where there is no such id. */
export function tokenLengths({ bpe, idLimit, offsets }: Vocabulary): Int32Array {
  const lengths = new Int32Array(idLimit);
  if (bpe === null) { for (let id = 0; id < idLimit; id++) lengths[id] = offsets[id + 1]! - offsets[id]!; }
  else for (let token = 0; token < bpe.tokens; token++) lengths[bpe.ids[token]!] = bpe.lengths[token]!;
  return lengths;
}
