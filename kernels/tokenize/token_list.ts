/**
 * Tokens in the order in which they leave, in arrays that are used again.
 *
 * @module
 */

/** Tokens that have left; the caller empties it by setting `count` to 0. */
export class TokenList {
  /** Ids, times 2, plus 1 where a piece ends with the token. */
  tokens: Int32Array = new Int32Array(2048);
  /** Bytes of decoded text of each. */
  lengths: Int32Array = new Int32Array(2048);
  /** Bytes of text without a token before each. */
  gaps: Int32Array = new Int32Array(2048);
  /** How many there are. */
  count = 0;

  /**
   * Appends a token.
   *
   * @param id Its id.
   * @param length Bytes of text that it stands for.
   * @param ends 1 where a piece ends with it, else 0.
   * @param gap Bytes of text without a token before it.
   */
  put(id: number, length: number, ends: number, gap: number): void {
    this.reserve(1);
    this.tokens[this.count] = id * 2 + ends;
    this.lengths[this.count] = length;
    this.gaps[this.count++] = gap;
  }

  /**
   * Makes room.
   *
   * @param more Tokens that are to come.
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
