/**
 * Special tokens in a stream of bytes, matched before anything else: the longest one at the first offset
 * where one begins. Bytes that may still become one are held back, at most the length of the longest.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";
import { named } from "../../serialize/excerpt.ts";
import type { SpecialToken, Vocabulary } from "./vocabulary.ts";

/** Consumer of the parts of a stream. */
export interface SpecialSink {
  /** Receives bytes that are text, from offset `from` to the exclusive end `to`. */
  readonly text: (bytes: Uint8Array, from: number, to: number) => void;
  /** Receives a special token: its id, and its length in bytes. */
  readonly special: (id: number, length: number) => void;
}

/** Splits a stream into text and special tokens. */
export class SpecialSplitter {
  readonly #tokens: readonly { readonly bytes: Uint8Array; readonly id: number }[];
  readonly #begins = new Uint8Array(256);
  readonly #sink: SpecialSink;
  #held: Uint8Array<ArrayBufferLike> = new Uint8Array(0);

  /**
   * Creates a splitter at the beginning of a text.
   *
   * @param tokens Special tokens to match.
   * @param sink Consumer of the parts.
   */
  constructor(tokens: readonly SpecialToken[], sink: SpecialSink) {
    const encoder = new TextEncoder();
    this.#tokens = tokens.map(({ text, id }) => ({ bytes: encoder.encode(text), id }));
    for (const { bytes } of this.#tokens) this.#begins[bytes[0]!] = 1;
    this.#sink = sink;
  }

  /** Bytes held back, because they may become a special token. */
  get held(): number {
    return this.#held.length;
  }

  /**
   * Takes bytes of the stream.
   *
   * @param bytes Buffer that holds the bytes.
   * @param from Offset of the first byte.
   * @param to Exclusive end of the bytes.
   */
  take(bytes: Uint8Array, from: number, to: number): void {
    if (this.#held.length > 0) {
      const joined = new Uint8Array(this.#held.length + to - from);
      joined.set(this.#held);
      joined.set(bytes.subarray(from, to), this.#held.length);
      this.#held = EMPTY;
      return this.#scan(joined, 0, joined.length, false);
    }
    this.#scan(bytes, from, to, false);
  }

  /** Ends the text: bytes held back are passed on. */
  end(): void {
    const held = this.#held;
    this.#held = EMPTY;
    this.#scan(held, 0, held.length, true);
  }

  #scan(bytes: Uint8Array, from: number, to: number, ends: boolean): void {
    const begins = this.#begins;
    let text = from;
    for (let at = from; at < to;) {
      if (begins[bytes[at]!] === 0) {
        at++;
        continue;
      }
      const token = this.#match(bytes, at, to, ends);
      if (token === WAIT) {
        if (at > text) this.#sink.text(bytes, text, at);
        // Not slice(), which is a view of a Buffer: callers may reuse theirs.
        this.#held = new Uint8Array(bytes.subarray(at, to));
        return;
      }
      if (token === null) {
        at++;
        continue;
      }
      if (at > text) this.#sink.text(bytes, text, at);
      this.#sink.special(token.id, token.bytes.length);
      text = at += token.bytes.length;
    }
    if (to > text) this.#sink.text(bytes, text, to);
  }

  /**
   * Finds the longest token at an offset; null for no token, `WAIT` if more bytes may complete one or a
   * longer one.
   */
  #match(bytes: Uint8Array, at: number, to: number, ends: boolean) {
    let found: { readonly bytes: Uint8Array; readonly id: number } | null = null;
    for (const token of this.#tokens) {
      let same = 0;
      while (same < token.bytes.length && at + same < to && bytes[at + same] === token.bytes[same]) same++;
      if (same === token.bytes.length) {
        if (found === null || same > found.bytes.length) found = token;
      } else if (at + same === to && !ends) return WAIT;
    }
    return found;
  }
}

const EMPTY = new Uint8Array(0);
const WAIT = { bytes: EMPTY, id: -1 };

/**
 * Looks up the special tokens that a caller allows.
 *
 * @param vocabulary Vocabulary of the tokens.
 * @param allowed Texts of the tokens, `all`, or `none`.
 * @returns The tokens.
 * @throws {OnpathError} `pipeline` if the vocabulary has no such token.
 */
export function allowedTokens(
  vocabulary: Vocabulary,
  allowed: "all" | "none" | readonly string[],
): readonly SpecialToken[] {
  if (allowed === "all") return vocabulary.special;
  if (allowed === "none") return [];
  if (!Array.isArray(allowed)) {
    throw new OnpathError(
      "size",
      `Cannot allow special tokens that are ${kindOf(allowed)}: expected "all", "none" or an array of texts`,
      { found: kindOf(allowed) },
    );
  }
  return allowed.map((text) => {
    const token = vocabulary.special.find((each) => each.text === text);
    if (token !== undefined) return token;
    throw new OnpathError(
      "pipeline",
      `Cannot allow special token ${named(text)}: ${vocabulary.name} has no such token`,
      { text: named(text), known: vocabulary.special.slice(0, 16).map((each) => each.text) },
    );
  });
}
