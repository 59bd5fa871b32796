/**
 * Growable list of emitted tokens, in reused arrays.
 *
 * @module
 */

/** Emitted tokens in order; the caller empties it by setting `count` to 0. */
export class TokenList {
  /** By token: its id times 2, plus 1 if a piece ends with it. */
  tokens: Int32Array = new Int32Array(2048);
  /** By token: its length, in bytes of decoded text. */
  lengths: Int32Array = new Int32Array(2048);
  /** By token: bytes of text without a token before it. */
  gaps: Int32Array = new Int32Array(2048);
  /** Number of tokens. */
  count = 0;

  /**
   * Appends a token.
   *
   * @param id Id in the vocabulary.
   * @param length Bytes of text that it stands for.
   * @param ends 1 if a piece ends with it, else 0.
   * @param gap Bytes of text without a token before it.
   */
  put(id: number, length: number, ends: number, gap: number): void {
    this.reserve(1);
    this.tokens[this.count] = id * 2 + ends;
    this.lengths[this.count] = length;
    this.gaps[this.count++] = gap;
  }

  /**
   * Reserves capacity for more tokens.
   *
   * @param more Number of tokens to reserve.
   */
  reserve(more: number): void {
    if (this.count + more <= this.tokens.length) return;
    const grow = (old: Int32Array) => {
      const grown = new Int32Array(2 * (this.count + more));
      grown.set(old);
      return grown;
    };
    this.tokens = grow(this.tokens);
    this.lengths = grow(this.lengths);
    this.gaps = grow(this.gaps);
  }
}
