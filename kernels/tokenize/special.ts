/**
 * Special tokens in a stream of bytes, matched before anything else: the longest one at the first place where
 * one begins. Bytes that may still become one are held back, at most as many as the longest has.
 *
 * @module
 */

import { OnpathError } from "../../serialize/errors.ts";
import type { SpecialToken, Vocabulary } from "./vocabulary.ts";

/** What a stream is split into. */
export interface SpecialSink {
  /** Takes bytes that are text. */
  readonly text: (bytes: Uint8Array, from: number, to: number) => void;
  /** Takes a special token, by its id and its length in bytes. */
  readonly special: (id: number, length: number) => void;
}

/** Splits a stream into text and special tokens. */
export class SpecialSplitter {
  readonly #tokens: readonly { readonly bytes: Uint8Array; readonly id: number }[];
  readonly #begins = new Uint8Array(256);
  readonly #sink: SpecialSink;
  #held: Uint8Array<ArrayBufferLike> = new Uint8Array(0);

  /**
   * Makes a splitter at the beginning of a text.
   *
   * @param tokens The tokens that are matched.
   * @param sink Where the parts go.
   */
  constructor(tokens: readonly SpecialToken[], sink: SpecialSink) {
    const encoder = new TextEncoder();
    this.#tokens = tokens.map(({ text, id }) => ({ bytes: encoder.encode(text), id }));
    for (const { bytes } of this.#tokens) this.#begins[bytes[0]!] = 1;
    this.#sink = sink;
  }

  /** Bytes that wait because they may become a special token. */
  get held(): number {
    return this.#held.length;
  }

  /**
   * Takes bytes.
   *
   * @param bytes Where they are.
   * @param from The first one.
   * @param to Behind the last one.
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

  /** Ends the text: what waits is decided. */
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
        this.#held = bytes.slice(at, to);
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

  /** The longest token at a place, null for none, or `WAIT` where more bytes may make one or a longer one. */
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
 * The special tokens that a caller allows.
 *
 * @param vocabulary The vocabulary.
 * @param allowed Their texts, all of them, or none.
 * @returns The tokens.
 * @throws {OnpathError} `pipeline` when the vocabulary has no such token.
 */
export function allowedTokens(
  vocabulary: Vocabulary,
  allowed: "all" | "none" | readonly string[],
): readonly SpecialToken[] {
  if (allowed === "all") return vocabulary.special;
  if (allowed === "none") return [];
  return allowed.map((text) => {
    const token = vocabulary.special.find((each) => each.text === text);
    if (token !== undefined) return token;
    throw new OnpathError(
      "pipeline",
      `Cannot allow special token ${JSON.stringify(text)}: ${vocabulary.name} has none of this text`,
      { text, known: vocabulary.special.slice(0, 16).map((each) => each.text) },
    );
  });
}
