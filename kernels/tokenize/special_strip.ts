/**
 * Special tokens that take the white space beside them (`lstrip` and `rstrip` of a tokenizer.json), such as
 * `<mask>` of RoBERTa and XLM-R.
 *
 * White space before such a token is held back until it is clear what follows. The token takes what no token
 * before it has taken.
 *
 * @module
 */

import { type SpecialSink, SpecialSplitter } from "./special.ts";
import type { SpecialToken } from "./vocabulary.ts";

/** Splitter of a stream into text and special tokens. */
export type TokenSplitter = Pick<SpecialSplitter, "take" | "end">;

/**
 * Creates a splitter at the beginning of a text.
 *
 * @param tokens Special tokens to match.
 * @param sink Consumer of the parts.
 * @returns The splitter; null without tokens.
 */
export function createSplitter(tokens: readonly SpecialToken[], sink: SpecialSink): TokenSplitter | null {
  if (tokens.length === 0) return null;
  if (tokens.every(({ strip }) => strip === undefined)) return new SpecialSplitter(tokens, sink);
  const stripping = new StrippingSink(tokens, sink);
  const inner = new SpecialSplitter(tokens, stripping);
  return {
    take: (bytes, from, to) => inner.take(bytes, from, to),
    end: () => {
      inner.end();
      stripping.end();
    },
  };
}

/**
 * Length of the white space (White_Space) at an offset.
 *
 * @returns Bytes of one code point; 0 for another byte; −1 if the bytes end within what may be white space.
 */
function whiteLength(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first === 32 || (first >= 9 && first <= 13) ? 1 : 0;
  if (first !== 0xc2 && (first < 0xe1 || first > 0xe3)) return 0;
  if (at + 1 >= to) return -1;
  const second = bytes[at + 1]!;
  if (first === 0xc2) return second === 0x85 || second === 0xa0 ? 2 : 0;
  const isOpen = first === 0xe1 && second === 0x9a ||
    first === 0xe2 && (second === 0x80 || second === 0x81) ||
    first === 0xe3 && second === 0x80;
  if (!isOpen) return 0;
  if (at + 2 >= to) return -1;
  const third = bytes[at + 2]!;
  if (first !== 0xe2) return third === 0x80 ? 3 : 0;
  if (second === 0x81) return third === 0x9f ? 3 : 0;
  return third >= 0x80 && third <= 0x8a || third === 0xa8 || third === 0xa9 || third === 0xaf ? 3 : 0;
}

/** Takes the parts of a splitter, and moves white space from texts to tokens. */
class StrippingSink implements SpecialSink {
  readonly #sink: SpecialSink;
  readonly #strips: ReadonlyMap<number, SpecialToken["strip"]>;
  readonly #holds: boolean;
  // White space at the end of the text so far, and bytes that may be the beginning of more.
  #white: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  #length = 0;
  #open = 0;
  // A token that takes the white space after it.
  #token: { readonly id: number; length: number } | null = null;

  constructor(tokens: readonly SpecialToken[], sink: SpecialSink) {
    this.#sink = sink;
    this.#strips = new Map(tokens.map(({ id, strip }) => [id, strip]));
    this.#holds = tokens.some(({ strip }) => strip === "left" || strip === "both");
  }

  readonly text = (bytes: Uint8Array, from: number, to: number): void => {
    if (this.#open > 0) {
      const joined = new Uint8Array(this.#open + to - from);
      joined.set(this.#white.subarray(this.#length - this.#open, this.#length));
      joined.set(bytes.subarray(from, to), this.#open);
      this.#length -= this.#open;
      this.#open = 0;
      return this.text(joined, 0, joined.length);
    }
    let at = from;
    if (this.#token !== null) {
      const first = at;
      let white = 1;
      while (at < to && (white = whiteLength(bytes, at, to)) > 0) at += white;
      this.#token.length += at - first;
      if (at === to) return;
      if (white < 0) return this.#hold(bytes, at, to, to - at);
      this.#endToken();
    }
    if (!this.#holds) return this.#sink.text(bytes, at, to);
    let solid = at;
    for (let place = at; place < to;) {
      const white = whiteLength(bytes, place, to);
      if (white < 0) {
        this.#put(bytes, at, solid);
        return this.#hold(bytes, solid, to, to - place);
      }
      place += Math.max(1, white);
      if (white === 0) solid = place;
    }
    this.#put(bytes, at, solid);
    this.#hold(bytes, solid, to, 0);
  };

  readonly special = (id: number, length: number): void => {
    this.#endToken();
    const strip = this.#strips.get(id);
    let white = 0;
    // Bytes that began a code point of white space and do not end it are no white space, nor is what precedes.
    if ((strip === "left" || strip === "both") && this.#open === 0) {
      white = this.#length;
      this.#length = 0;
    } else this.#flush();
    if (strip === "right" || strip === "both") this.#token = { id, length: white + length };
    else this.#sink.special(id, white + length);
  };

  /** Ends the text. */
  end(): void {
    this.#endToken();
    this.#flush();
  }

  #endToken(): void {
    if (this.#token === null) return;
    this.#sink.special(this.#token.id, this.#token.length);
    this.#token = null;
  }

  /** Passes text on, after the white space that was held back before it. */
  #put(bytes: Uint8Array, from: number, to: number): void {
    if (to === from) return;
    this.#flush();
    this.#sink.text(bytes, from, to);
  }

  #flush(): void {
    if (this.#length > 0) this.#sink.text(this.#white, 0, this.#length);
    this.#length = this.#open = 0;
  }

  #hold(bytes: Uint8Array, from: number, to: number, open: number): void {
    const length = this.#length + to - from;
    if (length > this.#white.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#white.subarray(0, this.#length));
      this.#white = grown;
    }
    this.#white.set(bytes.subarray(from, to), this.#length);
    this.#length = length;
    this.#open = open;
  }
}
