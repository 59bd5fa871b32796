/**
 * Tokens of a text in the order of their places, in arrays that grow.
 *
 * @module
 */

/** Tokens of a text. */
export class TokenRun {
  /** Ids, times 2, plus 1 where a piece ends with the token. */
  tokens: Int32Array<ArrayBuffer>;
  /** Where each ends, in bytes of the text. */
  ends: Uint32Array<ArrayBuffer>;
  /** Bytes of the text that each stands for; between tokens text may be left out. */
  lengths: Int32Array<ArrayBuffer>;
  /** How many there are. */
  count = 0;

  /**
   * Makes an empty run.
   *
   * @param room Tokens that it has room for before it grows.
   */
  constructor(room = 256) {
    this.tokens = new Int32Array(room);
    this.ends = new Uint32Array(room);
    this.lengths = new Int32Array(room);
  }

  /**
   * Makes room.
   *
   * @param more Tokens that are to come.
   */
  reserve(more: number): void {
    const wanted = this.count + more;
    if (wanted <= this.tokens.length) return;
    const room = Math.max(wanted, 2 * this.tokens.length);
    const tokens = new Int32Array(room), ends = new Uint32Array(room), lengths = new Int32Array(room);
    tokens.set(this.tokens);
    ends.set(this.ends);
    lengths.set(this.lengths);
    [this.tokens, this.ends, this.lengths] = [tokens, ends, lengths];
  }

  /**
   * Appends a token.
   *
   * @param token Its id, times 2, plus 1 where a piece ends with it.
   * @param length Bytes that it stands for.
   * @param end Where it ends.
   */
  put(token: number, length: number, end: number): void {
    this.reserve(1);
    this.tokens[this.count] = token;
    this.lengths[this.count] = length;
    this.ends[this.count++] = end;
  }

  /**
   * Appends tokens of another run.
   *
   * @param other The run.
   * @param from The first token.
   * @param to Behind the last one.
   * @param shift Bytes that their places move by.
   */
  append(other: TokenRun, from = 0, to: number = other.count, shift = 0): void {
    if (to <= from) return;
    this.reserve(to - from);
    this.tokens.set(other.tokens.subarray(from, to), this.count);
    this.lengths.set(other.lengths.subarray(from, to), this.count);
    if (shift === 0) this.ends.set(other.ends.subarray(from, to), this.count);
    else for (let n = from; n < to; n++) this.ends[this.count + n - from] = other.ends[n]! + shift;
    this.count += to - from;
  }

  /** Number of tokens up to the last end of a piece. */
  confirmed(): number {
    let count = this.count;
    while (count > 0 && (this.tokens[count - 1]! & 1) === 0) count--;
    return count;
  }

  /**
   * Ids of some tokens.
   *
   * @param from The first token.
   * @param to Behind the last one.
   */
  ids(from = 0, to: number = this.count): Uint32Array<ArrayBuffer> {
    const ids = new Uint32Array(to - from);
    for (let n = from; n < to; n++) ids[n - from] = this.tokens[n]! >> 1;
    return ids;
  }
}
